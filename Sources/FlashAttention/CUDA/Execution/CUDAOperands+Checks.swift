import CUDADriver

extension CUDAAttentionPlan {
  /// Checks operands against the plan. Nothing here allocates unless something does not fit.
  ///
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` that names the operand.
  func check(_ operands: CUDAOperands) throws(AttentionError) {
    try checkPresence(operands)
    try checkStrides(operands)
    let found = CUDARowLayout(operands, descriptor.shape)
    guard layout.serves(found, withMaps: usesWarpgroups) else {
      throw .invalidArgument(
        "operands", was: found.mapRefusal?.description ?? "rows at multiples of \(found.access.rawValue) bytes",
        expected: "rows at multiples of \(layout.access.rawValue) bytes, for which the plan was made")
    }
  }

  private func checkPresence(_ operands: CUDAOperands) throws(AttentionError) {
    let shape = descriptor.shape
    func require(_ name: String, _ pointer: DevicePointer, _ axes: Axes) throws(AttentionError) {
      guard pointer.rawValue != 0 || axes.batch == 0 || axes.heads == 0 || axes.rows == 0 || axes.columns == 0 else {
        throw .invalidArgument(name, was: "a null pointer", expected: "a device pointer")
      }
    }
    try require("queries", operands.queries.pointer, shape.queryAxes)
    try require("keys", operands.keys.pointer, shape.keyAxes)
    try require("values", operands.values.pointer, shape.valueAxes)
    try require("output", operands.output.pointer, shape.outputAxes)
    try require("logSumExp", operands.logSumExp, shape.outputAxes)
    guard operands.logSumExp.rawValue % 4 == 0 else {
      throw .invalidArgument("logSumExp", was: "\(operands.logSumExp)", expected: "a multiple of 4")
    }
    guard (operands.booleanMask != nil) == descriptor.hasBooleanMask else {
      throw .invalidArgument(
        "booleanMask", was: operands.booleanMask == nil ? "nil" : "a mask",
        expected: "\(descriptor.hasBooleanMask ? "a mask" : "nil"), for which the plan was made")
    }
    guard (operands.bias != nil) == (descriptor.biasType != nil) else {
      throw .invalidArgument(
        "bias", was: operands.bias == nil ? "nil" : "a bias",
        expected: "\(descriptor.biasType == nil ? "nil" : "a bias"), for which the plan was made")
    }
    if let mask = operands.booleanMask { try require("booleanMask", mask.pointer, shape.scoreAxes) }
    if let bias = operands.bias, let type = descriptor.biasType {
      try require("bias", bias.pointer, shape.scoreAxes)
      try checkAlignment("bias", bias.pointer, type.byteCount)
    }
    try checkAlignment("queries", operands.queries.pointer, 2)
    try checkAlignment("keys", operands.keys.pointer, 2)
    try checkAlignment("values", operands.values.pointer, 2)
    try checkAlignment("output", operands.output.pointer, 2)
  }

  private func checkAlignment(_ name: String, _ pointer: DevicePointer, _ size: Int) throws(AttentionError) {
    guard pointer.rawValue % UInt64(size) == 0 else {
      throw .invalidArgument(name, was: "\(pointer)", expected: "a multiple of the element's \(size) bytes")
    }
  }

  private func checkStrides(_ operands: CUDAOperands) throws(AttentionError) {
    let shape = descriptor.shape
    try checkReach("queries", operands.queries, shape.queryAxes)
    try checkReach("keys", operands.keys, shape.keyAxes)
    try checkReach("values", operands.values, shape.valueAxes)
    try checkReach("output", operands.output, shape.outputAxes)
    let output = operands.output.strides
    let axes = shape.outputAxes
    guard
      (axes.batch <= 1 || output.batch != 0) && (axes.heads <= 1 || output.head != 0)
        && (axes.rows <= 1 || output.row != 0) && (axes.columns <= 1 || output.column != 0)
    else {
      throw .invalidArgument("output", was: "a stride of 0", expected: "a place of its own for each element")
    }
    if let mask = operands.booleanMask {
      try checkReach("booleanMask", mask, shape.scoreAxes)
      try checkKeys("booleanMask", mask, size: 1)
    }
    if let bias = operands.bias, let type = descriptor.biasType {
      try checkReach("bias", bias, shape.scoreAxes)
      try checkKeys("bias", bias, size: type.byteCount)
    }
  }

  /// No element lies 2⁵⁸ elements or more from the first, so that offsets in bytes fit 64 bits.
  private func checkReach(_ name: String, _ operand: CUDAOperand, _ axes: Axes) throws(AttentionError) {
    func fits(_ stride: Int, _ size: Int) -> Bool {
      let (reach, overflows) = stride.magnitude.multipliedReportingOverflow(by: UInt(max(size - 1, 1)))
      return !overflows && reach < 1 << 58
    }
    let strides = operand.strides
    guard
      fits(strides.batch, axes.batch), fits(strides.head, axes.heads), fits(strides.row, axes.rows),
      fits(strides.column, axes.columns)
    else {
      throw .invalidArgument(name, was: "strides \(strides)", expected: "elements within 2^58 of the first")
    }
  }

  /// The kernels count bytes along the keys in 32 bits.
  private func checkKeys(_ name: String, _ operand: CUDAOperand, size: Int) throws(AttentionError) {
    guard Int32(exactly: operand.strides.column * size) != nil else {
      throw Self.unavailable(
        "\(name) has a stride of \(operand.strides.column) elements along the keys, and its kernels count them in "
          + "32 bits")
    }
  }
}

// Matrices of one warp (PTX ISA, "Warp level matrix instructions").
extension Warp {
  /// The address of each row of each matrix, from the lane that gives it.
  private func rows(_ o: MatrixAccessOperation, _ lanes: UInt32) throws -> [Int] {
    try requireConverged(lanes)
    let count = Int(o.registers.count) * 8
    let needed: UInt32 = count == 32 ? .max : (1 << UInt32(count)) - 1
    guard lanes == .max else { throw Fault(.divergence, "all 32 lanes of the warp have to take part") }
    try requireDefined(o.address, needed)
    return try (0..<count).map { try sharedAddress(o.address, $0, bytes: 16, alignment: 16) }
  }

  /// The lane that holds an element of a matrix of 8 × 8, and in which half of its register.
  @inline(__always)
  private static func holder(_ row: Int, _ column: Int, isTransposed: Bool) -> (lane: Int, half: Int) {
    isTransposed ? (column * 4 + row / 2, row % 2) : (row * 4 + column / 2, column % 2)
  }

  func loadMatrices(_ o: MatrixAccessOperation, _ lanes: UInt32) throws {
    let rows = try rows(o, lanes)
    for matrix in 0..<Int(o.registers.count) {
      let target = kernel.pool[Int(o.registers.start) + matrix]
      var values = InlineLanes()
      var poison: UInt32 = 0
      for row in 0..<8 {
        let place = rows[matrix * 8 + row]
        for column in 0..<8 {
          let (lane, half) = Self.holder(row, column, isTransposed: o.isTransposed)
          let element = place + 2 * column
          try noteSharedRead(element, 2, lane)
          let bits = block.shared.bytes.load(fromByteOffset: element, as: UInt16.self)
          values[lane] |= UInt32(bits) << UInt32(16 * half)
          if !block.shared.isDefined(element, 2) { poison |= 1 << UInt32(lane) }
        }
      }
      if target == absent { continue }
      for lane in 0..<32 { registers.row(target)[lane] = values[lane] }
      registers.setPoison(target, .max, poison)
    }
  }

  func storeMatrices(_ o: MatrixAccessOperation, _ lanes: UInt32) throws {
    let rows = try rows(o, lanes)
    for matrix in 0..<Int(o.registers.count) {
      let source = kernel.pool[Int(o.registers.start) + matrix]
      let values = registers.row(source)
      let poison = registers.poison(source)
      for row in 0..<8 {
        let place = rows[matrix * 8 + row]
        for column in 0..<8 {
          let (lane, half) = Self.holder(row, column, isTransposed: o.isTransposed)
          let element = place + 2 * column
          let bits = UInt16(truncatingIfNeeded: values[lane] >> UInt32(16 * half))
          let old = block.shared.bytes.load(fromByteOffset: element, as: UInt16.self)
          try noteSharedWrite(element, 2, lane) { old == bits }
          block.shared.bytes.storeBytes(of: bits, toByteOffset: element, as: UInt16.self)
          (block.shared.defined + element).update(repeating: poison >> UInt32(lane) & 1 == 0 ? 1 : 0, count: 2)
        }
      }
    }
    block.grid.progress += 1
  }

  func transposeMatrix(_ destination: Row, _ source: Row, _ lanes: UInt32) throws {
    try requireConverged(lanes)
    let old = registers.row(source)
    var values = InlineLanes()
    var poison: UInt32 = 0
    for row in 0..<8 {
      for column in 0..<8 {
        let from = Self.holder(row, column, isTransposed: false)
        let to = Self.holder(row, column, isTransposed: true)
        values[to.lane] |= (old[from.lane] >> UInt32(16 * from.half) & 0xffff) << UInt32(16 * to.half)
        poison |= (registers.poison(source) >> UInt32(from.lane) & 1) << UInt32(to.lane)
      }
    }
    if destination == absent { return }
    for lane in 0..<32 { registers.row(destination)[lane] = values[lane] }
    registers.setPoison(destination, .max, poison)
  }

  // MARK: Products

  /// Products are exact, and are added one after the other in fp32, in the order of the summed index, to the
  /// accumulator.
  func multiplyMatrices(_ o: MatrixProductOperation, _ lanes: UInt32) throws {
    try requireConverged(lanes)
    guard lanes == .max else { throw Fault(.divergence, "all 32 lanes of the warp have to take part") }
    for range in [o.a, o.b, o.c] {
      for index in 0..<Int(range.count) {
        try requireDefined(kernel.pool[Int(range.start) + index], lanes, "a matrix's element")
      }
    }
    let depth = Int(o.depth)
    var a: InlineArray<256, Float> = InlineArray(repeating: 0)
    var b: InlineArray<128, Float> = InlineArray(repeating: 0)
    let perRegister = o.inputType == .tf32 ? 1 : 2
    for register in 0..<Int(o.a.count) {
      let row = registers.row(kernel.pool[Int(o.a.start) + register])
      for lane in 0..<32 {
        let i = lane / 4 + 8 * (register % 2)
        for part in 0..<perRegister {
          let k = lane % 4 * perRegister + part + (register / 2) * 4 * perRegister
          a[i * depth + k] = Self.input(row[lane], part, o.inputType)
        }
      }
    }
    for register in 0..<Int(o.b.count) {
      let row = registers.row(kernel.pool[Int(o.b.start) + register])
      for lane in 0..<32 {
        for part in 0..<perRegister {
          let k = lane % 4 * perRegister + part + register * 4 * perRegister
          b[k * 8 + lane / 4] = Self.input(row[lane], part, o.inputType)
        }
      }
    }
    let isWide = o.accumulatorType == .f32
    var results: InlineArray<128, Float> = InlineArray(repeating: 0)
    for lane in 0..<32 {
      for part in 0..<4 {
        let i = lane / 4 + 8 * (part / 2)
        let j = lane % 4 * 2 + part % 2
        let register = registers.row(kernel.pool[Int(o.c.start) + (isWide ? part : part / 2)])
        var sum =
          isWide ? Float(bitPattern: register[lane]) : Half.float16(register[lane] >> UInt32(16 * (part % 2)) & 0xffff)
        for k in 0..<depth { sum += a[i * depth + k] * b[k * 8 + j] }
        results[lane * 4 + part] = Self.canonical(sum)
      }
    }
    for register in 0..<Int(o.d.count) {
      let target = kernel.pool[Int(o.d.start) + register]
      if target == absent { continue }
      let row = registers.row(target)
      for lane in 0..<32 {
        if isWide {
          row[lane] = results[lane * 4 + register].bitPattern
        } else {
          let (low, high) = (results[lane * 4 + 2 * register], results[lane * 4 + 2 * register + 1])
          row[lane] = NarrowFloat.float16.bits(low) | NarrowFloat.float16.bits(high) << 16
        }
      }
      registers.setPoison(target, .max, 0)
    }
  }

  /// An element of a fragment; of tf32 the lower bits do not count.
  @inline(__always)
  static func input(_ bits: UInt32, _ part: Int, _ type: PTXType) -> Float {
    switch type {
    case .f16: Half.float16(bits >> UInt32(16 * part) & 0xffff)
    case .bf16: Half.bfloat16(bits >> UInt32(16 * part) & 0xffff)
    default: Float(bitPattern: bits & 0xffff_e000)
    }
  }
}

import Tensors

extension TensorMapDescription {
  /// Throws where the driver would refuse the description without a word, and names the field.
  ///
  /// The rules are those of `cuTensorMapEncodeTiled` without interleaving.
  public func validate() throws(AttentionError) {
    try validateRank()
    try require(address.rawValue != 0 && address.rawValue.isMultiple(of: 16), "address", address, "a multiple of 16")
    for (dimension, size) in sizes.enumerated() {
      try require((1...1 << 32).contains(size), "sizes[\(dimension)]", size, "1 to 2^32")
    }
    for (dimension, stride) in strides.enumerated() {
      try require(
        stride > 0 && stride < 1 << 40 && stride.isMultiple(of: 16), "strides[\(dimension)]", stride,
        "a positive multiple of 16 below 2^40")
    }
    for (dimension, step) in elementStrides.enumerated() {
      try require((1...8).contains(step), "elementStrides[\(dimension)]", step, "1 to 8")
    }
    try validateBox()
    try require(fill == .zero || element.isFloatingPoint, "fill", fill, "zero for elements of type \(element)")
  }

  private func validateRank() throws(AttentionError) {
    try require((1...5).contains(rank), "sizes", "\(rank) dimensions", "1 to 5 dimensions")
    for (name, count, expected) in [
      ("strides", strides.count, rank - 1), ("box", box.count, rank), ("elementStrides", elementStrides.count, rank),
    ] {
      try require(count == expected, name, "\(count) values", "\(expected) for \(rank) dimensions")
    }
  }

  private func validateBox() throws(AttentionError) {
    for (dimension, extent) in box.enumerated() {
      try require((1...256).contains(extent), "box[\(dimension)]", extent, "1 to 256")
    }
    let innermost = box[0] * element.byteCount
    try require(innermost.isMultiple(of: 16), "box[0]", "\(innermost) bytes", "a multiple of 16 bytes")
    if let span = swizzle.span {
      try require(innermost <= span, "box[0]", "\(innermost) bytes", "at most the swizzle's \(span) bytes")
    }
  }

  private func require(
    _ condition: Bool, _ field: String, _ was: some Any, _ expected: String
  ) throws(AttentionError) {
    guard condition else {
      throw .invalidArgument("tensor map \(field)", was: "\(was)", expected: expected)
    }
  }
}

/// Arithmetic on shapes that cannot overflow unnoticed.
enum Shape {
  /// The number of elements, or nil where it or the byte count does not fit in an `Int`.
  static func elementCount(_ shape: [Int], byteCount: Int) -> Int? {
    // A zero anywhere makes the product zero however large the other dimensions are.
    if shape.contains(0) { return 0 }
    var count = 1
    for dimension in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
      if overflow { return nil }
      count = product
    }
    return count.multipliedReportingOverflow(by: byteCount).overflow ? nil : count
  }

  /// The strides, in elements, of a contiguous row-major tensor.
  static func rowMajorStrides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] &* max(shape[axis + 1], 1)
    }
    return strides
  }

  /// The shape as messages write it: `[2, 3, 4]`.
  static func description(_ shape: [Int]) -> String {
    "[" + shape.map(String.init).joined(separator: ", ") + "]"
  }
}

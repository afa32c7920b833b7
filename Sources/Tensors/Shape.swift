/// Arithmetic on shapes that cannot overflow unnoticed.
package enum Shape {
  /// The number of elements, or nil where the count or the total size does not fit in an `Int`.
  ///
  /// Empty axes do not excuse the others: the product of all axes that are not empty has to fit, so that no product of
  /// a few dimensions and no stride of an accepted shape can overflow later.
  package static func elementCount(_ shape: [Int], elementSize: Int) -> Int? {
    var size = elementSize
    for dimension in shape {
      let (product, overflow) = size.multipliedReportingOverflow(by: max(dimension, 1))
      if overflow { return nil }
      size = product
    }
    return shape.contains(0) ? 0 : size / elementSize
  }

  /// The number of bytes that all elements take, or nil where it does not fit in an `Int`.
  package static func byteCount(_ shape: [Int], of type: ElementType) -> Int? {
    elementCount(shape, elementSize: type.byteCount).map { $0 * type.byteCount }
  }

  /// The strides, in elements, of a contiguous row-major tensor.
  package static func rowMajorStrides(_ shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * max(shape[axis + 1], 1)
    }
    return strides
  }

  /// The shape as messages write it: `[2, 3, 4]`.
  package static func description(_ shape: [Int]) -> String {
    "[" + shape.map(String.init).joined(separator: ", ") + "]"
  }
}

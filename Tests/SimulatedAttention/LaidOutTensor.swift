import CUDAKernels

/// A tensor [B, H, S, D] of 16-bit elements as it lies in memory.
struct LaidOutTensor {
  let sizes: [Int]
  /// In elements.
  let strides: [Int]
  /// The element at which the first one lies.
  let start: Int

  init(_ sizes: [Int], _ layout: ForwardCase.Layout) {
    self.sizes = sizes
    let (heads, rows, columns) = (sizes[1], sizes[2], sizes[3])
    switch layout {
    case .dense:
      strides = [heads * rows * columns, rows * columns, columns, 1]
      start = 0
    case .headsWithinRows:
      strides = [rows * heads * columns, columns, heads * columns, 1]
      start = 0
    case .scattered:
      let row = 2 * columns + 1
      let head = rows * row + 3
      strides = [heads * head + 5, head, row, 2]
      start = 1
    }
  }

  /// The elements of memory from the first one to behind the last one.
  var count: Int {
    sizes.contains(0) ? 1 : start + 1 + zip(sizes, strides).reduce(0) { $0 + ($1.0 - 1) * $1.1 }
  }

  /// Where the elements lie, in the order of the axes.
  var places: [Int] {
    var places = [start]
    for (size, stride) in zip(sizes, strides) {
      places = places.flatMap { place in (0..<size).map { place + $0 * stride } }
    }
    return places
  }

  /// The operand at an address of memory.
  func operand(at address: UInt64) -> ForwardProblem.Operand {
    ForwardProblem.Operand(address: address + UInt64(start * 2), strides: strides.map { $0 * 2 })
  }
}

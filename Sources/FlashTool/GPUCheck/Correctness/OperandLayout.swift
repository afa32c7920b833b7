/// How a tensor [B, H, S, D] of a case lies in device memory.
enum OperandLayout: String, Sendable {
  /// In the order of its axes.
  case dense
  /// As [B, S, H, D], which is how projections leave it.
  case interleaved
  /// With elements two apart.
  case spread
  /// In the order of its axes, from an odd element on.
  case unaligned

  /// Whether bulk copies can take the tensor where its rows are multiples of 16 bytes.
  var isMappable: Bool { self == .dense || self == .interleaved }

  func strides(_ shape: [Int]) -> [Int] {
    let (heads, rows, columns) = (shape[1], shape[2], shape[3])
    switch self {
    case .dense, .unaligned: return [heads * rows * columns, rows * columns, columns, 1]
    case .interleaved: return [rows * heads * columns, columns, heads * columns, 1]
    case .spread: return [heads * rows * columns * 2, rows * columns * 2, columns * 2, 2]
    }
  }

  /// The elements from the first to the last.
  func extent(_ shape: [Int]) -> Int { shape.reduce(1, *) * (self == .spread ? 2 : 1) }

  /// Where the first element lies, in elements from a multiple of 16 bytes.
  var offset: Int { self == .unaligned ? 1 : 0 }

  /// Where each element lies from the first, in the order of the axes.
  func positions(_ shape: [Int]) -> [Int] {
    let strides = strides(shape)
    var positions: [Int] = []
    positions.reserveCapacity(shape.reduce(1, *))
    for batch in 0..<shape[0] {
      for head in 0..<shape[1] {
        for row in 0..<shape[2] {
          let start = batch * strides[0] + head * strides[1] + row * strides[2]
          for column in 0..<shape[3] { positions.append(start + column * strides[3]) }
        }
      }
    }
    return positions
  }
}

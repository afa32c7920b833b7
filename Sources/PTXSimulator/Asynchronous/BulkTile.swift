/// The bytes that a bulk copy moves: rows in global memory and where they lie in shared memory.
struct BulkTile {
  /// A piece without gaps.
  struct Row {
    /// Where the valid bytes lie in global memory.
    let global: UInt64
    /// The bytes of the row in shared memory, before chunks are exchanged.
    let shared: Int
    let byteCount: Int
    /// Which of the bytes lie within the tensor.
    let valid: Range<Int>
  }

  let rows: [Row]
  let swizzle: TensorMapDescription.Swizzle
  /// What bytes outside of the tensor are.
  let fill: [UInt8]
  /// What is added up where the copy reduces.
  let type: PTXType

  var byteCount: Int { rows.reduce(0) { $0 + $1.byteCount } }

  /// Bytes in a row.
  init(global: UInt64, shared: Int, byteCount: Int, type: PTXType) {
    rows = [Row(global: global, shared: shared, byteCount: byteCount, valid: 0..<byteCount)]
    swizzle = .none
    fill = [0]
    self.type = type
  }

  /// A tile of a tensor.
  init(_ map: TensorMapDescription, at coordinates: [Int], shared: Int) {
    let size = map.element.byteCount
    let rowBytes = map.box[0] * size
    let first = min(max(-coordinates[0], 0), map.box[0])
    let end = min(max(map.sizes[0] - coordinates[0], first), map.box[0])
    var rows: [Row] = []
    for row in 0..<map.box.dropFirst().reduce(1, *) {
      var rest = row
      var isInside = end > first
      var address = Int(map.address) + (coordinates[0] + first) * size
      for axis in 1..<map.rank {
        let index = coordinates[axis] + rest % map.box[axis]
        rest /= map.box[axis]
        if !(0..<map.sizes[axis]).contains(index) { isInside = false }
        address &+= index &* map.strides[axis - 1]
      }
      rows.append(
        Row(
          global: UInt64(truncatingIfNeeded: address), shared: shared + row * rowBytes, byteCount: rowBytes,
          valid: isInside ? first * size..<end * size : 0..<0))
    }
    self.rows = rows
    swizzle = map.swizzle
    fill = map.fill == .zeros ? [0] : Self.notANumber(map.element)
    type = Self.type(map.element)
  }

  private static func notANumber(_ element: TensorMapDescription.Element) -> [UInt8] {
    Array(repeating: 0xff, count: element.byteCount - 1) + [0x7f]
  }

  private static func type(_ element: TensorMapDescription.Element) -> PTXType {
    switch element {
    case .uint8: .u8
    case .uint16: .u16
    case .uint32: .u32
    case .int32: .s32
    case .uint64: .u64
    case .int64: .s64
    case .float16: .f16
    case .bfloat16: .bf16
    case .float64: .f64
    case .float32, .float32FlushedToZero, .tf32, .tf32FlushedToZero: .f32
    }
  }

  /// Calls a body for each run of bytes that stays together, with its place in the row and in shared memory.
  func forEachChunk(of row: Row, _ body: (Int, Int, Int) throws -> Void) rethrows {
    if swizzle == .none {
      try body(0, row.shared, row.byteCount)
      return
    }
    for offset in stride(from: 0, to: row.byteCount, by: 16) {
      try body(offset, swizzle.place(row.shared + offset), 16)
    }
  }
}

/// Where a matrix of a warpgroup's product lies in shared memory (PTX ISA, "Matrix descriptor" and "Canonical
/// layouts").
struct SharedMatrix {
  private let start: Int
  /// From one core matrix, or one swizzled row, to the next beside it.
  private let leading: Int
  /// From one group of eight rows to the next.
  private let stride: Int
  private let swizzle: TensorMapDescription.Swizzle
  /// Whether rows of the memory run along the index of the result.
  let isTransposed: Bool

  init(_ bits: UInt64, isTransposed: Bool) throws {
    func field(_ shift: UInt64) -> Int { Int(bits >> shift & 0x3fff) << 4 }
    start = field(0)
    leading = field(16)
    stride = field(32)
    guard bits >> 49 & 7 == 0 else {
      throw Fault(.invalidOperand, "a matrix descriptor with a base offset is not supported")
    }
    let swizzles: [TensorMapDescription.Swizzle] = [.none, .bytes128, .bytes64, .bytes32]
    swizzle = swizzles[Int(bits >> 62)]
    self.isTransposed = isTransposed
  }

  private var rowBytes: Int { swizzle == .none ? 16 : swizzle.span }

  /// The address of a chunk of 16 bytes. Without a transposition `row` is an index of the result and `chunk` counts
  /// along the summed index; with it, `row` is a summed index and `chunk` counts along the result.
  @inline(__always)
  func address(row: Int, chunk: Int) -> Int {
    let within = row % 8 * rowBytes
    let groups = row / 8
    let chunks = rowBytes / 16
    if isTransposed {
      if swizzle == .none { return start + chunk * stride + groups * leading + within }
      return swizzle.place(start + chunk % chunks * 16 + chunk / chunks * leading + within + groups * stride)
    }
    if swizzle == .none { return start + groups * stride + within + chunk * leading }
    return swizzle.place(start + groups * stride + within + chunk * 16)
  }
}

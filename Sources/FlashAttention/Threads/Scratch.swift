/// A block of scratch memory that is kept from call to call, so that calls in steady state allocate nothing.
final class Scratch: Claimable, @unchecked Sendable {
  private static let idle = ClaimList<Scratch>()

  /// A larger block is freed after its use. Filling it takes so long that allocating it does not show, and a program
  /// should not keep the memory of the largest call that it ever made.
  private static let largestKept = 64 << 20

  /// Blocks begin on a page, so that where their parts lie in the caches does not change from block to block.
  private static let alignment = 4096

  private var block = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  /// Calls `body` with scratch memory of at least `byteCount` bytes, whatever it held before.
  static func withMemory<Result>(
    byteCount: Int, _ body: (UnsafeMutableRawPointer) throws -> Result
  ) rethrows -> Result {
    let scratch = claim()
    defer { scratch.release() }
    return try scratch.withMemory(byteCount: byteCount, body)
  }

  private static func claim() -> Scratch {
    if let scratch = idle.claim() { return scratch }
    let scratch = Scratch()
    idle.add(scratch)
    return scratch
  }

  /// Calls `body` with the block, which is made anew where it is smaller than `byteCount`.
  func withMemory<Result>(byteCount: Int, _ body: (UnsafeMutableRawPointer) throws -> Result) rethrows -> Result {
    if block.count < max(byteCount, 1) {
      block.deallocate()
      let pages = (max(byteCount, 1) - 1) / Self.alignment + 1
      block = .allocate(byteCount: pages * Self.alignment, alignment: Self.alignment)
    }
    defer {
      if block.count > Self.largestKept {
        block.deallocate()
        block = UnsafeMutableRawBufferPointer(start: nil, count: 0)
      }
    }
    guard let base = block.baseAddress else { preconditionFailure("a block of scratch memory has no address") }
    return try body(base)
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

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
  ///
  /// - Throws: ``AttentionError/unavailable(_:reason:)`` with the name of `purpose` where there is not enough memory.
  static func withMemory<Result>(
    byteCount: Int, for purpose: String, _ body: (UnsafeMutableRawPointer) throws -> Result
  ) throws -> Result {
    let scratch = claim()
    defer { scratch.release() }
    guard scratch.grow(to: byteCount) else {
      throw AttentionError.unavailable(
        purpose, reason: "\(ByteCount.description(byteCount)) of scratch memory could not be allocated")
    }
    return try scratch.withMemory(byteCount: byteCount, body)
  }

  /// The size of the block.
  var byteCount: Int { block.count }

  private static func claim() -> Scratch {
    if let scratch = idle.claim() { return scratch }
    let scratch = Scratch()
    idle.add(scratch)
    return scratch
  }

  /// Calls `body` with the block, which is made anew where it is smaller than `byteCount`.
  ///
  /// - Precondition: There is enough memory.
  func withMemory<Result>(byteCount: Int, _ body: (UnsafeMutableRawPointer) throws -> Result) rethrows -> Result {
    reserve(byteCount)
    guard let base = block.baseAddress else { preconditionFailure("a block of scratch memory has no address") }
    defer { discardLarge() }
    return try body(base)
  }

  /// Makes the block anew where it is smaller than `byteCount`.
  ///
  /// - Precondition: There is enough memory.
  func reserve(_ byteCount: Int) {
    precondition(
      grow(to: byteCount), "\(ByteCount.description(byteCount)) of scratch memory could not be allocated")
  }

  /// Gives a block back that is too large to be kept.
  func discardLarge() { if byteCount > Self.largestKept { discard() } }

  /// Makes the block anew where it is smaller than `byteCount`; false where there is not enough memory.
  private func grow(to byteCount: Int) -> Bool {
    if block.baseAddress != nil && block.count >= byteCount { return true }
    discard()
    let (rounded, overflow) = max(byteCount, 1).addingReportingOverflow(Self.alignment - 1)
    if overflow { return false }
    let size = rounded / Self.alignment * Self.alignment
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, Self.alignment, size) == 0 else { return false }
    block = UnsafeMutableRawBufferPointer(start: memory, count: size)
    return true
  }

  deinit { discard() }

  private func discard() {
    free(block.baseAddress)
    block = UnsafeMutableRawBufferPointer(start: nil, count: 0)
  }
}

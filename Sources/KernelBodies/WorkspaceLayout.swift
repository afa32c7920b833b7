import KernelIntrinsics

/// Hands out parts of one block of scratch memory, each aligned to a cache line.
///
/// Only offsets are computed here, so that the same code says how much memory a kernel needs and where each part lies.
struct WorkspaceLayout {
  private(set) var byteCount = 0

  mutating func reserve(bytes: Int) -> Int {
    let offset = byteCount
    byteCount += (bytes + 63) / 64 * 64
    return offset
  }

  mutating func reserve(floats: Int) -> Int {
    reserve(bytes: floats * 4)
  }
}

extension KernelProblem {
  /// The rows of a block for which there has to be memory: of bf16 numbers whole tiles of the matrix unit, which take 32
  /// rows at once.
  func memoryRows(_ block: Int) -> Int { isBrainFloat ? (block + 31) / 32 * 32 : block }
}

extension UnsafeMutableRawPointer {
  @inline(__always)
  func floats(at offset: Int) -> UnsafeMutablePointer<Float> {
    (self + offset).assumingMemoryBound(to: Float.self)
  }
}

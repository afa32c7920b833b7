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

extension UnsafeMutableRawPointer {
  @inline(__always)
  func floats(at offset: Int) -> UnsafeMutablePointer<Float> {
    (self + offset).assumingMemoryBound(to: Float.self)
  }
}

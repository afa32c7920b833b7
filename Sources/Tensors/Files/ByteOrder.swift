/// The order of an element's bytes in a file.
enum ByteOrder {
  case littleEndian
  case bigEndian

  /// Throws on a host whose own order is big-endian, for which reading and writing are not written.
  static func requireLittleEndianHost() throws {
    #if _endian(big)
      throw AttentionError.unavailable("reading and writing tensor files", reason: "the processor is big-endian")
    #endif
  }
}

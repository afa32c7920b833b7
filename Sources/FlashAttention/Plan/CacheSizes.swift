#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The sizes of the caches that hold data, by level, as the kernel tells them of the first processor.
///
/// The C library derives them from CPUID, where some virtual machines report the last level of a whole socket.
struct CacheSizes {
  private var bytes: [Int: Int] = [:]

  subscript(level: Int) -> Int? { bytes[level] }

  /// - Parameter folder: The folder of `index0`, `index1` and so on, each with the files `level`, `type` and `size`.
  init(folder: String = "/sys/devices/system/cpu/cpu0/cache") {
    for index in 0..<8 {
      guard let level = Self.line("\(folder)/index\(index)/level").flatMap({ Int($0) }),
        let type = Self.line("\(folder)/index\(index)/type"), type != "Instruction",
        let size = Self.line("\(folder)/index\(index)/size").flatMap(Self.bytes(of:))
      else { continue }
      bytes[level] = size
    }
  }

  /// A size such as `32K` or `1M` in bytes.
  static func bytes(of text: String) -> Int? {
    let units = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
    guard let unit = units[String(text.suffix(1))] else { return Int(text) }
    return Int(text.dropLast()).map { $0 * unit }
  }

  /// The first line of a short file.
  private static func line(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var buffer = [CChar](repeating: 0, count: 64)
    guard fgets(&buffer, Int32(buffer.count), file) != nil else { return nil }
    let bytes = buffer.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }
    return String(decoding: bytes, as: UTF8.self)
  }
}

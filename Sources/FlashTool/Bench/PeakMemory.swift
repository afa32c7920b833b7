#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The memory that a computation takes at its peak, as the kernel sees it.
enum PeakMemory {
  /// The kernel counts resident pages per processor and sums up late, so that smaller differences mean nothing.
  static let resolution = 4 << 20

  /// Calls `body` and returns by how much the resident memory grew at its peak, in bytes; nil where the kernel does not
  /// tell.
  static func growth<Result>(_ body: () throws -> Result) rethrows -> (result: Result, bytes: Int?) {
    // Memory that was freed but is still resident would be taken again unnoticed.
    Allocator.returnFreedMemory()
    let isReset = ProcessFile.write("5", to: "/proc/self/clear_refs")
    let before = status("VmRSS")
    let result = try body()
    guard isReset, let before, let peak = status("VmHWM") else { return (result, nil) }
    return (result, max(peak - before, 0))
  }

  private static func status(_ name: String) -> Int? {
    ProcessFile.contents("/proc/self/status").flatMap { bytes(of: name, in: $0) }
  }

  /// The value of a line such as `VmRSS:   1234 kB`, in bytes.
  static func bytes(of name: String, in status: String) -> Int? {
    for line in status.split(separator: "\n") where line.hasPrefix("\(name):") {
      let words = line.split(whereSeparator: \.isWhitespace)
      return words.count == 3 && words[2] == "kB" ? Int(words[1]).map { $0 * 1024 } : nil
    }
    return nil
  }
}

/// Settings of the C library's allocator, which its Swift module leaves out; without effect where it has none.
enum Allocator {
  /// Hands freed memory back to the system.
  static func returnFreedMemory() {
    guard let symbol = dlsym(nil, "malloc_trim") else { return }
    _ = unsafeBitCast(symbol, to: (@convention(c) (Int) -> Int32).self)(0)
  }

  /// Keeps freed memory for later calls, so that timed iterations do not pay for fresh pages: otherwise standard
  /// attention would be charged for faulting its matrices in, again and again.
  static func keepFreedMemory() {
    guard let symbol = dlsym(nil, "mallopt") else { return }
    let setOption = unsafeBitCast(symbol, to: (@convention(c) (Int32, Int32) -> Int32).self)
    let (trimThreshold, greatestMappingCount): (Int32, Int32) = (-1, -4)
    _ = setOption(trimThreshold, -1)
    _ = setOption(greatestMappingCount, 0)
  }
}

/// The page faults of this process.
enum PageFaults {
  /// Calls `body` and returns its result with the memory that it touched for the first time, in bytes.
  static func touched<Result>(_ body: () throws -> Result) rethrows -> (result: Result, bytes: Int) {
    let before = count()
    let result = try body()
    return (result, (count() - before) * sysconf(Int32(_SC_PAGESIZE)))
  }

  private static func count() -> Int {
    var usage = rusage()
    getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_minflt
  }
}

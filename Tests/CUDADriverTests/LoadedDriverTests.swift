import Testing

@testable import CUDADriver

@Suite("The real driver is opened by name")
struct LoadedDriverTests {
  @Test("A library that is not there is refused by its name")
  func absence() {
    let text = message { _ = try LoadedDriver(library: "libno-such-driver.so.1") }
    #expect(text?.hasPrefix("no NVIDIA driver: libno-such-driver.so.1: ") == true)
  }

  #if os(Linux)
    @Test("A library that is no driver is refused by the entry point that it lacks")
    func foreignLibrary() {
      #expect(
        throws: DriverRefusal.incompleteDriver(missing: "cuDriverGetVersion"),
        performing: { try LoadedDriver(library: "libc.so.6") })
    }
  #endif

  @Test("Discovery in this process gives a runtime or a named refusal, the same to every caller")
  func process() async {
    let descriptions = await withTaskGroup(of: String.self) { group in
      for _ in 0..<8 {
        group.addTask {
          switch DeviceDiscovery.ofProcess {
          case .usable(let runtime): "\(runtime.devices)"
          case .refused(let refusal): "\(refusal)"
          }
        }
      }
      return await group.reduce(into: Set<String>()) { $0.insert($1) }
    }
    #expect(descriptions.count == 1)
    #expect(descriptions.first?.isEmpty == false)
  }
}

import Tensors
import Testing

@testable import CUDADriver

@Suite("Discovery finds devices or names why there are none")
struct DiscoveryTests {
  private func discover(_ mock: MockDriver) -> DeviceDiscovery {
    DeviceDiscovery { () throws(DriverRefusal) in mock }
  }

  private func refusal(_ discovery: DeviceDiscovery) -> DriverRefusal? {
    guard case .refused(let refusal) = discovery else { return nil }
    return refusal
  }

  @Test("A device is described by the driver's attributes")
  func description() throws {
    let runtime = try discover(MockDriver()).runtime()
    let device = try #require(runtime.usableDevices.first)
    #expect(device.name == "Mock Hopper")
    #expect(device.capability == ComputeCapability(9, 0))
    #expect(device.multiprocessors == 132)
    #expect(device.memoryBytes == 80 << 30)
    #expect(device.secondLevelCacheBytes == 50 << 20)
    #expect(device.maximumSharedBytes == 49152)
    #expect(device.maximumSharedBytesOptIn == 232_448)
    #expect(device.sharedBytesPerMultiprocessor == 233_472)
    #expect(device.driverVersion == DriverVersion(12, 4))
    #expect(device.description == "CUDA device 0 (Mock Hopper)")
    #expect(device.families == [.ampere, .hopper])
    #expect(device.limitation == nil)
  }

  @Test("A driver that cannot be opened is refused with the loader's words")
  func noDriver() {
    let discovery = DeviceDiscovery { () throws(DriverRefusal) -> MockDriver in
      throw .noDriver(reason: "libcuda.so.1: cannot open shared object file")
    }
    #expect(
      message { _ = try discovery.runtime() }
        == "CUDA is not available: no NVIDIA driver: libcuda.so.1: cannot open shared object file")
  }

  @Test("A driver without devices is refused")
  func noDevice() {
    #expect(refusal(discover(MockDriver(devices: []))) == .noDevice)
    #expect(DriverRefusal.noDevice.description == "the NVIDIA driver sees no device")
  }

  @Test("A driver before 11.6 is refused with both versions")
  func tooOld() {
    let found = refusal(discover(MockDriver(version: DriverVersion(11, 5))))
    #expect(found == .driverTooOld(found: DriverVersion(11, 5), needed: DriverVersion(11, 6)))
    #expect(found?.description == "the NVIDIA driver implements CUDA 11.5, at least 11.6 is needed")
  }

  @Test("A Hopper device under a driver before 12.0 is usable with sm_80 text, and says so")
  func hopperUnderOldDriver() throws {
    let runtime = try discover(MockDriver(version: DriverVersion(11, 8))).runtime()
    let device = try #require(runtime.usableDevices.first)
    #expect(device.families == [.ampere])
    #expect(
      device.limitation == "the driver implements CUDA 11.8; sm_90a kernels need 12.0, sm_80 kernels run instead")
  }

  @Test("A device below 8.0 is listed and restricted; alone it is refused by name")
  func oldDevice() throws {
    let runtime = try discover(MockDriver(devices: [.volta, .ampere])).runtime()
    #expect(runtime.devices.count == 2)
    #expect(runtime.usableDevices.map(\.name) == ["Mock Ampere"])
    #expect(
      message { _ = try runtime.context(on: runtime.devices[0]) }
        == "CUDA device 0 (Mock Volta) is not available: compute capability 7.0, at least 8.0 is needed")
    #expect(
      refusal(discover(MockDriver(devices: [.volta])))?.description
        == "CUDA device 0 (Mock Volta): compute capability 7.0, at least 8.0 is needed")
  }

  @Test("The device asked for is taken, else the first usable one")
  func choice() throws {
    let runtime = try discover(MockDriver(devices: [.volta, .ampere, .hopper])).runtime()
    #expect(try runtime.device(at: nil).ordinal == 1)
    #expect(try runtime.device(at: 2).name == "Mock Hopper")
    #expect(message { _ = try runtime.device(at: 3) } == "device: was 3, expected 0 to 2")
    #expect(message { _ = try runtime.device(at: 0) }?.hasPrefix("CUDA device 0 (Mock Volta) is not") == true)
  }

  @Test("A device that prohibits contexts, and one without memory pools, are restricted")
  func restrictions() throws {
    var prohibited = MockDevice.hopper
    prohibited.isProhibited = true
    var poolless = MockDevice.hopper
    poolless.hasMemoryPools = false
    let runtime = try discover(MockDriver(devices: [prohibited, poolless, .hopper])).runtime()
    #expect(runtime.devices.map(\.restriction) == [.computeProhibited, .noMemoryPools, nil])
    #expect(runtime.devices[0].families.isEmpty)
  }

  @Test(
    "A status of any call of the discovery becomes a refusal in the driver's words",
    arguments: [EntryPoint.cuInit, .cuDeviceGetCount, .cuDeviceGet, .cuDeviceGetName, .cuDeviceTotalMem])
  func driverFails(entryPoint: EntryPoint) {
    let mock = MockDriver()
    mock.fail(entryPoint, with: .notInitialized)
    let words = "\(entryPoint.rawValue): CUDA_ERROR_NOT_INITIALIZED, explanation of CUDA_ERROR_NOT_INITIALIZED"
    #expect(refusal(discover(mock)) == .driverFailed(reason: words))
  }

  @Test("A status that the driver has no name for is told by its number")
  func unknownStatus() {
    let mock = MockDriver()
    mock.fail(.cuInit, with: DriverStatus(rawValue: 54321))
    #expect(refusal(discover(mock))?.description == "the NVIDIA driver did not start: cuInit: status 54321")
  }
}

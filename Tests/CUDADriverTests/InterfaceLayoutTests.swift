import CUDAInterface
import Testing

@testable import CUDADriver

@Suite("What the driver reads has the driver's layout and numbers")
struct InterfaceLayoutTests {
  @Test("The configuration of a launch has 56 bytes, with the stream at 32 and the attributes at 40")
  func launchConfiguration() {
    typealias Configuration = DriverLaunchConfiguration
    #expect(MemoryLayout<Configuration>.size == 56)
    #expect(MemoryLayout<Configuration>.offset(of: \.gridX) == 0)
    #expect(MemoryLayout<Configuration>.offset(of: \.gridY) == 4)
    #expect(MemoryLayout<Configuration>.offset(of: \.gridZ) == 8)
    #expect(MemoryLayout<Configuration>.offset(of: \.blockX) == 12)
    #expect(MemoryLayout<Configuration>.offset(of: \.blockY) == 16)
    #expect(MemoryLayout<Configuration>.offset(of: \.blockZ) == 20)
    #expect(MemoryLayout<Configuration>.offset(of: \.sharedBytes) == 24)
    #expect(MemoryLayout<Configuration>.offset(of: \.stream) == 32)
    #expect(MemoryLayout<Configuration>.offset(of: \.attributes) == 40)
    #expect(MemoryLayout<Configuration>.offset(of: \.attributeCount) == 48)
  }

  @Test("An attribute of a launch has 72 bytes, its value 64 bytes at 8")
  func launchAttribute() {
    #expect(MemoryLayout<DriverLaunchAttribute>.stride == 72)
    #expect(MemoryLayout<DriverLaunchAttribute>.offset(of: \.value) == 8)
    #expect(MemoryLayout<DriverLaunchAttributeValue>.size == 64)
    #expect(MemoryLayout<DriverExtent>.size == 12)
  }

  @Test("A tensor map has 128 bytes, an identifier 16")
  func values() {
    #expect(MemoryLayout<DriverTensorMap>.size == 128)
    #expect(MemoryLayout<DriverIdentifier>.size == 16)
    #expect(TensorMap.byteCount == 128)
    #expect(TensorMap.alignment == 64)
  }

  @Test(
    "Each entry point is asked for in the version of its declaration",
    arguments: [
      (EntryPoint.cuInit, Int32(2000)), (.cuModuleLoadDataEx, 2010), (.cuFuncGetAttribute, 2020),
      (.cuMemHostAlloc, 2020),
      (.cuDeviceTotalMem, 3020), (.cuMemcpyHtoDAsync, 3020), (.cuMemsetD8Async, 3020), (.cuStreamWaitEvent, 3020),
      (.cuStreamDestroy, 4000), (.cuEventDestroy, 4000), (.cuCtxSetCurrent, 4000), (.cuPointerGetAttribute, 4000),
      (.cuGetErrorName, 6000), (.cuDevicePrimaryCtxRetain, 7000), (.cuFuncSetAttribute, 9000),
      (.cuDevicePrimaryCtxRelease, 11000), (.cuMemAllocAsync, 11020), (.cuDeviceGetUuid, 11040),
      (.cuLaunchKernelEx, 11060), (.cuTensorMapEncodeTiled, 12000),
    ])
  func versions(entryPoint: EntryPoint, code: Int32) {
    #expect(entryPoint.version.code == code)
  }

  @Test("A version reads as major and minor")
  func versionText() {
    #expect(DriverVersion(code: 12040).description == "12.4")
    #expect(DriverVersion.minimum.description == "11.6")
    #expect(DriverVersion.hopper.description == "12.0")
  }
}

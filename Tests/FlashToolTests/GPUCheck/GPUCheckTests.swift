import CUDADriver
import FlashAttention
import Foundation
import Synchronization
import Testing

@testable import FlashTool

@Suite("gpu-check")
struct GPUCheckTests {
  @Test(
    "every small call is right on a simulated device, with the kernels of every instruction set that it runs",
    arguments: [MockDevice.ampere, .hopper])
  func correctness(device: MockDevice) throws {
    let (status, objects) = try CheckedMock.simulated(device).check("--quick", "--only", "correctness")
    #expect(status == 0)
    #expect(objects.first?["kind"] as? String == "device")
    #expect(objects.first?["name"] as? String == device.name)
    let cases = objects.filter { $0["kind"] as? String == "correctness" }
    #expect(cases.allSatisfy { $0["passed"] as? Bool == true && $0["bits_repeat"] as? Bool == true })
    let isas = Set(cases.compactMap { $0["isa"] as? String })
    #expect(isas == (device == .hopper ? ["sm_80", "sm_90a"] : ["sm_80"]))
    #expect(cases.contains { ($0["splits"] as? Int ?? 0) > 1 })
    for error in cases {
      let (found, bound) = (error["output_error"] as? Double, error["output_bound"] as? Double)
      #expect(try #require(found) <= #require(bound))
    }
    let summary = try #require(objects.last)
    #expect(summary["kind"] as? String == "summary")
    #expect(summary["passed"] as? Int == cases.count)
    #expect((summary["failed"] as? [String])?.isEmpty == true)
    #expect((summary["not_run"] as? [String])?.isEmpty == true)
  }

  @Test("a device that computes nothing is caught by the poison in its results, and ends with 69")
  func nothingComputed() throws {
    let (status, objects) = try CheckedMock(.ampere).check("--quick", "--only", "correctness")
    #expect(status == 69)
    let cases = objects.filter { $0["kind"] as? String == "correctness" }
    #expect(!cases.isEmpty && cases.allSatisfy { $0["passed"] as? Bool == false })
    #expect((objects.last?["failed"] as? [String])?.count == cases.count)
  }

  @Test("writes outside of a result and results that differ from run to run are caught")
  func strayWritesAndVariation() throws {
    let count = Atomic<UInt8>(0)
    let mock = CheckedMock(.ampere) { _, driver in
      let value = count.add(1, ordering: .relaxed).newValue
      for allocation in driver.allocations { allocation.bytes.initializeMemory(as: UInt8.self, repeating: value) }
    }
    let (status, objects) = try mock.check("--quick", "--only", "correctness")
    #expect(status == 69)
    let first = try #require(objects.first { $0["kind"] as? String == "correctness" })
    #expect(first["bits_repeat"] as? Bool == false)
    // The guards of 256 elements on both sides of the output at least.
    #expect(try #require(first["stray_writes"] as? Int) >= 512)
  }

  @Test("after a fault of the device the other cases are not run, and the reason is said")
  func brokenDevice() throws {
    let mock = CheckedMock(.ampere) { _, _ in throw DriverFailure(.cuLaunchKernelEx, .illegalAddress) }
    let (status, objects) = try mock.check("--quick", "--only", "correctness")
    #expect(status == 69)
    #expect(objects.map { $0["kind"] as? String }.prefix(3) == ["device", "failed", "not_run"])
    #expect((objects[1]["reason"] as? String)?.contains("CUDA_ERROR_ILLEGAL_ADDRESS") == true)
    #expect((objects[2]["reason"] as? String)?.contains("CUDA_ERROR_ILLEGAL_ADDRESS") == true)
  }

  @Test("kernels are loaded, described with the assembler's log, found in the cache, and forgotten")
  func kernels() throws {
    let mock = CheckedMock(
      .hopper,
      assembly: MockAssembly(log: AssemblyLog(information: "Used 168 registers"), registers: 168, localBytes: 8))
    let (status, objects) = try mock.check("--quick", "--only", "kernels")
    #expect(status == 0)
    let kernels = objects.filter { $0["kind"] as? String == "kernel" }
    #expect(kernels.count >= 2)
    for kernel in kernels {
      #expect(kernel["registers"] as? Int == 168)
      #expect(kernel["local_bytes"] as? Int == 8)
      #expect(kernel["log"] as? String == "Used 168 registers")
      #expect(kernel["met"] as? Bool == false)
      #expect((kernel["load_seconds"] as? Double ?? 0) > 0 && (kernel["write_seconds"] as? Double ?? 0) > 0)
    }
    #expect(mock.driver.calls.count { $0 == .cuModuleLoadDataEx } == 2 * kernels.count)
    #expect(mock.driver.resources.modules == 0)
  }

  @Test("the kernels that are listed are of every instruction set and dimension, each once")
  func variants() throws {
    let names = try CheckedMock(.hopper).whileFound {
      try KernelVariant.all(on: CheckedDevice(at: nil)).map(\.name)
    }
    #expect(Set(names).count == names.count)
    for isa in ["sm_80", "sm_90a"] {
      for dimension in [64, 96, 128, 160, 192, 256] {
        let found = names.filter { $0.hasPrefix("attend_\(isa)_bf16_d\(dimension)") }
        #expect(found.contains { $0.contains("masked") } && found.contains { !$0.contains("masked") })
        for parts in ["merged", "parts"] {
          #expect(found.contains { $0.contains("_\(parts)_") }, "\(parts) of \(found)")
        }
      }
    }
  }

  @Test("without a device it ends with 69", arguments: [[], ["--quick"], ["--paced", "--shape", "1,1,1,1,1,8,8"]])
  func refusal(arguments: [String]) {
    let status = CUDADevices.$replacement.withValue(.refused(.noDevice)) {
      FlashTool.run(["gpu-check"] + arguments)
    }
    #expect(status == 69)
  }

  @Test("a refusal is one line with the words of the search", .enabled(if: CUDADevices.refusal != nil))
  func refusalInWords() throws {
    let outcome = try ToolProcess.run(["gpu-check"])
    #expect(outcome.status == 69)
    #expect(outcome.output.isEmpty)
    #expect(outcome.errorLines.count == 1)
    #expect(outcome.error.contains(try #require(CUDADevices.refusal).onOneLine))
  }

  @Test(
    "arguments that make no sense end with 64",
    arguments: [
      ["--seconds", "0"], ["--seconds", "-1"], ["--seconds", "nan"], ["--only", "speed"], ["--paced"],
      ["--shape", "1,1,1,1,1,8,8"], ["--mask", "causal"], ["--paced", "--shape", "1,1,1,0,1,8,8"],
      ["--paced", "--shape", "1,1,1,1,1,8,8", "--quick"], ["--device", "first"],
    ])
  func usage(arguments: [String]) {
    #expect(FlashTool.run(["gpu-check"] + arguments) == 64)
  }

  @Test("a device that is not there is named")
  func noSuchDevice() {
    #expect(CheckedMock(.ampere).whileFound { FlashTool.run(["gpu-check", "--device", "1"]) } == 65)
  }
}

import CUDADriver
import FlashAttention
import Foundation
import Testing

@testable import FlashTool

@Suite("CUDA devices in the tool")
struct DeviceTests {
  /// What the search for devices finds with a mock driver.
  private func discovery(_ devices: MockDevice..., version: DriverVersion = DriverVersion(12, 4)) -> DeviceDiscovery {
    DeviceDiscovery { () throws(DriverRefusal) in MockDriver(devices: devices, version: version) }
  }

  private func machine(_ discovery: DeviceDiscovery) -> MachineDescription {
    MachineDescription(processor: .current, modelName: nil, devices: DeviceListing(discovery))
  }

  @Test("info lists every device, and says what is lost or why one cannot be used")
  func info() throws {
    let text = machine(discovery(.hopper, .volta)).description
    #expect(text.contains("cuda               usable, with a driver of CUDA 12.4"))
    #expect(text.contains("    0 Mock Hopper, compute capability 9.0, 132 multiprocessors, 80.0 GiB\n"))
    #expect(
      text.hasSuffix(
        "    1 Mock Volta, compute capability 7.0, 80 multiprocessors, 16.0 GiB: not usable: "
          + "compute capability 7.0, at least 8.0 is needed"))
    #expect(
      machine(discovery(.hopper, version: DriverVersion(11, 8))).description
        .contains("sm_90a kernels need 12.0, sm_80 kernels run instead"))
    #expect(machine(.refused(.noDevice)).description.hasSuffix("not usable: the NVIDIA driver sees no device"))
  }

  @Test("info --json has the driver and every device beside what it had")
  func json() throws {
    func cuda(_ discovery: DeviceDiscovery) throws -> [String: Any] {
      let data = Data(machine(discovery).json.description.utf8)
      let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
      return try #require((object["devices"] as? [[String: Any]])?.last)
    }
    let usable = try cuda(discovery(.ampere, .volta))
    #expect(usable["name"] as? String == "cuda")
    #expect(usable["usable"] as? Bool == true)
    #expect(usable["driver_version"] as? String == "12.4")
    let devices = try #require(usable["devices"] as? [[String: Any]])
    #expect(devices.map { $0["name"] as? String } == ["Mock Ampere", "Mock Volta"])
    #expect(devices.map { $0["usable"] as? Bool } == [true, false])
    #expect(devices[0]["memory_bytes"] as? Int == 40 << 30)
    #expect(devices[1]["reason"] as? String == "compute capability 7.0, at least 8.0 is needed")

    let unusable = try cuda(discovery(.volta))
    #expect(unusable["usable"] as? Bool == false)
    #expect((unusable["devices"] as? [Any])?.count == 1)
    let none = try cuda(.refused(.noDriver(reason: "not found")))
    #expect(none["reason"] as? String == "no NVIDIA driver: not found")
    #expect(none["driver_version"] is NSNull)
  }

  @Test("a plan for an architecture is explained without a device, as text and as JSON")
  func plan() throws {
    let arguments = ["plan", "--shape", "1,32,8,1,4096,128,128", "--dtype", "bf16", "--device", "sm_90"]
    let text = try ToolProcess.run(arguments)
    let plan = try CUDAAttentionPlan(
      AttentionDescriptor(
        shape: ShapeArgument(parsing: "1,32,8,1,4096,128,128").shape, elementType: .bfloat16),
      on: #require(.architecture("sm_90")))
    #expect(text.status == 0, "\(text.error)")
    #expect(text.output == "\(plan)\n")
    let json = try ToolProcess.run(arguments + ["--json"]).output
    let object = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
    #expect(object["backend"] as? String == "cuda")
    #expect(object["device"] as? String == "sm_90")
    #expect(object["kernels"] as? [String] == plan.modules.map(\.kernel))
    #expect(object["splits"] as? Int == plan.splits)
    #expect(
      (object["flash"] as? [String: Any])?["device_memory_bytes"] as? Double == plan.cost.flashBytes)
  }

  @Test("--emit-ptx writes the text that would be loaded, a module a file, or all to standard output")
  func ptx() throws {
    let descriptor = try AttentionDescriptor(
      shape: ShapeArgument(parsing: "1,8,2,4,4096,64,64").shape, elementType: .float16)
    let plan = try CUDAAttentionPlan(descriptor, on: #require(.architecture("sm_80")))
    let arguments = ["plan", "--shape", "1,8,2,4,4096,64,64", "--dtype", "f16", "--device", "sm_80", "--emit-ptx"]
    try Workplace.with { workplace in
      let outcome = try ToolProcess.run(arguments + [workplace.file("kernel.ptx")])
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(try workplace.names() == ["kernel.combine.ptx", "kernel.ptx"])
      for (name, module) in zip(["kernel.ptx", "kernel.combine.ptx"], plan.modules) {
        #expect(try String(contentsOfFile: workplace.file(name), encoding: .utf8) == module.text)
      }
    }
    #expect(try ToolProcess.run(arguments + ["-"]).output == plan.ptx)
  }

  @Test(
    "the file beside another keeps its ending", arguments: [("a/k.ptx", "a/k.combine.ptx"), ("a.b/k", "a.b/k.combine")])
  func combinePath(path: String, expected: String) {
    #expect(PTXOutput.pathOfCombine(path) == expected)
  }

  @Test("--device cuda is the machine's device")
  func deviceOfMachine() throws {
    let name = try CUDADevices.$replacement.withValue(discovery(.volta, .ampere)) {
      try DeviceArgument(argument: "cuda")?.traits().name
    }
    #expect(name == "Mock Ampere")
    #expect(DeviceArgument(argument: "sm_75") == nil)
  }

  @Test("attend on a device writes the results of the machine's device")
  func attend() throws {
    try Workplace.with { workplace in
      let (input, output) = (workplace.file("in"), workplace.file("out"))
      try SafetensorsFile.write(Fixtures.inputs(Float16.self), to: input)
      let mock = MockDriver(devices: [.ampere])
      let status = CUDADevices.$replacement.withValue(DeviceDiscovery { () throws(DriverRefusal) in mock }) {
        FlashTool.run(["attend", input, "--output", output, "--backend", "cuda", "--quiet"])
      }
      #expect(status == 0)
      #expect(mock.calls.count { $0 == .cuLaunchKernelEx } > 0)
      let file = try SafetensorsFile(path: output)
      #expect(try file.tensor("output", as: Float16.self).shape == Fixtures.outputShape)
      #expect(try file.tensor("log_sum_exp", as: Float.self).shape == [2, 4, 10])
    }
  }

  @Test("bench times a device by its events, on tensors in its memory")
  func bench() throws {
    let benchCase = BenchCase(
      shape: try ShapeArgument(parsing: "1,4,2,64,64,64,64").shape, elementType: .bfloat16,
      mask: MaskSelection(choice: .causal, window: nil), direction: .forward)
    let mock = MockDriver(devices: [.hopper], launchMilliseconds: 3)
    try CUDADevices.$replacement.withValue(DeviceDiscovery { () throws(DriverRefusal) in mock }) {
      let contender = try BenchProblem<BFloat16>(benchCase).contender(ExecutionOptions(backend: .cuda))
      #expect(abs(try contender.timedRun() - 0.003) < 1e-6)
      #expect(contender.plan.backend == .cuda)
      #expect(contender.plan.instructionSet == "sm_90a")
      #expect(try contender.measureMemory().results.forward?.output.shape == benchCase.shape.output)
      let copies = mock.calls.count { $0 == .cuMemcpyHtoDAsync }
      _ = try contender.warmUp()
      #expect(mock.calls.count { $0 == .cuMemcpyHtoDAsync } == copies)
    }
  }
}

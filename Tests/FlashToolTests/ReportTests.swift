import FlashAttention
import Foundation
import Testing

@testable import FlashTool

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite("Reports")
struct ReportTests {
  @Test("help and version go to standard output", arguments: ["--help", "--version", "attend --help", "bench --help"])
  func help(arguments: String) throws {
    let outcome = try ToolProcess.run(arguments.split(separator: " ").map(String.init))
    #expect(outcome.status == 0)
    #expect(outcome.error.isEmpty)
    #expect(arguments == "--version" ? outcome.output == "0.1.0\n" : outcome.output.contains("USAGE"))
  }

  @Test("bench names the instruction sets of both passes where they differ")
  func instructionSetsOfPasses() throws {
    let outcome = try ToolProcess.run([
      "bench", "--shape", "1,1,1,256,256,64,64", "--direction", "forward-backward", "--backend", "cpu", "--iterations",
      "1", "--json", "--quiet",
    ])
    let shape = try AttentionShape(
      batch: 1, queryHeads: 1, keyValueHeads: 1, queryLength: 256, keyLength: 256, headDimension: 64, valueDimension: 64
    )
    let descriptor = try AttentionDescriptor(shape: shape, elementType: .float32)
    let forward = Processor.current.bestInstructionSet(for: descriptor, direction: .forward)
    let backward = Processor.current.bestInstructionSet(for: descriptor, direction: .backward)
    let expected = forward == backward ? forward.rawValue : "\(forward.rawValue)+\(backward.rawValue)"
    let object = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
    #expect(object?["isa"] as? String == expected)
  }

  @Test(
    "every line of bench --json has the members that scripts read",
    arguments: ["forward", "backward", "forward-backward"])
  func bench(direction: String) throws {
    let outcome = try ToolProcess.run([
      "bench", "--shape", "1,4,2,40,60,16,8", "--dtype", "bf16", "--mask", "causal", "--direction", direction,
      "--threads", "1", "--iterations", "2", "--json", "--quiet",
    ])
    #expect(outcome.status == 0, "\(outcome.error)")
    let shape = try AttentionShape(
      batch: 1, queryHeads: 4, keyValueHeads: 2, queryLength: 40, keyLength: 60, headDimension: 16, valueDimension: 8)
    let isa = Processor.current.bestInstructionSet(
      for: try AttentionDescriptor(shape: shape, elementType: .bfloat16))
    let lines = outcome.output.split(separator: "\n")
    #expect(lines.count == 2)
    for (line, backend) in zip(lines, ["cpu", "standard"]) {
      let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      #expect(object["backend"] as? String == backend)
      #expect(object["isa"] as? String == isa.rawValue)
      #expect(object["shape"] as? [Int] == [1, 4, 2, 40, 60, 16, 8])
      #expect(object["dtype"] as? String == "bf16")
      #expect(object["mask"] as? String == "causal")
      #expect(object["direction"] as? String == direction)
      #expect(object["threads"] as? Int == 1)
      let minimum = try #require(object["seconds_min"] as? Double)
      let median = try #require(object["seconds_median"] as? Double)
      #expect(minimum > 0 && minimum <= median)
      #expect((object["gflops"] as? Double ?? 0) > 0)
      #expect((object["extra_bytes"] as? Int ?? 0) > 0)
      let error = try #require(object["max_error"] as? Double)
      #expect(error > 0 && error < 1e-2)
    }
  }

  @Test("the sampled error sees a wrong element", arguments: [DirectionChoice.forward, .backward])
  func sampledError(direction: DirectionChoice) throws {
    let benchCase = BenchCase(
      shape: try ShapeArgument(parsing: "1,2,1,20,30,8,8").shape, elementType: .float32,
      mask: MaskSelection(choice: .causalTopLeft, window: nil), direction: direction)
    let problem = try BenchProblem<Float>(benchCase)
    let right = try problem.run(ExecutionOptions(), stored: nil)
    let reference = try SampledReference(problem)
    #expect(try reference.error(of: right) < 1e-5)
    let other = try BenchProblem<Float>(
      BenchCase(
        shape: benchCase.shape, elementType: .float32, mask: MaskSelection(choice: .full, window: nil),
        direction: direction))
    #expect(try reference.error(of: other.run(ExecutionOptions(), stored: nil)) > 0.1)
  }

  @Test("the drawing is well-formed, also where a case has one length", arguments: [["64"], ["32", "64", "128"]])
  func drawing(lengths: [String]) throws {
    try Workplace.with { workplace in
      let path = workplace.file("bench.svg")
      let shapes = lengths.flatMap { ["--shape", "1,2,2,\($0),\($0),8,8"] }
      let outcome = try ToolProcess.run(["bench", "--iterations", "1", "--svg", path, "--quiet"] + shapes)
      #expect(outcome.status == 0, "\(outcome.error)")
      let drawing = try XMLDocument(contentsOf: URL(filePath: path))
      let root = try #require(drawing.rootElement())
      #expect(root.name == "svg")
      #expect(root.elements(forName: "polyline").count == 4)
      #expect(root.elements(forName: "circle").count == 4 * lengths.count + 2)
      #expect(!String(describing: drawing).contains("nan"))
    }
  }

  @Test("info tells of every instruction set and device as JSON")
  func info() throws {
    let outcome = try ToolProcess.run(["info", "--json"])
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    let sets = try #require(object["instruction_sets"] as? [[String: Any]])
    #expect(sets.compactMap { $0["name"] as? String } == InstructionSet.allCases.map(\.rawValue))
    #expect(sets.map { $0["usable"] as? Bool } == InstructionSet.allCases.map { $0.refusal == nil })
    let devices = try #require(object["devices"] as? [[String: Any]])
    #expect(devices.map { $0["name"] as? String } == ["cpu", "cuda"])
    #expect(devices[1]["usable"] as? Bool == (CUDADevices.refusal == nil))
    #expect(devices[1]["reason"] as? String == CUDADevices.refusal)
  }

  @Test("a plan names the tiles, the bytes of both and what was refused")
  func plan() throws {
    let output = try ToolProcess.run([
      "plan", "--shape", "1,2,2,300,300,16,16", "--isa", "portable", "--direction", "forward-backward",
    ]).output
    let descriptor = try AttentionDescriptor(
      shape: AttentionShape(
        batch: 1, queryHeads: 2, keyValueHeads: 2, queryLength: 300, keyLength: 300, headDimension: 16,
        valueDimension: 16), elementType: .float32)
    let tiles = try AttentionDirection.allCases.map { direction in
      try AttentionPlan(descriptor, direction, options: ExecutionOptions(instructionSet: .portable)).tiles
    }
    for text in tiles.map({ "\($0.queryBlock) queries × \($0.keyBlock) keys" }) + [
      "forward", "backward", "level 3 → level 2", "extra memory",
      "it stores the score matrix", "tensor cores would round fp32",
    ] {
      #expect(output.contains(text), "\(text)")
    }
    #expect(output.split(separator: "\n").allSatisfy { $0.count <= 100 })
  }

  @Test(
    "unavailable things end with 69, other errors of data with 65",
    arguments: [
      (
        AttentionError.unavailable("instruction set avx512", reason: "the processor lacks AVX512F"),
        ToolStatus.unavailable
      ),
      (.invalidArgument("key", was: "1", expected: "2"), .badData), (.malformedFile("f", reason: "r"), .badData),
      (.inputOutput("f", reason: "r"), .badData),
    ])
  func status(error: AttentionError, status: ToolStatus) {
    #expect(ToolStatus(error) == status)
  }

  @Test("the processor's name comes from cpuinfo, where it is there")
  func modelName() {
    let text = "processor\t: 0\nmodel name\t: Some  CPU @ 2GHz\nmodel name\t: other\n"
    #expect(MachineDescription.modelName(in: text) == "Some CPU @ 2GHz")
    #expect(MachineDescription.modelName(in: "processor : 0\n") == nil)
  }
}

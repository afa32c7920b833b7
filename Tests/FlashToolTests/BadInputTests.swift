import FlashAttention
import Testing

@testable import FlashTool

/// Arguments, where IN is a good file and OUT a place to write to, and how the tool has to end.
struct BadInput: CustomTestStringConvertible, Sendable {
  let arguments: String
  let status: Int32
  let message: String

  init(_ arguments: String, _ status: Int32, _ message: String) {
    self.arguments = arguments
    self.status = status
    self.message = message
  }

  var testDescription: String { "flash \(arguments)" }
}

@Suite("Bad input")
struct BadInputTests {
  @Test(
    "ends with one line and the exit code of its kind",
    arguments: [
      BadInput("frobnicate", 64, "frobnicate"), BadInput("attend", 64, "<input>"),
      BadInput("attend IN", 64, "--output"),
      BadInput("attend IN --output OUT --bogus", 64, "--bogus"),
      BadInput("attend IN --output OUT --mask diagonal", 64, "diagonal"),
      BadInput("attend IN --output OUT --window 5", 64, "LEFT,RIGHT"),
      BadInput("attend IN --output OUT --window -2,5", 64, "LEFT,RIGHT"),
      BadInput("attend IN --output OUT --scale nan", 64, "--scale"),
      BadInput("attend IN --output OUT --softcap -1", 64, "--softcap"),
      BadInput("attend IN --output OUT --threads 0", 64, "--threads"),
      BadInput("attend IN --output OUT --isa sse2", 64, "sse2"),
      BadInput("attend IN --output OUT --backend gpu", 64, "gpu"),
      BadInput("attend IN --output OUT --backend cuda", 69, "fp32"),
      BadInput("attend IN IN --output OUT", 64, "IN"), BadInput("attend NONE --output OUT", 65, "No such file"),
      BadInput("attend IN --output NONE/OUT", 65, "No such file"),
      BadInput("bench --shape 1,2", 64, "seven whole numbers"),
      BadInput("bench --shape 1,1,1,8,8,8,8 --iterations 0", 64, "--iterations"),
      BadInput("bench --shape 1,1,1,8,8,8,8 --backend cuda", 69, "fp32"),
      BadInput("bench --shape 1,1,1,8,8,8,8 --svg NONE/x.svg", 65, "No such file"),
      BadInput("bench --shape 1,64,64,999999,999999,64,64 --backend standard", 69, "score matrices"),
      BadInput("bench --paced --backend cpu", 64, "exactly one --shape"),
      BadInput("bench --paced --shape 1,1,1,8,8,8,8", 64, "one --backend"),
      BadInput("bench --paced --shape 1,1,1,8,8,8,8 --backend cpu --iterations 3", 64, "the input says"),
      BadInput("peak --threads 0", 64, "--threads"), BadInput("peak --threads 99999", 64, "at most"),
      BadInput("peak --isa sse2", 64, "sse2"),
      BadInput("plan --shape 1,3,2,5,5,8,8", 64, "query heads"), BadInput("plan --dtype f64", 64, "f64"),
      BadInput("plan --backend cuda", 69, "fp32"), BadInput("plan --device sm_90", 69, "fp32"),
      BadInput("plan --device sm_70 --dtype f16", 64, "sm_70"),
      BadInput("plan --device sm_90 --dtype f16 --direction backward", 69, "gradients"),
      BadInput("plan --device sm_90 --dtype f16 --backend cpu", 64, "--backend cpu"),
      BadInput("plan --device sm_90 --dtype f16 --shape 1,1,1,8,8,257,8", 69, "D is 257"),
      BadInput("plan --dtype f16 --emit-ptx OUT", 64, "--device"),
      BadInput("plan --device sm_80 --dtype f16 --emit-ptx NONE/x.ptx", 65, "No such file"),
      BadInput("info extra", 64, "extra"),
    ])
  func arguments(bad: BadInput) throws {
    try Workplace.with { workplace in
      try SafetensorsFile.write(Fixtures.inputs(Float.self), to: workplace.file("IN"))
      let arguments = bad.arguments.split(separator: " ").map { word in
        ["IN", "OUT"].contains(word) || word.hasPrefix("NONE") ? workplace.file(String(word)) : String(word)
      }
      try expectFailure(arguments, bad.status, bad.message)
      #expect(try workplace.names() == ["IN"])
    }
  }

  @Test(
    "a file whose tensors do not fit is refused by the tensor's name",
    arguments: [
      ("query", [2, 4, 10], "[B, Hq, Sq, D]"), ("query", [2, 3, 10, 8], "query heads"),
      ("key", [2, 2, 20, 7], "tensor \"key\""), ("value", [2, 2, 19, 6], "tensor \"value\""),
      ("mask", [3, 20], "tensor \"mask\""), ("bias", [5, 1, 1, 1], "tensor \"bias\""),
      ("output_gradient", [2, 4, 10, 5], "tensor \"output_gradient\""),
    ])
  func shapes(name: String, shape: [Int], message: String) throws {
    let tensor: any StridedTensor =
      name == "mask" ? try Tensor(repeating: true, shape: shape) : try Tensor(repeating: Float(1), shape: shape)
    try expectBadData(message) { $0[name] = tensor }
  }

  @Test("a missing tensor is named", arguments: ["query", "key", "value", "output_gradient"])
  func missing(name: String) throws {
    try expectBadData("tensor \"\(name)\"") { $0[name] = nil }
  }

  @Test("a tensor of another type is named", arguments: ["query", "key", "value", "output_gradient", "mask", "bias"])
  func types(name: String) throws {
    let tensor = try Tensor<Int32>(repeating: 1, shape: [1, 1, 1, 1])
    try expectBadData("\"\(name)\"") { $0[name] = tensor }
  }

  @Test("a malformed file is refused, and a line break in its name does not make two lines")
  func malformed() throws {
    try Workplace.with { workplace in
      let path = workplace.file("two\nlines")
      try TextFile.write("not a tensor", to: path)
      try expectFailure(["attend", path, "--output", workplace.file("out")], 65, "malformed")
    }
  }

  @Test("results that no machine holds are refused before anything is computed")
  func hugeResult() throws {
    try Workplace.with { workplace in
      let path = workplace.file("in")
      try SafetensorsFile.write(
        [
          "query": Tensor(repeating: Float16(0), shape: [1, 1, 4_000_000, 1]),
          "key": Tensor(repeating: Float16(0), shape: [1, 1, 1, 1]),
          "value": Tensor(repeating: Float16(0), shape: [1, 1, 1, 4_000_000]),
        ], to: path)
      try expectFailure(["attend", path, "--output", workplace.file("out")], 69, "memory")
    }
  }

  private func expectBadData(_ message: String, _ change: (inout [String: any StridedTensor]) throws -> Void) throws {
    try Workplace.with { workplace in
      var tensors = try Fixtures.inputs(Float.self)
      try change(&tensors)
      let path = workplace.file("in")
      try SafetensorsFile.write(tensors, to: path)
      try expectFailure(["attend", path, "--output", workplace.file("out"), "--gradients"], 65, message)
      #expect(try workplace.names() == ["in"])
    }
  }

  private func expectFailure(_ arguments: [String], _ status: Int32, _ message: String) throws {
    let outcome = try ToolProcess.run(arguments)
    #expect(outcome.status == status, "\(outcome.error)")
    #expect(outcome.errorLines.count == 1, "\(outcome.error)")
    #expect(outcome.error.hasPrefix("flash: "))
    #expect(outcome.error.contains(message), "\(outcome.error)")
    #expect(outcome.output.isEmpty)
  }
}

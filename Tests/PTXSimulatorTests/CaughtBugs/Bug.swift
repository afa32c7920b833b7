import PTXAssembler
import PTXSimulator
import Testing

/// A kernel that is right, and one edit that makes it wrong.
struct Bug: CustomTestStringConvertible, Sendable {
  /// The kind of report that is due.
  enum Report: String, Sendable {
    case race, inFlight, undefinedValue, outOfBounds, misaligned, divergence, barrierMisuse, invalidOperand
    case unfinishedWork, deadlock, budgetExhausted

    init?(_ error: SimulationError) {
      switch error {
      case .race: self = .race
      case .inFlight: self = .inFlight
      case .undefinedValue: self = .undefinedValue
      case .outOfBounds: self = .outOfBounds
      case .misaligned: self = .misaligned
      case .divergence: self = .divergence
      case .barrierMisuse: self = .barrierMisuse
      case .invalidOperand: self = .invalidOperand
      case .unfinishedWork: self = .unfinishedWork
      case .deadlock: self = .deadlock
      case .budgetExhausted: self = .budgetExhausted
      default: return nil
      }
    }
  }

  let name: String
  let body: String
  /// What is replaced, and by what.
  let edit: (String, String)
  /// Any of them, as the order of events decides which one is seen first.
  let reports: Set<Report>
  var threads = 64
  var blocks = 1
  var maps: [@Sendable (DeviceBuffer, DeviceBuffer) throws -> TensorMapDescription] = []
  var outputStart: UInt32?
  /// Whether the bug shows in every order of events.
  var isAlwaysSeen = true

  var testDescription: String { name }

  private func run(_ body: String, _ mode: Mode) throws {
    let program = try PTXProgram(
      parsing: Kernel.frame(body, sharedBytes: 32768, threads: threads, maps: maps.count))
    let device = SimulatedDevice()
    let input = device.allocate("input", copying: (0..<4096).map { UInt32($0) })
    let output = device.allocate("output", byteCount: 16384)
    if let outputStart { device.write(Array(repeating: outputStart, count: 4096), to: output) }
    try device.launch(
      program, kernel: "kernel", grid: Dimensions(blocks), block: Dimensions(threads),
      arguments: [.pointer(input), .pointer(output)] + maps.map { .tensorMap(try $0(input, output)) },
      options: mode.options)
  }

  /// The right kernel ends in every mode, and the wrong one is reported.
  func check() throws {
    if let assembler = Assembler.installed {
      let text = Kernel.frame(body, sharedBytes: 32768, threads: threads, maps: maps.count)
      try #expect(assembler.complaint(about: text) == nil)
    }
    try #require(body.contains(edit.0))
    let wrong = body.replacing(edit.0, with: edit.1)
    var seen = 0
    for mode in Mode.all {
      #expect(throws: Never.self, "\(mode.testDescription)") { try run(body, mode) }
      do {
        try run(wrong, mode)
      } catch let error as SimulationError {
        seen += 1
        let report = try #require(Report(error), "\(error)")
        #expect(reports.contains(report), "\(mode.testDescription): \(error)")
      }
    }
    #expect(isAlwaysSeen ? seen == Mode.all.count : seen > 0)
  }
}

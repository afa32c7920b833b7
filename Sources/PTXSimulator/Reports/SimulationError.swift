/// Why text could not be read, or what a kernel did wrong. A description is one line, except for those that list warps.
public enum SimulationError: Error, Equatable, Sendable {
  /// The text is not PTX.
  case syntax(line: Int, reason: String)
  /// The text has something that the simulator does not do.
  case unsupported(line: Int, text: String, reason: String)
  /// What a launch passes does not suit the kernel or the memory.
  case invalidLaunch(String)
  /// A tensor map that the driver would refuse.
  case invalidTensorMap(String)
  /// An access outside of all memory.
  case outOfBounds(Site, String)
  /// An address that is not a multiple of what it has to be.
  case misaligned(Site, String)
  /// Something that nothing has written decides what happens or is kept.
  case undefinedValue(Site, String)
  /// Two accesses that nothing orders.
  case race(Site, other: CodeLine, String)
  /// Something that an asynchronous operation still uses.
  case inFlight(Site, other: CodeLine, String)
  /// Lanes that should run an instruction together do not.
  case divergence(Site, String)
  /// A barrier used against its rules.
  case barrierMisuse(Site, String)
  /// An operand that an instruction does not take.
  case invalidOperand(Site, String)
  /// A thread ended before what it started.
  case unfinishedWork(Site, String)
  /// A `trap` instruction.
  case trap(Site)
  /// No warp can go on.
  case deadlock(StallReport)
  /// A warp has run more instructions than the launch allows.
  case budgetExhausted(StallReport)
}

/// A line of a module's text.
public struct CodeLine: Equatable, Sendable, CustomStringConvertible {
  /// Counted from one.
  public let line: Int
  public let text: String

  public var description: String { "line \(line) `\(text)`" }
}

/// An instruction and the threads that ran it.
public struct Site: Equatable, Sendable, CustomStringConvertible {
  public let code: CodeLine
  /// The block's number within the grid.
  public let block: Dimensions
  /// The warp's number within the block.
  public let warp: Int
  /// The lane's number within the warp, where one is to blame.
  public let lane: Int?

  public var description: String {
    "\(code), block \(block), warp \(warp)" + (lane.map { ", lane \($0)" } ?? "")
  }
}

extension SimulationError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .syntax(let line, let reason): "line \(line): \(reason)"
    case .unsupported(let line, let text, let reason): "line \(line) `\(text)`: not supported: \(reason)"
    case .invalidLaunch(let reason): "launch: \(reason)"
    case .invalidTensorMap(let reason): "tensor map: \(reason)"
    case .outOfBounds(let site, let detail): "\(site): out of bounds: \(detail)"
    case .misaligned(let site, let detail): "\(site): misaligned: \(detail)"
    case .undefinedValue(let site, let detail): "\(site): undefined: \(detail)"
    case .race(let site, let other, let detail): "\(site): race with \(other): \(detail)"
    case .inFlight(let site, let other, let detail): "\(site): in flight since \(other): \(detail)"
    case .divergence(let site, let detail): "\(site): divergent: \(detail)"
    case .barrierMisuse(let site, let detail): "\(site): barrier: \(detail)"
    case .invalidOperand(let site, let detail): "\(site): invalid: \(detail)"
    case .unfinishedWork(let site, let detail): "\(site): unfinished: \(detail)"
    case .trap(let site): "\(site): trap"
    case .deadlock(let report): "deadlock: \(report)"
    case .budgetExhausted(let report): "instruction budget exhausted: \(report)"
    }
  }
}

/// Where the warps of a grid are that cannot, or do not, come to an end.
public struct StallReport: Equatable, Sendable, CustomStringConvertible {
  /// A warp that has not ended.
  public struct WaitingWarp: Equatable, Sendable, CustomStringConvertible {
    public let block: Dimensions
    public let warp: Int
    /// The lanes at the instruction, a bit each.
    public let lanes: UInt32
    public let code: CodeLine
    /// What would let it go on.
    public let reason: String

    public var description: String {
      let mask = String(lanes, radix: 16)
      return "block \(block), warp \(warp), lanes 0x\(mask) at \(code): \(reason)"
    }
  }

  public let warps: [WaitingWarp]

  public var description: String {
    (["\(warps.count) warps have not ended"] + warps.map { "  \($0)" }).joined(separator: "\n")
  }
}

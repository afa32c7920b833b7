/// What went wrong in an instruction, before the instruction and the warp are known.
struct Fault: Error {
  enum Kind {
    case outOfBounds, misaligned, undefinedValue, divergence, barrierMisuse, invalidOperand, unfinishedWork, trap
    /// With the instruction that the other access came from.
    case race(other: Int)
    case inFlight(since: Int)
  }

  let kind: Kind
  let lane: Int?
  let detail: String

  init(_ kind: Kind, lane: Int? = nil, _ detail: String) {
    self.kind = kind
    self.lane = lane
    self.detail = detail
  }
}

/// A number as addresses are written.
func hexadecimal(_ number: some BinaryInteger) -> String { "0x" + String(number, radix: 16) }

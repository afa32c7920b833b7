import PTX

/// What a step of the loop over keys costs a multiprocessor, in cycles, from the kernel's text and the rates of its
/// units.
///
/// The rates are those of NVIDIA's tables: dense products of 16-bit elements with fp32 sums at 1024 (compute capability
/// 8.0) or 2048 (9.0) multiply-adds a cycle, 16 exponentials and the like a cycle, and of each of the four
/// parts of a multiprocessor one instruction a cycle.
public struct ForwardBudget: Sendable, Hashable {
  /// Cycles of the tensor cores for both products of all rows of a tile.
  public let tensor: Double
  /// Cycles of the units for exponentials and reciprocals.
  public let exponential: Double
  /// Cycles in which instructions are issued.
  public let issue: Double
  /// Cycles of shared memory for what threads load and store, at 128 bytes a cycle; products of warpgroups read it on
  /// their own.
  public let shared: Double

  /// What the tensor cores are used where all else runs beside them.
  public var utilizationWithOverlap: Double { tensor / max(tensor, exponential, issue, shared) }
  /// What they are used where nothing does.
  public var utilizationWithoutOverlap: Double { tensor / (tensor + max(exponential, issue, shared)) }
}

extension ForwardKernel {
  /// The budget of a step inside of the band.
  public var budget: ForwardBudget {
    let sections = module.sections
    /// The instructions that `cost` gives a number for, in steps but for what only their edges have.
    func sum(_ cost: (InstructionSection) -> Int) -> Double {
      func sum(_ part: ForwardSection) -> Int {
        sections.filter { $0.name == part.rawValue }.reduce(0) { $0 + cost($1) }
      }
      return Double(sum(.step) - sum(.edge))
    }
    let query = PanelLayout(rows: tile.rows, dimension: headDimension)
    let value = PanelLayout(rows: tile.keys, dimension: valueDimension)
    let products = tile.rows * tile.keys * (query.columns + value.columns)
    let rate = tile.target == .sm90a ? 2048 : 1024
    let warps = Double(tile.computingWarps)
    // Each of the four parts runs one warp of every warpgroup, or every fourth warp; shared memory serves all.
    return ForwardBudget(
      tensor: Double(products) / Double(rate),
      // 32 lanes at four a cycle.
      exponential: sum { $0.count(of: "ex2", "rcp", "lg2", "tanh") } * 8 * warps / 4,
      issue: sum { $0.opcodes.count } * warps / 4, shared: sum(Self.sharedCycles) * warps)
  }

  /// The cycles of shared memory of a warp's instructions: each 128 bytes that its lanes move together.
  private static func sharedCycles(_ section: InstructionSection) -> Int {
    let cycles: [(opcode: String, cycles: Int)] = [
      ("ldmatrix.sync.aligned.m8n8.x4", 4), ("cp.async.cg", 4), ("ld.shared.v2", 2), ("st.shared.v4", 4),
      ("st.shared.f32", 1),
    ]
    return cycles.reduce(0) { $0 + section.count(of: $1.opcode) * $1.cycles }
  }
}

import PTX

/// The blocks in which a kernel of the forward pass walks, and what computes them.
public struct ForwardTile: Sendable, Hashable {
  /// Rows of queries of a block of threads.
  public let rows: Int
  /// Keys of a step.
  public let keys: Int
  /// What computes the products.
  public let engine: Engine

  /// What computes the products.
  public enum Engine: Sendable, Hashable {
    /// Single warps with 1 or 2 fragments of 16 rows each, on compute capability 8.0 and everything after it.
    case warps(fragments: Int)
    /// Groups of four warps with 64 rows each, on compute capability 9.0, and a warp that brings the tiles of keys and
    /// values into so many places for each.
    case warpgroups(stages: Int)
  }

  public init(rows: Int, keys: Int, engine: Engine) {
    self.rows = rows
    self.keys = keys
    self.engine = engine
    precondition(rows % rowsPerUnit == 0 && keys % 16 == 0, "a tile has whole fragments")
  }

  /// The rows of a warp or of a warpgroup.
  private var rowsPerUnit: Int {
    switch engine {
    case .warps(let fragments): 16 * fragments
    case .warpgroups: 64
    }
  }

  /// The warps or warpgroups that compute.
  var units: Int { rows / rowsPerUnit }

  /// The warps that compute.
  var computingWarps: Int {
    switch engine {
    case .warps: units
    case .warpgroups: units * 4
    }
  }

  /// Threads of a block.
  public var threads: Int {
    switch engine {
    case .warps: units * 32
    case .warpgroups: (units + 1) * 128
    }
  }

  /// The instruction set.
  public var target: Target {
    switch engine {
    case .warps: .sm80
    case .warpgroups: .sm90a
    }
  }
}

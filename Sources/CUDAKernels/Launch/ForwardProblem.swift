/// A problem of the forward pass, as far as its data lies in device memory.
public struct ForwardProblem: Sendable, Hashable {
  /// B, Hq, Hkv, Sq and Sk.
  public var batch: Int
  public var queryHeads: Int
  public var keyValueHeads: Int
  public var queryLength: Int
  public var keyLength: Int
  /// What products of queries and keys are multiplied by.
  public var scale: Float
  /// The cap of the scores, where there is one.
  public var softcap: Float?
  /// The key position of query 0, and how many keys before and after its own position a query sees; nil for all.
  public var diagonal: Int
  public var left: Int?
  public var right: Int?
  /// Where operands lie: those that the kernel has.
  public var operands: [ForwardParameter.Operand: Operand]
  /// Parts of the keys.
  public var splits: Int
  /// Where parts of the result go, where keys are split.
  public var parts: Parts?
  /// The address of the counter of tiles, where the kernel has one.
  public var counter: UInt64 = 0

  /// Addresses in device memory.
  public struct Parts: Sendable, Hashable {
    /// fp32, dense: [splits, B, Hq, Sq, Dv] and [splits, B, Hq, Sq].
    public var output: UInt64
    public var logSumExp: UInt64
    /// ``ForwardChoice/arrivalCount`` times 32 bits.
    public var arrivals: UInt64

    public init(output: UInt64, logSumExp: UInt64, arrivals: UInt64) {
      self.output = output
      self.logSumExp = logSumExp
      self.arrivals = arrivals
    }
  }

  /// The longest sequence: sums of a position and two distances fit 32 bits.
  static let longestSequence = 1 << 29

  /// An operand in device memory.
  public struct Operand: Sendable, Hashable {
    public var address: UInt64
    /// In bytes, of the axes [B, H, S, D], or [B, H, Sq, Sk] for bias and mask. The log-sum-exp is dense: its have no
    /// meaning.
    public var strides: [Int]

    public init(address: UInt64, strides: [Int] = [0, 0, 0, 0]) {
      self.address = address
      self.strides = strides
    }
  }

  public init(
    batch: Int, queryHeads: Int, keyValueHeads: Int, queryLength: Int, keyLength: Int, scale: Float,
    softcap: Float? = nil, diagonal: Int = 0, left: Int? = nil, right: Int? = nil,
    operands: [ForwardParameter.Operand: Operand], splits: Int = 1
  ) {
    self.batch = batch
    self.queryHeads = queryHeads
    self.keyValueHeads = keyValueHeads
    self.queryLength = queryLength
    self.keyLength = keyLength
    self.scale = scale
    self.softcap = softcap
    self.diagonal = diagonal
    self.left = left
    self.right = right
    self.operands = operands
    self.splits = splits
  }
}

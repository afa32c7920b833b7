import FlashAttention

/// A forward call on bf16 elements that is timed.
struct TimingCase {
  let shape: AttentionShape
  let isCausal: Bool

  var mask: AttentionMask { isCausal ? .causal(.bottomRight) : .full }

  /// Whether keys and values are read once and little is computed on them, so that memory bounds the time.
  var isDecoding: Bool { shape.queryLength == 1 }

  var name: String {
    "\(shape.sizes.map(String.init).joined(separator: ",")) \(isCausal ? "causal" : "full")"
  }

  func descriptor() throws -> AttentionDescriptor {
    try AttentionDescriptor(shape: shape, elementType: .bfloat16, mask: mask)
  }

  /// By the convention of the field: 4 · B · Hq · Sq · Sk · D, half of it under a causal mask.
  var operations: Double { DirectionChoice.forward.operations(shape, mask: mask) }

  /// Bytes of the inputs, output and log-sum-exp, each once.
  var bytes: Int {
    [shape.queries, shape.keys, shape.values, shape.output].map { MemoryCheck.count($0) * 2 }.reduce(0, +)
      + MemoryCheck.count(shape.rows) * 4
  }

  /// What the report begins with.
  var jsonMembers: [(String, JSONText)] {
    [
      ("shape", .array(shape.sizes.map { .integer($0) })), ("dtype", .text("bf16")),
      ("mask", .text(isCausal ? "causal" : "full")),
    ]
  }
}

/// The calls that are timed, those first that the project's targets are about.
enum TimingGrid {
  /// 16,384 tokens a batch with heads of 2048 columns together, as the field's comparisons have them.
  static func forward() throws -> [TimingCase] {
    try [[16384, 4096, 1024], [8192, 2048, 512]].flatMap { lengths in
      try lengths.flatMap { length in
        try [128, 64, 256].flatMap { dimension in
          try [true, false].map { try forward(length: length, dimension: dimension, isCausal: $0) }
        }
      }
    }
  }

  /// One query against a cache: 32 query heads share 8 heads of keys and values of dimension 128.
  static func decoding() throws -> [TimingCase] {
    try [
      (1, 8192), (16, 8192), (64, 8192), (1, 131_072), (16, 32_768), (4, 32_768), (4, 131_072), (64, 32_768),
      (1, 32_768), (4, 8192), (16, 131_072), (64, 131_072),
    ]
    .map { batch, length in
      TimingCase(
        shape: try AttentionShape(
          batch: batch, queryHeads: 32, keyValueHeads: 8, queryLength: 1, keyLength: length, headDimension: 128,
          valueDimension: 128),
        isCausal: false)
    }
  }

  /// Two calls that say whether it works, not how fast it is.
  static func quick() throws -> [TimingCase] {
    [
      try forward(length: 1024, dimension: 128, isCausal: true, tokens: 1024),
      TimingCase(
        shape: try AttentionShape(
          batch: 1, queryHeads: 8, keyValueHeads: 2, queryLength: 1, keyLength: 4096, headDimension: 128,
          valueDimension: 128),
        isCausal: false),
    ]
  }

  private static func forward(
    length: Int, dimension: Int, isCausal: Bool, tokens: Int = 16384
  ) throws -> TimingCase {
    let heads = 2048 / dimension
    return TimingCase(
      shape: try AttentionShape(
        batch: tokens / length, queryHeads: heads, keyValueHeads: heads, queryLength: length, keyLength: length,
        headDimension: dimension, valueDimension: dimension),
      isCausal: isCausal)
  }
}

import FlashAttention

/// The problems of the default sweep: eight heads of dimension 64.
enum BenchSweep {
  static let lengths = [256, 512, 1024, 2048, 4096, 8192]

  static func shapes() throws -> [AttentionShape] {
    try lengths.map { length in
      try AttentionShape(
        batch: 1, queryHeads: 8, keyValueHeads: 8, queryLength: length, keyLength: length, headDimension: 64,
        valueDimension: 64)
    }
  }
}

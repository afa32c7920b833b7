import FlashAttention

/// The calls that a check computes on the device: every feature, every tile, and the shapes on which kernels break.
enum CorrectnessGrid {
  /// What the timings stand on, first; lengths leave tails in every tile, and are often enough for keys to be split.
  static func essentials() throws -> [CorrectnessCase] {
    var cases: [CorrectnessCase] = []
    for dimension in [128, 64, 256] {
      cases.append(try CorrectnessCase(heads: (4, 2), lengths: (197, 1500), dimensions: (dimension, dimension)))
      cases.append(
        try CorrectnessCase(heads: (2, 2), lengths: (300, 300), dimensions: (dimension, dimension)) {
          $0.mask = .causal(.bottomRight)
        })
    }
    // Decoding: the heads of a group share a tile.
    cases.append(try CorrectnessCase(batch: 2, heads: (8, 2), lengths: (1, 1000), dimensions: (128, 128)))
    cases.append(
      try CorrectnessCase(heads: (8, 1), lengths: (3, 700), dimensions: (64, 64)) { $0.mask = .causal(.bottomRight) })
    return cases
  }

  /// Everything else.
  static func rest() throws -> [CorrectnessCase] {
    try dimensions() + masks() + scores() + layouts() + hazards()
  }

  /// A few small calls, which even a simulator computes in seconds.
  static func quick() throws -> [CorrectnessCase] {
    [
      try CorrectnessCase(lengths: (33, 70), dimensions: (64, 64)) { $0.mask = .causal(.bottomRight) },
      try CorrectnessCase(heads: (4, 1), lengths: (1, 700), dimensions: (32, 32)),
      try CorrectnessCase(heads: (1, 1), lengths: (20, 40), dimensions: (24, 16)) {
        $0.element = .float16
        $0.booleanMask = .whole
        $0.bias = .float32
        $0.softcap = 5
        $0.layout = .interleaved
      },
      try CorrectnessCase(heads: (1, 1), lengths: (9, 17), dimensions: (5, 3)) { $0.layout = .spread },
      try CorrectnessCase(heads: (1, 1), lengths: (30, 30), dimensions: (16, 16)) {
        $0.mask = .causal(.topLeft)
        $0.hazard = .notANumber
      },
      try CorrectnessCase(lengths: (7, 0), dimensions: (16, 16)),
    ]
  }

  private static func dimensions() throws -> [CorrectnessCase] {
    try [(32, 32), (96, 96), (160, 160), (192, 192), (192, 128), (64, 256), (8, 8), (72, 40), (33, 17), (1, 1)].map {
      dimensions in
      try CorrectnessCase(lengths: (130, 213), dimensions: dimensions) {
        $0.mask = .causal(.bottomRight)
        $0.element = dimensions.0 % 32 == 0 ? .float16 : .bfloat16
      }
    }
  }

  private static func masks() throws -> [CorrectnessCase] {
    var cases: [CorrectnessCase] = []
    let windows: [AttentionMask] = [
      .causal(.topLeft), try .slidingWindow(left: 50, right: 0, .bottomRight),
      try .slidingWindow(left: 9, right: 20, .topLeft), try .slidingWindow(left: 0, right: 0, .bottomRight),
    ]
    for mask in windows {
      // More queries than keys leave rows that see nothing.
      for lengths in [(150, 260), (260, 150)] {
        cases.append(try CorrectnessCase(lengths: lengths, dimensions: (128, 128)) { $0.mask = mask })
      }
    }
    for form in [CorrectnessCase.Repetition.whole, .keysOnly] {
      cases.append(
        try CorrectnessCase(batch: 2, lengths: (100, 333), dimensions: (64, 64)) { $0.booleanMask = form })
    }
    for lengths in [(1, 1), (1, 0), (70, 0), (65, 1), (64, 64), (129, 128)] {
      cases.append(
        try CorrectnessCase(batch: 2, lengths: lengths, dimensions: (64, 64)) { $0.mask = .causal(.bottomRight) })
    }
    return cases
  }

  private static func scores() throws -> [CorrectnessCase] {
    var cases: [CorrectnessCase] = []
    for bias in AttentionElementType.allCases {
      cases.append(
        try CorrectnessCase(heads: (3, 1), lengths: (77, 190), dimensions: (64, 64)) {
          $0.bias = bias
          $0.element = bias == .float16 ? .float16 : .bfloat16
        })
    }
    for (softcap, scale) in [(Float(2), nil), (nil, Float(-0.2)), (nil, 0), (20, 1)] as [(Float?, Float?)] {
      cases.append(
        try CorrectnessCase(lengths: (77, 190), dimensions: (128, 128)) {
          $0.softcap = softcap
          $0.scale = scale
        })
    }
    for dimension in [64, 128, 256] {
      for lengths in [(140, 900), (2, 900), (4, 900)] {
        cases.append(
          try CorrectnessCase(heads: (4, 2), lengths: lengths, dimensions: (dimension, dimension)) {
            $0.mask = .causal(.bottomRight)
            $0.booleanMask = .whole
            $0.bias = .bfloat16
            $0.softcap = 10
          })
      }
    }
    return cases
  }

  private static func layouts() throws -> [CorrectnessCase] {
    try [OperandLayout.interleaved, .spread, .unaligned].flatMap { layout in
      try [64, 128].map { dimension in
        try CorrectnessCase(batch: 2, heads: (4, 2), lengths: (90, 160), dimensions: (dimension, dimension)) {
          $0.layout = layout
          $0.mask = .causal(.bottomRight)
        }
      }
    }
  }

  private static func hazards() throws -> [CorrectnessCase] {
    try [CorrectnessCase.Hazard.notANumber, .hugeKey].flatMap { hazard in
      try [(130, 200), (2, 400)].map { lengths in
        try CorrectnessCase(heads: (4, 2), lengths: lengths, dimensions: (64, 64)) {
          $0.hazard = hazard
          $0.mask = .causal(.bottomRight)
          if hazard == .notANumber { $0.booleanMask = .whole }
        }
      }
    }
  }
}

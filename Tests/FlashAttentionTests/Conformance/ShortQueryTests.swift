import FlashAttention
import ReferenceAttention
import Testing

/// Few rows against key counts at which the streams of a step end in every way: together, one after the other, or with
/// streams that have no key at all.
@Suite("Few rows against fp64")
struct ShortQueryTests {
  static let keyLengths = [
    1, 2, 15, 16, 17, 33, 48, 50, 64, 65, 100, 130, 200, 255, 256, 257, 300, 513, 700, 1041, 4200,
  ]

  /// Query heads of one key/value head, and queries: from one row to three quarters of a vector of AVX-512.
  static let rows = [(1, 1), (3, 1), (4, 1), (2, 3), (4, 2), (9, 1), (3, 4)]

  @Test("Every number of keys", arguments: keyLengths)
  func keys(length: Int) throws {
    for element in AttentionElementType.allCases {
      for (heads, queries) in Self.rows {
        try Yardstick.checkKernels(
          AttentionCase(heads: (heads, 1), lengths: (queries, length), dimensions: (64, 32), element: element), .forward
        )
      }
    }
  }

  /// Every multiple of 8 up to two chunks of AVX-512, and some beyond.
  static let dimensions = [(8, 24), (16, 40), (24, 8), (40, 56), (48, 16), (56, 48), (72, 80), (80, 112), (112, 72)]

  @Test("Rows of keys and values that end within a chunk", arguments: dimensions, AttentionElementType.allCases)
  func chunks(dimensions: (Int, Int), element: AttentionElementType) throws {
    for (heads, queries) in Self.rows {
      try Yardstick.checkKernels(
        AttentionCase(
          heads: (heads, 1), lengths: (queries, 39), dimensions: dimensions, element: element,
          mask: .causal(.bottomRight), bias: BiasForm(form: .row, forbids: true)), .forward)
    }
    // Last queries: five, three of AVX2 too, and one.
    for length in [21, 19, 17] {
      try Yardstick.checkKernels(
        AttentionCase(heads: (2, 2), lengths: (length, 70), dimensions: dimensions, element: element), .forward)
    }
    // Keys that are split, so that the rows are merged.
    try Yardstick.checkKernels(
      AttentionCase(heads: (4, 1), lengths: (1, 2100), dimensions: dimensions, element: element), .forward)
  }

  @Test(
    "Bias and mask of every broadcast form", arguments: BroadcastForm.allCases,
    [AttentionElementType.float32, .bfloat16])
  func masks(form: BroadcastForm, element: AttentionElementType) throws {
    for (heads, queries) in Self.rows {
      for length in [39, 700] {
        for (bias, mask) in [(true, false), (false, true), (true, true)] {
          try Yardstick.checkKernels(
            AttentionCase(
              heads: (heads, 1), lengths: (queries, length), dimensions: (32, 32), element: element,
              booleanMask: mask ? BooleanMaskForm(form: form) : nil,
              bias: bias ? BiasForm(form: form, forbids: true) : nil), .forward)
        }
      }
    }
  }

  /// The last queries of a head are few rows where they fill less than half a vector and no other head shares the item;
  /// these leave every such remainder, of one lane group 49 nothing but the remainder in its item.
  static let unevenLengths = [5, 9, 11, 17, 18, 19, 20, 21, 22, 23, 33, 49, 65]

  @Test("The last queries of a head", arguments: unevenLengths)
  func lastQueries(length: Int) throws {
    for element in AttentionElementType.allCases {
      try Yardstick.checkKernels(
        AttentionCase(heads: (2, 2), lengths: (length, 70), dimensions: (32, 64), element: element), .forward)
    }
    let masks: [AttentionMask] = try [
      .causal(.topLeft), .causal(.bottomRight), .slidingWindow(left: 3, right: 40, .bottomRight),
    ]
    for mask in masks {
      try Yardstick.checkKernels(
        AttentionCase(heads: (2, 2), lengths: (length, 45), dimensions: (64, 32), mask: mask, softcap: 3), .forward)
    }
    try Yardstick.checkKernels(
      AttentionCase(
        heads: (2, 2), lengths: (length, 90), dimensions: (32, 32), booleanMask: BooleanMaskForm(form: .whole),
        bias: BiasForm(form: .matrix, forbids: true)), .forward)
    // Keys that are split, so that the rows are merged.
    try Yardstick.checkKernels(AttentionCase(lengths: (length, 2500), dimensions: (32, 32)), .forward)
  }

  /// So many items that the keys are not split, and more keys than one step of an item takes.
  @Test(
    "Several steps", arguments: [(1, 4200, 32, 32), (4, 2100, 40, 24), (5, 1700, 32, 32), (7, 1100, 24, 56)],
    AttentionElementType.allCases)
  func steps(
    sizes: (heads: Int, keys: Int, headDimension: Int, valueDimension: Int), element: AttentionElementType
  ) throws {
    try Yardstick.checkKernels(
      AttentionCase(
        batch: 65, heads: (sizes.heads, 1), lengths: (1, sizes.keys),
        dimensions: (sizes.headDimension, sizes.valueDimension), element: element), .forward)
  }

  @Test("Caps and masks leave lanes without a key alone", arguments: keyLengths)
  func masks(length: Int) throws {
    try Yardstick.checkKernels(
      AttentionCase(
        heads: (2, 1), lengths: (2, length), dimensions: (32, 64), booleanMask: BooleanMaskForm(form: .whole),
        bias: BiasForm(form: .row, forbids: true), softcap: 2), .forward)
    try Yardstick.checkKernels(
      AttentionCase(heads: (2, 1), lengths: (2, length), dimensions: (32, 32), mask: .causal(.bottomRight)), .forward)
  }
}

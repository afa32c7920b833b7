import FlashAttention

/// The cases of the conformance grid: every pair of levels of two features occurs in one of them.
///
/// Lengths and dimensions have so many levels that not all of their pairs are formed.
enum ConformanceGrid {
  static let elements = AttentionElementType.allCases

  /// B, Hq, Hkv.
  static let heads = [(1, 1, 1), (2, 2, 2), (1, 4, 2), (2, 3, 1), (1, 3, 3), (1, 5, 1)]

  /// Sq, Sk: shapes that broke other engines, and the neighbours of the blocks' sizes.
  static let lengths = [
    (1, 1), (1, 239), (239, 1), (3, 399), (399, 3), (113, 203), (128, 217), (211, 113), (108, 256), (127, 47),
    (47, 48), (48, 49), (95, 97), (96, 96), (97, 64), (64, 65), (17, 193), (193, 145),
  ]

  /// D, Dv.
  static let dimensions = [
    (1, 1), (3, 8), (8, 3), (15, 16), (16, 15), (17, 17), (31, 33), (32, 32), (33, 31), (40, 40), (59, 64), (64, 64),
    (64, 1), (65, 59), (80, 96), (96, 80), (111, 128), (128, 128), (160, 40), (192, 128), (256, 256), (512, 17),
    (576, 512),
  ]

  static let masks: [AttentionMask] = [
    .full,
    .causal(.bottomRight),
    .causal(.topLeft),
    try! .slidingWindow(left: 0, right: 0, .bottomRight),
    try! .slidingWindow(left: 0, right: 0, .topLeft),
    try! .slidingWindow(left: 17, right: nil, .bottomRight),
    try! .slidingWindow(left: 5, right: nil, .topLeft),
    try! .slidingWindow(left: nil, right: 31, .bottomRight),
    try! .slidingWindow(left: nil, right: 3, .topLeft),
    try! .slidingWindow(left: 50, right: 7, .bottomRight),
    try! .slidingWindow(left: 2, right: 97, .topLeft),
    try! .slidingWindow(left: 1000, right: 2000, .bottomRight),
    try! AttentionMask.causal(.bottomRight).window(left: 33, right: nil),
  ]

  static let booleanMasks: [BooleanMaskForm?] = [
    nil, BooleanMaskForm(form: .whole), BooleanMaskForm(form: .whole, forbidsRows: true),
    BooleanMaskForm(form: .overHeads, forbidsRows: true), BooleanMaskForm(form: .overBatch),
    BooleanMaskForm(form: .overQueries), BooleanMaskForm(form: .overKeys), BooleanMaskForm(form: .matrix),
    BooleanMaskForm(form: .row),
  ]

  static let biases: [BiasForm?] = [
    nil, BiasForm(form: .whole), BiasForm(form: .whole, element: .bfloat16, forbids: true),
    BiasForm(form: .overHeads, element: .float16), BiasForm(form: .overBatch, forbids: true),
    BiasForm(form: .overQueries), BiasForm(form: .overKeys, element: .bfloat16),
    BiasForm(form: .overBatchAndHeads), BiasForm(form: .overAll, element: .float16), BiasForm(form: .matrix),
    BiasForm(form: .row, element: .float16, forbids: true),
  ]

  static let softcaps: [Float?] = [nil, 0.5, 20]

  /// The large scale saturates the softmax.
  static let scales: [Float?] = [nil, 0, -0.3, 3]

  static let cases: [AttentionCase] = {
    let levels = [
      lengths.count, dimensions.count, masks.count, biases.count, booleanMasks.count, heads.count, scales.count,
      elements.count, softcaps.count,
    ]
    return CoveringArray.pairwise(levels: levels, ignoring: [(0, 1)]).enumerated().map { index, row in
      let (batch, queryHeads, keyValueHeads) = heads[row[5]]
      // Long rows of many columns say nothing new and take most of the time.
      let (queryLength, keyLength) = lengths[row[0]]
      let divisor = dimensions[row[1]].0 >= 256 ? 3 : dimensions[row[1]].0 >= 128 ? 2 : 1
      var attentionCase = AttentionCase(
        batch: batch, heads: (queryHeads, keyValueHeads),
        lengths: ((queryLength + divisor - 1) / divisor, (keyLength + divisor - 1) / divisor),
        dimensions: dimensions[row[1]], element: elements[row[7]],
        mask: masks[row[2]], booleanMask: booleanMasks[row[4]], bias: biases[row[3]], scale: scales[row[6]],
        softcap: softcaps[row[8]])
      attentionCase.seed = UInt64(index)
      return attentionCase
    }
  }()
}

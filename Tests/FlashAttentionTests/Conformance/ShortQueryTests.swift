import FlashAttention
import ReferenceAttention
import Testing

/// Few rows against key counts at which the streams of a step end in every way: together, one after the other, or with
/// streams that have no key at all.
@Suite("Few rows against fp64")
struct ShortQueryTests {
  static let keyLengths = [1, 2, 15, 16, 17, 33, 48, 50, 64, 65, 100, 130, 200, 255, 256, 257, 300, 513, 700]

  /// Query heads of one key/value head, and queries: from one row to a whole vector of AVX-512 halves.
  static let rows = [(1, 1), (3, 1), (4, 1), (2, 3), (4, 2)]

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

/// Which positions see which by their place in the sequence alone.
///
/// Every such mask is a band around a diagonal. Query i stands at key position i + offset, where the offset is 0 for
/// ``Alignment/topLeft`` and Sk − Sq for ``Alignment/bottomRight``; it sees the keys from `left` before to `right`
/// after that position, where nil stands for all of them:
///
///     i + offset − left ≤ j ≤ i + offset + right
public struct AttentionMask: Sendable, Hashable {
  /// Which corner of the score matrix the diagonal passes through. The two differ only where Sq ≠ Sk.
  public enum Alignment: String, Sendable, Hashable, CaseIterable {
    /// The first query stands at the first key.
    case topLeft = "top-left"
    /// The last query stands at the last key, which is what decoding with a cache needs.
    case bottomRight = "bottom-right"
  }

  /// The corner that the diagonal passes through.
  public let alignment: Alignment
  /// How many keys before its own position a query sees; nil for all.
  public let left: Int?
  /// How many keys after its own position a query sees; nil for all.
  public let right: Int?

  private init(alignment: Alignment, left: Int?, right: Int?) {
    // Without bounds the alignment means nothing, and equal masks should compare equal.
    self.alignment = left == nil && right == nil ? .bottomRight : alignment
    // No sequence is longer, and positions can be added to it without overflow.
    self.left = left.map { min($0, 1 << 60) }
    self.right = right.map { min($0, 1 << 60) }
  }

  /// Every query sees every key.
  public static let full = AttentionMask(alignment: .bottomRight, left: nil, right: nil)

  /// Every query sees the keys up to its own position.
  public static func causal(_ alignment: Alignment) -> AttentionMask {
    AttentionMask(alignment: alignment, left: nil, right: 0)
  }

  /// This mask narrowed to a window around the same diagonal.
  ///
  /// - Parameters:
  ///   - left: How many keys before its own position a query sees at most; nil for no further bound.
  ///   - right: How many keys after its own position a query sees at most; nil for no further bound.
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` for a negative bound.
  public func window(left: Int?, right: Int?) throws -> AttentionMask {
    for (name, bound) in [("left", left), ("right", right)] {
      if let bound, bound < 0 {
        throw AttentionError.invalidArgument("window \(name)", was: "\(bound)", expected: "at least 0, or no bound")
      }
    }
    return AttentionMask(
      alignment: alignment, left: Self.narrower(self.left, left), right: Self.narrower(self.right, right))
  }

  /// The sliding window of `left` keys before and `right` keys after the position of each query.
  ///
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` for a negative bound.
  public static func slidingWindow(left: Int?, right: Int?, _ alignment: Alignment) throws -> AttentionMask {
    let bounds = try AttentionMask.full.window(left: left, right: right)
    return AttentionMask(alignment: alignment, left: bounds.left, right: bounds.right)
  }

  private static func narrower(_ first: Int?, _ second: Int?) -> Int? {
    guard let first else { return second }
    guard let second else { return first }
    return min(first, second)
  }

  /// Whether later queries see more keys than earlier ones, as under a causal mask.
  var isCausal: Bool { right == 0 && left == nil }

  /// The key position at which query 0 stands.
  func diagonal(queryLength: Int, keyLength: Int) -> Int {
    alignment == .topLeft ? 0 : keyLength - queryLength
  }

  /// Whether query `query` may see key `key`.
  public func permits(query: Int, key: Int, queryLength: Int, keyLength: Int) -> Bool {
    let position = query + diagonal(queryLength: queryLength, keyLength: keyLength)
    if let left, key < position - left { return false }
    if let right, key > position + right { return false }
    return true
  }

  /// The number of (query, key) pairs that the mask permits, as a floating-point number because it may be large.
  public func permittedPairs(queryLength: Int, keyLength: Int) -> Double {
    if left == nil && right == nil { return Double(queryLength) * Double(keyLength) }
    let diagonal = diagonal(queryLength: queryLength, keyLength: keyLength)
    // The keys up to the right end of the window, less those before its left end.
    let upTo = right.map { Self.keysBelow(diagonal + $0 + 1, queryLength, keyLength) }
    let before = left.map { Self.keysBelow(diagonal - $0, queryLength, keyLength) }
    return (upTo ?? Double(queryLength) * Double(keyLength)) - (before ?? 0)
  }

  /// Σ over the queries i of the number of keys below i + `first`: of i + `first` bounded to 0...keyLength.
  private static func keysBelow(_ first: Int, _ queryLength: Int, _ keyLength: Int) -> Double {
    // Up to `rising` the bound is 0, from `full` on it is all keys, and between them it grows by one.
    let rising = min(max(-first, 0), queryLength)
    let full = min(max(keyLength - first, rising), queryLength)
    let sumOfEnds = Double(rising + first) + Double(full - 1 + first)
    return Double(full - rising) * sumOfEnds / 2 + Double(queryLength - full) * Double(keyLength)
  }
}

extension AttentionMask: CustomStringConvertible {
  public var description: String {
    if left == nil && right == nil { return "full" }
    if isCausal { return "causal, \(alignment.rawValue)" }
    let bounds = "\(left.map(String.init) ?? "all") before, \(right.map(String.init) ?? "all") after"
    return "window of \(bounds), \(alignment.rawValue)"
  }
}

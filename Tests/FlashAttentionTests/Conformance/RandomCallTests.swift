import FlashAttention
import Foundation
import ReferenceAttention
import Testing

/// Calls that nobody thought of: sizes, types and features drawn by a seed, which names a call for one version of Swift.
///
/// `FLASH_RANDOM_CALLS=1000 swift test --filter RandomCallTests` tries the first thousand.
@Suite("Random calls against fp64")
struct RandomCallTests {
  private static let count: UInt64 = {
    guard let wanted = ProcessInfo.processInfo.environment["FLASH_RANDOM_CALLS"] else { return 30 }
    // A mistyped number would otherwise pass as no call at all.
    guard let count = UInt64(wanted), count > 0 else { fatalError("FLASH_RANDOM_CALLS is \(wanted), no count") }
    return count
  }()

  @Test("agree on every kernel", arguments: 0..<count)
  func agrees(seed: UInt64) throws {
    try Yardstick.checkBackends(Self.attentionCase(seed))
  }

  @Test("let what is not finite reach only the rows that may see it", arguments: 0..<count)
  func reach(seed: UInt64) throws {
    let attentionCase = Self.attentionCase(seed)
    var generator = SeededGenerator(seed: ~seed)
    let input = ForbiddenPositionTests.Input.allCases.randomElement(using: &generator)!
    let shape = attentionCase.shape
    let rows = input == .keys || input == .values ? shape.keyLength : shape.queryLength
    let row = Int.random(in: 0..<rows, using: &generator)
    func check<Element: AttentionElement>(_: Element.Type) throws {
      let poison = [Element.nan, .infinity, -.infinity, 10_000].randomElement(using: &generator)!
      try Poisoning<Element>(attentionCase, input, row: row, poison).check(tolerance: 0)
    }
    try attentionCase.element.withType { try check($0) }
  }

  private static func attentionCase(_ seed: UInt64) -> AttentionCase {
    var generator = SeededGenerator(seed: seed)
    func length() -> Int {
      // Short ones as often as long ones, and what tiles divide as often as its neighbours.
      let longest = [8, 40, 200, 500].randomElement(using: &generator)!
      let length = Int.random(in: 1...longest, using: &generator)
      let step = [1, 1, 16, 48].randomElement(using: &generator)!
      return max(1, length / step * step + Int.random(in: -1...1, using: &generator) * (step > 1 ? 1 : 0))
    }
    func dimension() -> Int {
      Bool.random(using: &generator)
        ? [8, 16, 32, 64, 96, 128, 256].randomElement(using: &generator)! : Int.random(in: 1...140, using: &generator)
    }
    let keyValueHeads = Int.random(in: 1...2, using: &generator)
    let queryHeads = keyValueHeads * Int.random(in: 1...3, using: &generator)
    let lengths = (length(), length())
    let dimensions = (dimension(), dimension())
    var attentionCase = AttentionCase(
      batch: Int.random(in: 1...2, using: &generator), heads: (queryHeads, keyValueHeads), lengths: lengths,
      dimensions: dimensions, element: AttentionElementType.allCases.randomElement(using: &generator)!)
    // The bounds of 16-bit types are those of many rows.
    if attentionCase.shape.batch * queryHeads * lengths.0 < 16 { attentionCase.element = .float32 }
    attentionCase.seed = seed + 1
    let alignment: AttentionMask.Alignment = Bool.random(using: &generator) ? .topLeft : .bottomRight
    switch Int.random(in: 0..<4, using: &generator) {
    case 0: attentionCase.mask = .causal(alignment)
    case 1:
      attentionCase.mask = try! .slidingWindow(
        left: Int.random(in: 0...lengths.1, using: &generator), right: Int.random(in: 0...lengths.1, using: &generator),
        alignment)
    default: break
    }
    if Int.random(in: 0..<4, using: &generator) == 0 {
      attentionCase.booleanMask = BooleanMaskForm(
        form: BroadcastForm.allCases.randomElement(using: &generator)!, forbidsRows: Bool.random(using: &generator))
    }
    if Int.random(in: 0..<4, using: &generator) == 0 {
      attentionCase.bias = BiasForm(
        form: BroadcastForm.allCases.randomElement(using: &generator)!,
        element: AttentionElementType.allCases.randomElement(using: &generator)!,
        forbids: Bool.random(using: &generator))
    }
    if Int.random(in: 0..<4, using: &generator) == 0 {
      attentionCase.softcap = Float.random(in: 0.5...30, using: &generator)
    }
    if Int.random(in: 0..<4, using: &generator) == 0 {
      attentionCase.scale = Float.random(in: -0.5...0.5, using: &generator)
    }
    return attentionCase
  }
}

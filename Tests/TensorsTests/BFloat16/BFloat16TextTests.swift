import Tensors
import Testing

@Suite("BFloat16: text")
struct BFloat16TextTests {
  @Test("the text of every number that is not a NaN reads back to the same bits")
  func roundTrip() {
    for bits in allBitPatterns where !BFloat16(bitPattern: bits).isNaN {
      guard BFloat16(BFloat16(bitPattern: bits).description)?.bitPattern == bits else {
        Issue.record("\(bits) is written as \(BFloat16(bitPattern: bits))")
        return
      }
    }
    #expect(BFloat16(BFloat16.nan.description)?.isNaN == true)
  }

  @Test(
    "the text is the shortest that reads back",
    arguments: [
      (BFloat16(0.1), "0.1"), (1, "1.0"), (-2.5, "-2.5"), (.pi, "3.14"), (.ulpOfOne, "0.0078"), (300, "300.0"),
      (.greatestFiniteMagnitude, "3.39e+38"), (.leastNonzeroMagnitude, "9e-41"), (.leastNormalMagnitude, "1.18e-38"),
      (.zero, "0.0"), (-.zero, "-0.0"), (-.infinity, "-inf"), (.nan, "nan"),
    ])
  func shortest(number: BFloat16, text: String) {
    #expect(number.description == text)
  }

  @Test("text that is not a number gives nil", arguments: ["", "one", "1,5", "0x", "1.5 "])
  func refused(text: String) {
    #expect(BFloat16(text) == nil)
  }

  @Test("integer literals beyond the precision of Float round once")
  func integerLiteral() {
    // 2⁴⁰ + 2³² is the middle between two numbers, and one more makes it belong to the upper one.
    #expect(BFloat16(integerLiteral: 1 << 40 + 1 << 32) == 0x1p40)
    #expect((1_103_806_595_073 as BFloat16) == BFloat16(0x1.02p40))
  }
}

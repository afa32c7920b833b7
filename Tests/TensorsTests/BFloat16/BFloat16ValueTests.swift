import Tensors
import Testing

@Suite("BFloat16: values, order and arithmetic")
struct BFloat16ValueTests {
  @Test("the type takes two bytes and is named BF16 in files")
  func layout() {
    #expect(MemoryLayout<BFloat16>.size == 2)
    #expect(BFloat16.elementType.rawValue == "BF16")
  }

  @Test("constants have the values that the format defines")
  func constants() {
    #expect(Double(BFloat16.greatestFiniteMagnitude) == 0x1.FEp127)
    #expect(Double(BFloat16.leastNormalMagnitude) == 0x1p-126)
    #expect(Double(BFloat16.leastNonzeroMagnitude) == 0x1p-133)
    #expect(Double(BFloat16.ulpOfOne) == 0x1p-7)
    #expect(BFloat16.pi == 3.140625)
    #expect(BFloat16.zero.bitPattern == 0)
    #expect(BFloat16.infinity.isInfinite && BFloat16.nan.isNaN && BFloat16.signalingNaN.isSignalingNaN)
  }

  @Test("every value has the parts and the class that Float gives it")
  func parts() {
    for bits in allBitPatterns {
      let number = BFloat16(bitPattern: bits)
      let wide = Float(number)
      guard number.sign == wide.sign, number.floatingPointClass == wide.floatingPointClass,
        number.exponent == wide.exponent, number.isNaN || Float(number.significand) == wide.significand,
        BFloat16(
          sign: number.sign, exponentBitPattern: number.exponentBitPattern,
          significandBitPattern: number.significandBitPattern
        ).bitPattern == bits,
        !number.isFinite
          || BFloat16(sign: number.sign, exponent: number.exponent, significand: number.significand) == number
      else {
        Issue.record("\(bits)")
        return
      }
    }
  }

  @Test("the next number up and the unit in the last place span the gap to the neighbour")
  func neighbours() {
    for bits in UInt16(0)..<0x7F7F {
      let number = BFloat16(bitPattern: bits)
      guard number.nextUp.bitPattern == bits + 1, number.nextUp.nextDown == number,
        Double(number.ulp) == valueByDefinition(bits + 1) - valueByDefinition(bits),
        (-number).nextDown == -number.nextUp
      else {
        Issue.record("\(bits)")
        return
      }
    }
    #expect(BFloat16.greatestFiniteMagnitude.nextUp == .infinity)
    #expect((-BFloat16.infinity).nextUp == -.greatestFiniteMagnitude)
    #expect(BFloat16.infinity.ulp.isNaN)
  }

  @Test("zeros of either sign are equal and hash alike, and a NaN equals nothing, not even itself")
  func equality() {
    let negativeZero = -BFloat16.zero
    #expect(negativeZero == .zero && negativeZero.sign == .minus)
    #expect(Set([negativeZero, .zero]).count == 1)
    let notANumber = BFloat16.nan
    #expect((notANumber == notANumber) == false)
    #expect(Set([BFloat16.nan, .nan]).count == 2)
    #expect(Set([BFloat16(1), 2, 1]).count == 2)
  }

  @Test(
    "the order is that of the values, and nothing is ordered with a NaN",
    arguments: [-BFloat16.infinity, -1, 0, 1, .infinity, .nan])
  func order(left: BFloat16) {
    for right in [-BFloat16.infinity, -1, 0, 1, .infinity, .nan] as [BFloat16] {
      #expect((left < right) == (Double(left) < Double(right)))
      #expect((left <= right) == (Double(left) <= Double(right)))
      #expect((left > right) == (Double(left) > Double(right)))
      #expect((left >= right) == (Double(left) >= Double(right)))
    }
  }

  /// Bit patterns of finite numbers from all of the range, from a generator with a fixed seed.
  static func samples(_ count: Int, seed: UInt64) -> [BFloat16] {
    var generator = SplitMix64(state: seed)
    return (0..<count).map { _ in BFloat16(bitPattern: UInt16(truncatingIfNeeded: generator.next())) }.filter(
      \.isFinite)
  }

  @Test("sum, difference, product, quotient and root are those of Double, rounded once")
  func arithmetic() {
    // Double is wide enough for rounding twice to be innocuous for each of these operations.
    let left = Self.samples(40_000, seed: 1)
    let right = Self.samples(40_000, seed: 2)
    func same(_ result: BFloat16, _ expected: Double) -> Bool {
      result.bitPattern == BFloat16(expected).bitPattern || (result.isNaN && expected.isNaN)
    }
    for (a, b) in zip(left, right) {
      let (x, y) = (Double(a), Double(b))
      guard same(a + b, x + y), same(a - b, x - y), same(a * b, x * y), same(a / b, x / y),
        same(a.magnitude.squareRoot(), x.magnitude.squareRoot())
      else {
        Issue.record("\(a) and \(b)")
        return
      }
    }
  }

  @Test("adding a product rounds once where rounding the product first would go wrong")
  func fusedProduct() {
    // 261 is the middle between 260, the even one, and 262; 259 that between 258 and 260. The least addend decides.
    func sum(_ addend: BFloat16, _ left: BFloat16, _ right: BFloat16) -> BFloat16 { addend.addingProduct(left, right) }
    #expect(sum(.leastNonzeroMagnitude, 9, 29) == 262)
    #expect(sum(0, 9, 29) == 260)
    #expect(sum(-.leastNonzeroMagnitude, 7, 37) == 258)
    #expect(sum(0, 7, 37) == 260)
    #expect(sum(-.leastNonzeroMagnitude, -9, 29) == -262)
    #expect(sum(.infinity, -.infinity, 1).isNaN)
  }

  @Test("remainders are exact and rounding follows the rule")
  func remainders() {
    #expect(BFloat16(7).truncatingRemainder(dividingBy: 4) == 3)
    #expect(BFloat16(7).remainder(dividingBy: 4) == -1)
    #expect(BFloat16(2.5).rounded() == 3)
    #expect(BFloat16(2.5).rounded(.toNearestOrEven) == 2)
    #expect(BFloat16(-2.5).rounded(.up) == -2)
  }

  @Test("negation and magnitude change the sign alone")
  func signs() {
    #expect((-BFloat16.nan).bitPattern == 0xFFC0)
    #expect((-BFloat16(1.5)).magnitude == 1.5)
    var number: BFloat16 = 2
    number.negate()
    #expect(number == -2)
    #expect(stride(from: BFloat16(0), to: 1, by: 0.25).map(Float.init) == [0, 0.25, 0.5, 0.75])
  }
}

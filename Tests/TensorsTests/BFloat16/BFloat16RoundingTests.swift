import Tensors
import Testing

/// All bit patterns of the type.
let allBitPatterns = UInt16.min...UInt16.max

/// The value of a finite bit pattern from the definition of the format, without the type under test.
func valueByDefinition(_ bits: UInt16) -> Double {
  let sign = bits & 0x8000 == 0 ? 1.0 : -1.0
  let exponent = Int(bits >> 7 & 0xFF)
  let fraction = Double(bits & 0x7F) / 128
  let scale = Double(sign: .plus, exponent: max(exponent, 1) - 127, significand: 1)
  return sign * scale * (exponent == 0 ? fraction : 1 + fraction)
}

@Suite("BFloat16: rounding")
struct BFloat16RoundingTests {
  static let finite = allBitPatterns.filter { $0 & 0x7F80 != 0x7F80 }

  @Test("every finite bit pattern has the value that the format defines, in Float and in Double")
  func values() {
    #expect(
      Self.finite.allSatisfy { bits in
        let number = BFloat16(bitPattern: bits)
        let expected = valueByDefinition(bits)
        return Double(number).bitPattern == expected.bitPattern
          && Double(Float(number)).bitPattern == expected.bitPattern
      })
  }

  @Test("every bit pattern that is not a NaN survives the way through Float, Double and Float80")
  func roundTrip() {
    for bits in allBitPatterns where !BFloat16(bitPattern: bits).isNaN {
      let number = BFloat16(bitPattern: bits)
      guard BFloat16(Float(number)).bitPattern == bits, BFloat16(Double(number)).bitPattern == bits else {
        Issue.record("\(bits) does not survive")
        return
      }
      #if arch(x86_64)
        #expect(BFloat16(Float80(number)).bitPattern == bits)
      #endif
    }
  }

  @Test("every NaN stays a NaN of the same sign and becomes quiet")
  func notANumber() {
    for bits in allBitPatterns where BFloat16(bitPattern: bits).isNaN {
      let number = BFloat16(bitPattern: bits)
      for converted in [BFloat16(Float(number)), BFloat16(Double(number))] {
        guard converted.isNaN, !converted.isSignalingNaN, converted.sign == number.sign else {
          Issue.record("\(bits) became \(converted.bitPattern)")
          return
        }
      }
    }
    #expect(
      BFloat16(Float(bitPattern: 0x7F80_0001)).isNaN, "a payload in the lower half alone must not become infinity")
  }

  /// Two neighbouring finite numbers and the exact middle between them; the upper neighbour of the greatest finite
  /// number is 2¹²⁸, which stands for infinity.
  static let intervals = (UInt16(0)..<0x7F80).map { bits in
    let low = valueByDefinition(bits)
    let high = bits == 0x7F7F ? Double(sign: .plus, exponent: 128, significand: 1) : valueByDefinition(bits + 1)
    return (bits: bits, middle: low + (high - low) / 2)
  }

  @Test(
    "between any two neighbours a Double goes to the nearer one and the middle to the even one", arguments: [1.0, -1])
  func nearestEvenFromDouble(sign: Double) {
    for (bits, middle) in Self.intervals {
      let signBit: UInt16 = sign < 0 ? 0x8000 : 0
      let even = bits & 1 == 0 ? bits : bits + 1
      // The neighbours of the middle in `Double` become the middle in `Float`: a second rounding goes wrong.
      guard BFloat16(sign * middle.nextDown).bitPattern == bits | signBit,
        BFloat16(sign * middle).bitPattern == even | signBit,
        BFloat16(sign * middle.nextUp).bitPattern == (bits + 1) | signBit
      else {
        Issue.record("around \(sign * middle)")
        return
      }
    }
  }

  @Test(
    "between any two neighbours a Float goes to the nearer one and the middle to the even one",
    arguments: [1, -1] as [Float])
  func nearestEvenFromFloat(sign: Float) {
    for (bits, middle) in Self.intervals {
      let middle = Float(middle)
      let signBit: UInt16 = sign < 0 ? 0x8000 : 0
      let even = bits & 1 == 0 ? bits : bits + 1
      guard BFloat16(sign * middle.nextDown).bitPattern == bits | signBit,
        BFloat16(sign * middle).bitPattern == even | signBit,
        BFloat16(sign * middle.nextUp).bitPattern == (bits + 1) | signBit
      else {
        Issue.record("around \(sign * middle)")
        return
      }
    }
  }

  #if arch(x86_64)
    @Test("a Float80 next to a middle is rounded once")
    func nearestEvenFromFloat80() {
      for (bits, middle) in Self.intervals {
        let middle = Float80(middle)
        guard BFloat16(middle.nextDown).bitPattern == bits, BFloat16(middle.nextUp).bitPattern == bits + 1 else {
          Issue.record("around \(middle)")
          return
        }
      }
    }
  #endif

  @Test(
    "magnitudes from the middle above the greatest number on become infinite",
    arguments: [(3.3895313892515355e38, false), (3.3961775292304601e38, true), (3.4e38, true), (1e300, true)])
  func overflow(value: Double, isInfinite: Bool) {
    #expect(BFloat16(value).isInfinite == isInfinite)
    #expect(BFloat16(Float(-value)).isInfinite == isInfinite)
  }

  @Test("every Float16 rounds as its exact value does, and every number rounds to the Float16 nearest to it")
  func halfPrecision() {
    for bits in allBitPatterns {
      let half = Float16(bitPattern: bits)
      let number = BFloat16(bitPattern: bits)
      guard half.isNaN || BFloat16(half).bitPattern == BFloat16(Double(half)).bitPattern,
        number.isNaN || Float16(number).bitPattern == Float16(Double(number)).bitPattern
      else {
        Issue.record("\(bits)")
        return
      }
    }
  }

  @Test(
    "integers round to the nearest number, and exactly or not at all where that is asked for",
    arguments: [(0, 0), (1, 1), (-3, -3), (256, 256), (257, 256), (259, 260), (Int.max, 1 << 62), (Int.min, Int.min)])
  func integers(value: Int, expected: Int) {
    // 2⁶³ is the number nearest to the greatest Int, which has no room for it.
    let expected = value == .max ? 2 * Double(expected) : Double(expected)
    #expect(Double(BFloat16(value)) == expected)
    #expect((BFloat16(exactly: value) != nil) == (Double(value) == expected && value != .max))
  }

  @Test("generic conversions agree with the concrete ones")
  func generic() {
    func convert<Source: BinaryFloatingPoint, Target: BinaryFloatingPoint>(_ value: Source, to: Target.Type) -> Target {
      Target(value)
    }
    for bits in stride(from: UInt16(0), to: 0x7F80, by: 97) {
      let number = BFloat16(bitPattern: bits)
      #expect(convert(Double(number).nextUp, to: BFloat16.self) == BFloat16(Double(number).nextUp))
      #expect(convert(number, to: Double.self) == Double(number))
      #expect(convert(number, to: Float.self) == Float(number))
      #expect(convert(number, to: BFloat16.self) == number)
    }
    #expect(BFloat16(exactly: 0.1) == nil)
    #expect(BFloat16(exactly: 0.5) == 0.5)
  }
}

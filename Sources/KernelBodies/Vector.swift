import KernelIntrinsics

// The vector type of the instruction set that this module is compiled for. Everything else in the module is written in
// terms of it.

#if ISA_AVX512
  typealias Vector = SIMD16<Float>
  typealias VectorBits = SIMD16<UInt32>
  typealias VectorIndices = SIMD16<Int32>
  typealias VectorHalves = SIMD16<UInt16>
#elseif ISA_AVX2
  typealias Vector = SIMD8<Float>
  typealias VectorBits = SIMD8<UInt32>
  typealias VectorIndices = SIMD8<Int32>
  typealias VectorHalves = SIMD8<UInt16>
#else
  typealias Vector = SIMD4<Float>
  typealias VectorBits = SIMD4<UInt32>
  typealias VectorIndices = SIMD4<Int32>
  typealias VectorHalves = SIMD4<UInt16>
#endif

/// The number of fp32 lanes of a ``Vector``.
var laneCount: Int {
  @inline(__always) get { Vector.scalarCount }
}

extension Vector {
  static var zeros: Vector {
    @inline(__always) get { Vector(repeating: 0) }
  }

  @inline(__always)
  init(at pointer: UnsafePointer<Float>) {
    self = UnsafeRawPointer(pointer).loadUnaligned(as: Vector.self)
  }

  @inline(__always)
  init(at pointer: UnsafeMutablePointer<Float>) {
    self = UnsafeRawPointer(pointer).loadUnaligned(as: Vector.self)
  }

  /// The first words at an address, at most a vector of them, and zeros behind them, for which nothing is read.
  @inline(__always)
  init(firstWords count: Int, at address: UnsafeRawPointer) {
    let count = Int32(truncatingIfNeeded: count)
    #if ISA_AVX512
      self = kernel_first_words16(address, count)
    #elseif ISA_AVX2
      self = kernel_first_words8(address, count)
    #else
      self = kernel_first_words4(address, count)
    #endif
  }

  /// Stores the first words, at most all; nothing is written behind them.
  @inline(__always)
  func store(firstWords count: Int, at address: UnsafeMutableRawPointer) {
    let count = Int32(truncatingIfNeeded: count)
    #if ISA_AVX512
      kernel_store_first_words16(address, self, count)
    #elseif ISA_AVX2
      kernel_store_first_words8(address, self, count)
    #else
      kernel_store_first_words4(address, self, count)
    #endif
  }

  @inline(__always)
  func store(at pointer: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(pointer).storeBytes(of: self, as: Vector.self)
  }

  /// `self + a · b`, fused where the instruction set fuses.
  ///
  /// Baseline x86-64 has no fused multiply-add; `addProduct` would call `fmaf` for every lane there.
  @inline(__always)
  func adding(product a: Vector, _ b: Vector) -> Vector {
    #if ISA_AVX2 || ISA_AVX512
      return self.addingProduct(a, b)
    #else
      return self + a * b
    #endif
  }

  /// The larger of two values; `self` where either is NaN.
  ///
  /// `pointwiseMax` compiles to 66 instructions because of its NaN semantics; this is one.
  @inline(__always)
  func maximum(_ candidate: Vector) -> Vector {
    #if ISA_AVX512
      return kernel_maximum16(self, candidate)
    #elseif ISA_AVX2
      return kernel_maximum8(self, candidate)
    #else
      return kernel_maximum4(self, candidate)
    #endif
  }

  /// The nearest bfloat16 numbers of two vectors: each lane holds that of `low` in its low half and that of `high` in
  /// its high half.
  @inline(__always)
  static func brainFloatPairs(_ low: Vector, _ high: Vector) -> Vector {
    #if ISA_AVX512
      return kernel_nearest_brain_float_pairs16(low, high)
    #elseif ISA_AVX2
      return kernel_nearest_brain_float_pairs8(low, high)
    #else
      return kernel_nearest_brain_float_pairs4(low, high)
    #endif
  }

  /// The bits of the nearest bfloat16 numbers, as ``brainFloatBits(_:)``.
  var brainFloatBits: VectorHalves {
    @inline(__always) get {
      #if ISA_AVX512
        return kernel_brain_float_bits16(self)
      #elseif ISA_AVX2
        return kernel_brain_float_bits8(self)
      #else
        return kernel_brain_float_bits4(self)
      #endif
    }
  }
}

/// The sums of the lanes of four vectors.
@inline(__always)
func laneSums(_ a: Vector, _ b: Vector, _ c: Vector, _ d: Vector) -> SIMD4<Float> {
  #if ISA_AVX512
    return kernel_lane_sums16(a, b, c, d)
  #elseif ISA_AVX2
    return kernel_lane_sums8(a, b, c, d)
  #else
    return kernel_lane_sums4(a, b, c, d)
  #endif
}

/// The sums of the lanes of sixteen vectors with AVX-512, and elsewhere of the block's first eight, multiplied by
/// `factor` and stored as neighbours.
@inline(__always)
func storeLaneSums(_ block: VectorBlock, factor: Float, at destination: UnsafeMutablePointer<Float>) {
  #if ISA_AVX512
    let sums = kernel_joined_quarter_sums16(
      kernel_quarter_sums16(block[0], block[1], block[2], block[3]),
      kernel_quarter_sums16(block[4], block[5], block[6], block[7]),
      kernel_quarter_sums16(block[8], block[9], block[10], block[11]),
      kernel_quarter_sums16(block[12], block[13], block[14], block[15]))
    (sums * factor).store(at: destination)
  #elseif ISA_AVX2
    let sums = kernel_joined_sums(
      kernel_joined8(block[0], block[4]), kernel_joined8(block[1], block[5]), kernel_joined8(block[2], block[6]),
      kernel_joined8(block[3], block[7]))
    UnsafeMutableRawPointer(destination).storeBytes(of: sums * factor, as: SIMD8<Float>.self)
  #else
    let sums = kernel_joined_sums(
      kernel_joined4(block[0], block[4]), kernel_joined4(block[1], block[5]), kernel_joined4(block[2], block[6]),
      kernel_joined4(block[3], block[7]))
    UnsafeMutableRawPointer(destination).storeBytes(of: sums * factor, as: SIMD8<Float>.self)
  #endif
}

extension Float {
  /// `self + a · b`, fused where ``Vector/adding(product:_:)`` is, so that a plain loop gives the same bits.
  @inline(__always)
  func adding(product a: Float, _ b: Float) -> Float {
    #if ISA_AVX2 || ISA_AVX512
      return self.addingProduct(a, b)
    #else
      return self + a * b
    #endif
  }
}

extension Vector {
  /// The bits of the lanes without their signs.
  var magnitudeBits: VectorIndices {
    @inline(__always) get { unsafeBitCast(self, to: VectorIndices.self) & VectorIndices(repeating: .max) }
  }

  /// The numbers, with others in the place of those that are infinite or NaN.
  @inline(__always)
  func replacingNonFinite(with other: Vector) -> Vector {
    let infinity = VectorIndices(repeating: Int32(bitPattern: Float.infinity.bitPattern))
    return replacing(with: other, where: magnitudeBits .>= infinity)
  }
}

extension VectorIndices {
  @inline(__always)
  func maximum(_ other: VectorIndices) -> VectorIndices {
    #if ISA_AVX512
      return kernel_greater16(self, other)
    #elseif ISA_AVX2
      return kernel_greater8(self, other)
    #else
      return kernel_greater4(self, other)
    #endif
  }

  /// Whether all are ``Vector/magnitudeBits`` of finite numbers, whose bits are below those of infinity and NaN.
  var areFiniteMagnitudes: Bool {
    @inline(__always) get { greatestLane < Int32(bitPattern: Float.infinity.bitPattern) }
  }

  private var greatestLane: Int32 {
    @inline(__always) get {
      #if ISA_AVX512
        return kernel_greatest_lane16(self)
      #elseif ISA_AVX2
        return kernel_greatest_lane8(self)
      #else
        return kernel_greatest_lane4(self)
      #endif
    }
  }
}

import KernelIntrinsics

/// One way of storing elements, as a type, so that a loop over rows is compiled for it without asking at every vector.
protocol ElementFormat {
  /// The size of one element in bytes.
  static var size: Int { get }
  /// ``laneCount`` neighbouring elements as fp32.
  static func load(_ address: UnsafeRawPointer) -> Vector
  /// Stores ``laneCount`` neighbouring elements, rounded to nearest even in a 16-bit type.
  static func store(_ vector: Vector, at address: UnsafeMutableRawPointer)

  /// One half of the 2 · ``laneCount`` elements of a chunk: those that are cheapest to take out together. The other
  /// half is ``loadSecond(_:)``.
  static func loadFirst(_ address: UnsafeRawPointer) -> Vector
  static func loadSecond(_ address: UnsafeRawPointer) -> Vector
  /// The place of a column where rows are stored as halves of chunks.
  static func place(ofColumn column: Int) -> Int
}

extension ElementFormat {
  @inline(__always)
  static func loadFirst(_ address: UnsafeRawPointer) -> Vector { load(address) }

  @inline(__always)
  static func loadSecond(_ address: UnsafeRawPointer) -> Vector { load(address + laneCount * size) }

  @inline(__always)
  static func place(ofColumn column: Int) -> Int { column }
}

// Lane loops over a pointer become a few instructions, if not everywhere; the vector initialisers are outlined calls.

enum Float32Format: ElementFormat {
  static var size: Int { @inline(__always) get { 4 } }

  @inline(__always)
  static func load(_ address: UnsafeRawPointer) -> Vector { address.loadUnaligned(as: Vector.self) }

  @inline(__always)
  static func store(_ vector: Vector, at address: UnsafeMutableRawPointer) {
    address.storeBytes(of: vector, as: Vector.self)
  }
}

enum Float16Format: ElementFormat {
  static var size: Int { @inline(__always) get { 2 } }

  @inline(__always)
  static func load(_ address: UnsafeRawPointer) -> Vector {
    #if ISA_AVX512
      return kernel_load_halves16(address)
    #elseif ISA_AVX2
      return kernel_load_halves8(address)
    #else
      let halves = address.assumingMemoryBound(to: Float16.self)
      var result = Vector.zeros
      for lane in 0..<laneCount { result[lane] = Float(halves[lane]) }
      return result
    #endif
  }

  @inline(__always)
  static func store(_ vector: Vector, at address: UnsafeMutableRawPointer) {
    // A lane loop would stay scalar.
    #if ISA_AVX512
      kernel_store_halves16(address, vector)
    #elseif ISA_AVX2
      kernel_store_halves8(address, vector)
    #else
      let halves = address.assumingMemoryBound(to: Float16.self)
      for lane in 0..<laneCount { halves[lane] = Float16(vector[lane]) }
    #endif
  }
}

enum BrainFloatFormat: ElementFormat {
  static var size: Int { @inline(__always) get { 2 } }

  @inline(__always)
  static func load(_ address: UnsafeRawPointer) -> Vector {
    let bits = address.assumingMemoryBound(to: UInt16.self)
    var result = Vector.zeros
    for lane in 0..<laneCount { result[lane] = Float(bitPattern: UInt32(bits[lane]) << 16) }
    return result
  }

  @inline(__always)
  static func store(_ vector: Vector, at address: UnsafeMutableRawPointer) {
    // A lane loop would stay scalar.
    address.storeBytes(of: vector.brainFloatBits, as: VectorHalves.self)
  }

  // Two neighbours lie in one 32-bit element, from which a shift or a mask makes an fp32 number: one instruction where
  // widening neighbours takes two.

  @inline(__always)
  static func loadFirst(_ address: UnsafeRawPointer) -> Vector {
    #if ISA_AVX512
      return kernel_even_brain_floats16(address)
    #elseif ISA_AVX2
      return kernel_even_brain_floats8(address)
    #else
      return kernel_even_brain_floats4(address)
    #endif
  }

  @inline(__always)
  static func loadSecond(_ address: UnsafeRawPointer) -> Vector {
    #if ISA_AVX512
      return kernel_odd_brain_floats16(address)
    #elseif ISA_AVX2
      return kernel_odd_brain_floats8(address)
    #else
      return kernel_odd_brain_floats4(address)
    #endif
  }

  @inline(__always)
  static func place(ofColumn column: Int) -> Int {
    let chunk = column / (2 * laneCount) * 2 * laneCount
    return chunk + (column - chunk) / 2 + (column & 1) * laneCount
  }
}

/// One byte, 0 or not; masks only, which are never written.
enum BooleanFormat: ElementFormat {
  static var size: Int { @inline(__always) get { 1 } }

  @inline(__always)
  static func load(_ address: UnsafeRawPointer) -> Vector {
    let bytes = address.assumingMemoryBound(to: UInt8.self)
    var result = Vector.zeros
    for lane in 0..<laneCount { result[lane] = bytes[lane] == 0 ? 0 : 1 }
    return result
  }

  @inline(__always)
  static func store(_ vector: Vector, at address: UnsafeMutableRawPointer) {}
}

/// The bits of the nearest bfloat16, ties to even; NaN stays a quiet NaN.
@inline(__always)
func brainFloatBits(_ value: Float) -> UInt16 {
  let bits = value.bitPattern
  let rounded = UInt16(truncatingIfNeeded: (bits &+ 0x7fff &+ ((bits >> 16) & 1)) >> 16)
  let quiet = UInt16(truncatingIfNeeded: bits >> 16) | 0x40
  return bits & 0x7fff_ffff > 0x7f80_0000 ? quiet : rounded
}

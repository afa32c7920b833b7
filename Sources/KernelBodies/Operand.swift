import KernelIntrinsics

/// How the elements of an operand are stored. The engine writes the raw values into ``KernelOperand/element``.
///
/// A Swift type of this module and not a C enumeration, because the metadata of an imported enumeration would be shared
/// between the modules of different instruction sets.
enum StoredElement {
  case float32
  case float16
  case bfloat16
  /// One byte, 0 or 1; masks only.
  case boolean

  var rawValue: Int32 {
    switch self {
    case .float32: 0
    case .float16: 1
    case .bfloat16: 2
    case .boolean: 3
    }
  }

  @inline(__always)
  init(_ rawValue: Int32) {
    switch rawValue {
    case 0: self = .float32
    case 1: self = .float16
    case 2: self = .bfloat16
    default: self = .boolean
    }
  }
}

extension KernelOperand {
  var stored: StoredElement {
    @inline(__always) get { StoredElement(element) }
  }

  var isBrainFloat: Bool {
    @inline(__always) get { stored == .bfloat16 }
  }

  /// Whether the elements of a row can be read as fp32 where they lie.
  var hasContiguousFloatRows: Bool {
    @inline(__always) get { stored == .float32 && columnStride == 1 }
  }

  /// The size of one element in bytes.
  var elementSize: Int {
    switch stored {
    case .float32: 4
    case .float16, .bfloat16: 2
    case .boolean: 1
    }
  }

  var isPresent: Bool {
    @inline(__always) get { base != nil }
  }

  /// The offset of a row's first element from the base, in elements.
  @inline(__always)
  func offset(batch: Int, head: Int, row: Int) -> Int {
    batch * batchStride + head * headStride + row * rowStride
  }

  /// The operand without the columns before one.
  @inline(__always)
  func from(column: Int) -> KernelOperand {
    var operand = self
    operand.rowsEnd -= column * columnStride
    operand.base = base.unsafelyUnwrapped + column * columnStride * elementSize
    return operand
  }

  /// The element at `offset` as fp32.
  @inline(__always)
  func scalar(at offset: Int) -> Float {
    let base = self.base.unsafelyUnwrapped
    switch stored {
    case .float32:
      return (base + offset * 4).load(as: Float.self)
    case .float16:
      return Float(Float16(bitPattern: (base + offset * 2).load(as: UInt16.self)))
    case .bfloat16:
      return Float(bitPattern: UInt32((base + offset * 2).load(as: UInt16.self)) << 16)
    case .boolean:
      return (base + offset).load(as: UInt8.self) == 0 ? 0 : 1
    }
  }

  /// `count` elements of a row from `offset` on as fp32, the lanes beyond them zero.
  @inline(__always)
  func vector(at offset: Int, count: Int) -> Vector {
    if columnStride == 1 && count >= laneCount {
      let base = UnsafeRawPointer(self.base.unsafelyUnwrapped)
      switch stored {
      case .float32: return Float32Format.load(base + offset * 4)
      case .float16: return Float16Format.load(base + offset * 2)
      case .bfloat16: return BrainFloatFormat.load(base + offset * 2)
      case .boolean: return BooleanFormat.load(base + offset)
      }
    }
    return partialVector(at: offset, count: min(count, laneCount))
  }

  /// How many words `count` elements of a row are; nil where they do not lie in one piece, or end within a word.
  @inline(__always)
  private func words(_ count: Int) -> Int? {
    let bytes = count * elementSize
    return columnStride == 1 && bytes % 4 == 0 ? bytes / 4 : nil
  }

  @inline(never)
  private func partialVector(at offset: Int, count: Int) -> Vector {
    if let words = words(count) {
      let vector = Vector(firstWords: words, at: base.unsafelyUnwrapped + offset * elementSize)
      return withUnsafeBytes(of: vector) { bytes in
        let address = bytes.baseAddress.unsafelyUnwrapped
        switch stored {
        case .float32: return Float32Format.load(address)
        case .float16: return Float16Format.load(address)
        case .bfloat16: return BrainFloatFormat.load(address)
        case .boolean: return BooleanFormat.load(address)
        }
      }
    }
    var result = Vector.zeros
    var lane = 0
    while lane < count {
      result[lane] = scalar(at: offset + lane * columnStride)
      lane += 1
    }
    return result
  }

  /// Stores the first `count` lanes of `vector` at `offset`, rounded to nearest even in a 16-bit type.
  @inline(__always)
  func store(_ vector: Vector, at offset: Int, count: Int) {
    let base = self.base.unsafelyUnwrapped
    if columnStride == 1 && count >= laneCount && stored == .float32 {
      (base + offset * 4).storeBytes(of: vector, as: Vector.self)
    } else {
      storeConverted(vector, at: offset, count: min(count, laneCount))
    }
  }

  @inline(never)
  private func storeConverted(_ vector: Vector, at offset: Int, count: Int) {
    let base = self.base.unsafelyUnwrapped
    if columnStride == 1 && count == laneCount {
      switch stored {
      case .float16: return Float16Format.store(vector, at: base + offset * 2)
      case .bfloat16: return BrainFloatFormat.store(vector, at: base + offset * 2)
      case .float32, .boolean: break
      }
    }
    if stored != .boolean, let words = words(count) {
      var bits = Vector.zeros
      withUnsafeMutableBytes(of: &bits) { bytes in
        let address = bytes.baseAddress.unsafelyUnwrapped
        switch stored {
        case .float32: Float32Format.store(vector, at: address)
        case .float16: Float16Format.store(vector, at: address)
        case .bfloat16: BrainFloatFormat.store(vector, at: address)
        case .boolean: break
        }
      }
      return bits.store(firstWords: words, at: base + offset * elementSize)
    }
    var lane = 0
    while lane < count {
      let position = offset + lane * columnStride
      switch stored {
      case .float32:
        (base + position * 4).storeBytes(of: vector[lane], as: Float.self)
      case .float16:
        (base + position * 2).storeBytes(of: Float16(vector[lane]).bitPattern, as: UInt16.self)
      case .bfloat16:
        (base + position * 2).storeBytes(of: brainFloatBits(vector[lane]), as: UInt16.self)
      case .boolean:
        break
      }
      lane += 1
    }
  }
}

extension KernelProblem {
  /// Whether the problem is one of bf16 numbers, for which some processors have a dot product.
  var isBrainFloat: Bool { query.isBrainFloat }
}

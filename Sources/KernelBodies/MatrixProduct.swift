/// The broadcast operand A of a product: a matrix in memory, read by row or by column.
struct ScalarOperand<Layout: ScalarLayout, Terms: TermArithmetic> {
  var base: UnsafePointer<Float>
  /// The distance of neighbouring rows in memory, in elements.
  var stride: Int

  /// The same rows, beginning with a later term of their sums.
  func from(term: Int) -> Self { Self(base: base + term * Layout.depthStride(stride), stride: stride) }
}

/// How much of a product is computed whose operands are sums of parts; see ``SplitTerms``.
enum ProductAccuracy {
  /// All that operands in their own precision deserve.
  case exact
  /// Without what is about as small as what one operand may have lost when it was put into parts.
  case ofRoundedOperand
}

/// C[r, lane] = start + Σₖ A[r, k] · B[k, lane] for any number of rows, vectors and terms.
///
/// - Parameters:
///   - rows: The rows of A and C.
///   - vectors: The width of B and C in vectors.
///   - depth: The number of terms of each sum.
///   - scalars: A.
///   - operand: B, `depth` rows of `vectors` vectors, `stride` elements apart.
///   - destination: C, `rows` rows of `vectors` vectors, `destinationStride` elements apart.
///   - accuracy: What the operands allow to be left out where numbers are sums of parts.
///   - maxima: One number for each lane of C, which is raised to the greatest of the lane's results, or nil. Only
///     products of three vectors, the width of a lane group, do that: wider and narrower register tiles would run out
///     of registers.
///   - prefetch: What to ask the caches for on the way, or nil.
func multiply<Layout: ScalarLayout, Terms: TermArithmetic>(
  rows: Int,
  vectors: Int,
  depth: Int,
  _ scalars: ScalarOperand<Layout, Terms>,
  _ operand: UnsafePointer<Float>,
  stride: Int,
  into destination: UnsafeMutablePointer<Float>,
  destinationStride: Int,
  start: AccumulatorStart,
  accuracy: ProductAccuracy = .exact,
  raising maxima: UnsafeMutablePointer<Float>? = nil,
  prefetch: UnsafeMutablePointer<Prefetch>? = nil
) {
  Terms.multiply(
    rows: rows, vectors: vectors, depth: depth, scalars, operand, stride: stride, into: destination,
    destinationStride: destinationStride, start: start, accuracy: accuracy, raising: maxima, prefetch: prefetch)
}

extension RegisterTerms {
  /// The product by register tiles; its parameters are those of
  /// ``multiply(rows:vectors:depth:_:_:stride:into:destinationStride:start:accuracy:raising:prefetch:)``.
  static func multiply<Layout: ScalarLayout>(
    rows: Int,
    vectors: Int,
    depth: Int,
    _ scalars: ScalarOperand<Layout, Self>,
    _ operand: UnsafePointer<Float>,
    stride: Int,
    into destination: UnsafeMutablePointer<Float>,
    destinationStride: Int,
    start: AccumulatorStart,
    accuracy: ProductAccuracy,
    raising maxima: UnsafeMutablePointer<Float>?,
    prefetch: UnsafeMutablePointer<Prefetch>?
  ) {
    assert(maxima == nil || vectors == Three.value)
    @inline(__always)
    func multiplyColumns<Moments: FetchMoments>(_ moments: Moments.Type) {
      var column = 0
      while column < vectors {
        let width = registerTileWidth(vectors - column)
        let source = operand + column * laneCount
        let target = destination + column * laneCount
        let columnStart = start.from(column: column)
        switch width {
        case 1:
          multiplyColumn(
            Eight.self, One.self, moments, rows, depth, scalars, source, stride, target, destinationStride, columnStart,
            nil, prefetch)
        case 2:
          multiplyColumn(
            TwoVectorRows.self, Two.self, moments, rows, depth, scalars, source, stride, target, destinationStride,
            columnStart, nil, prefetch)
        #if ISA_AVX512
          case 4:
            multiplyColumn(
              FourVectorRows.self, Four.self, moments, rows, depth, scalars, source, stride, target, destinationStride,
              columnStart, nil, prefetch)
        #endif
        default:
          multiplyColumn(
            ThreeVectorRows.self, Three.self, moments, rows, depth, scalars, source, stride, target, destinationStride,
            columnStart, maxima, prefetch)
        }
        column += width
      }
    }
    if let prefetch, prefetch.pointee.burstsPerTile > 1 {
      multiplyColumns(WithinTiles.self)
    } else {
      multiplyColumns(BeforeTiles.self)
    }
  }
}

// The number of rows that fills the register file for each width.
#if ISA_AVX512
  typealias TwoVectorRows = Twelve
  typealias ThreeVectorRows = Eight
  typealias FourVectorRows = Six
#elseif ISA_AVX2
  typealias TwoVectorRows = Six
  typealias ThreeVectorRows = Four
#else
  typealias TwoVectorRows = Four
  typealias ThreeVectorRows = Three
#endif

/// The rows of the first register tiles of a product.
@inline(__always)
func registerTileRows(vectors: Int) -> Int {
  switch registerTileWidth(vectors) {
  case 1: Eight.value
  case 2: TwoVectorRows.value
  #if ISA_AVX512
    case 4: FourVectorRows.value
  #endif
  default: ThreeVectorRows.value
  }
}

/// The width of the next register tile, in vectors, where `remaining` are left: as wide as pays, without a remainder
/// of 1.
@inline(__always)
private func registerTileWidth(_ remaining: Int) -> Int {
  #if ISA_AVX512
    return remaining == 4 || remaining >= 7 ? 4 : min(remaining, 3)
  #else
    // 4 vectors, a broadcast and 12 accumulators are more than 16 registers.
    return remaining == 4 ? 2 : min(remaining, 3)
  #endif
}

/// One column of register tiles: full tiles first, then the remaining rows by powers of two.
@inline(never)
private func multiplyColumn<
  Rows: Count, Vectors: Count, Moments: FetchMoments, Layout: ScalarLayout, Terms: RegisterTerms
>(
  _ tileRows: Rows.Type,
  _ tileVectors: Vectors.Type,
  _ moments: Moments.Type,
  _ rows: Int,
  _ depth: Int,
  _ scalars: ScalarOperand<Layout, Terms>,
  _ operand: UnsafePointer<Float>,
  _ stride: Int,
  _ destination: UnsafeMutablePointer<Float>,
  _ destinationStride: Int,
  _ start: AccumulatorStart,
  _ maxima: UnsafeMutablePointer<Float>?,
  _ prefetch: UnsafeMutablePointer<Prefetch>?
) {
  @inline(__always)
  func multiplyRows<Part: Count>(_ part: Part.Type, from row: Int) {
    prefetch?.pointee.fetch()
    RegisterTileProduct<Tile<Part, Vectors>, Layout, Terms>(
      depth: depth, scalars: Layout.start(scalars.base, row: row, stride: scalars.stride), scalarStride: scalars.stride,
      vectors: operand, vectorStride: stride
    ).accumulate(
      into: destination + row * destinationStride, stride: destinationStride, start: start, raising: maxima,
      moments, prefetch)
  }
  var row = 0
  while rows - row >= Rows.value {
    multiplyRows(Rows.self, from: row)
    row += Rows.value
  }
  if Rows.value > 4 {
    while rows - row >= 4 {
      multiplyRows(Four.self, from: row)
      row += 4
    }
  }
  if rows - row >= 2 {
    multiplyRows(Two.self, from: row)
    row += 2
  }
  if rows - row >= 1 { multiplyRows(One.self, from: row) }
}

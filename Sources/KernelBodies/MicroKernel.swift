/// The register tile of one matrix product: `rows` broadcast scalars by `vectors` vectors of accumulators.
///
/// The counts are types, so that the compiler unrolls the tile completely and keeps every accumulator in a register.
protocol RegisterTile {
  static var rows: Int { get }
  static var vectors: Int { get }
}

protocol Count {
  static var value: Int { get }
}

enum One: Count { static var value: Int { @inline(__always) get { 1 } } }
enum Two: Count { static var value: Int { @inline(__always) get { 2 } } }
enum Three: Count { static var value: Int { @inline(__always) get { 3 } } }
enum Four: Count { static var value: Int { @inline(__always) get { 4 } } }
enum Six: Count { static var value: Int { @inline(__always) get { 6 } } }
enum Eight: Count { static var value: Int { @inline(__always) get { 8 } } }
enum Twelve: Count { static var value: Int { @inline(__always) get { 12 } } }

enum Tile<Rows: Count, Vectors: Count>: RegisterTile {
  static var rows: Int { @inline(__always) get { Rows.value } }
  static var vectors: Int { @inline(__always) get { Vectors.value } }
}

/// What the accumulators hold before the first product is added.
enum AccumulatorStart {
  /// Zero; the destination's contents do not matter.
  case zero
  /// The destination.
  case destination
  /// The destination times one factor per lane: how online softmax rescales its output for free.
  case scaledDestination(by: UnsafePointer<Float>)
}

/// One operand of a product whose elements are read as broadcast scalars.
struct ScalarOperand {
  var base: UnsafePointer<Float>
  /// The distance of neighbouring result rows, in elements.
  var rowStride: Int
  /// The distance of neighbouring terms of the sum, in elements.
  var depthStride: Int

  @inline(__always)
  func advanced(rows: Int) -> ScalarOperand {
    ScalarOperand(base: base + rows * rowStride, rowStride: rowStride, depthStride: depthStride)
  }

  @inline(__always)
  func advanced(depth: Int) -> ScalarOperand {
    ScalarOperand(base: base + depth * depthStride, rowStride: rowStride, depthStride: depthStride)
  }
}

/// C[r, lane] = start + Σₖ A[r, k] · B[k, lane] for one register tile.
///
/// The AVX-512 tile of 8 × 3 has 24 independent accumulators and 11 loads for 24 multiply-adds, so it is bound by the
/// multiply-adds on processors with one and with two 512-bit units. The AVX2 tile of 4 × 3 uses 16 of 16 registers.
@inline(__always)
func multiplyRegisterTile<Shape: RegisterTile>(
  _ shape: Shape.Type,
  depth: Int,
  scalars: ScalarOperand,
  vectors: UnsafePointer<Float>,
  vectorStride: Int,
  into destination: UnsafeMutablePointer<Float>,
  destinationStride: Int,
  start: AccumulatorStart
) {
  var accumulators = InlineArray<24, Vector>(repeating: .zeros)
  switch start {
  case .zero: break
  case .destination:
    for row in 0..<Shape.rows {
      for column in 0..<Shape.vectors {
        accumulators[row * Shape.vectors + column] = Vector(
          at: destination + row * destinationStride + column * laneCount)
      }
    }
  case .scaledDestination(let factors):
    for row in 0..<Shape.rows {
      for column in 0..<Shape.vectors {
        accumulators[row * Shape.vectors + column] =
          Vector(at: destination + row * destinationStride + column * laneCount)
          * Vector(at: factors + column * laneCount)
      }
    }
  }

  var scalar = scalars.base
  var vector = vectors
  var remaining = depth
  while remaining > 0 {
    var terms = InlineArray<4, Vector>(repeating: .zeros)
    for column in 0..<Shape.vectors { terms[column] = Vector(at: vector + column * laneCount) }
    for row in 0..<Shape.rows {
      let factor = Vector(repeating: scalar[row * scalars.rowStride])
      for column in 0..<Shape.vectors {
        accumulators[row * Shape.vectors + column] =
          accumulators[row * Shape.vectors + column].adding(product: factor, terms[column])
      }
    }
    scalar += scalars.depthStride
    vector += vectorStride
    remaining -= 1
  }

  for row in 0..<Shape.rows {
    for column in 0..<Shape.vectors {
      accumulators[row * Shape.vectors + column].store(
        at: destination + row * destinationStride + column * laneCount)
    }
  }
}

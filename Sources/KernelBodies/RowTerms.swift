import KernelIntrinsics

/// How rows of K and V enter products where the dimension lies in the lanes, as in ``ShortQueryPass``.
///
/// A row is taken in chunks of 2 · ``laneCount`` neighbouring elements, straight from its element type. Where the last
/// one is not whole, a copy of it with zeros behind the row's end takes its place.
protocol RowTerms {
  associatedtype Terms: RegisterTerms

  /// The size of one element in bytes.
  static var elementSize: Int { get }

  /// Writes a row of Q as the vectors that meet ``keyVector(_:_:)``, multiplied by `factor`.
  static func store(
    query: KernelOperand, at offset: Int, columns: Int, factor: Float, into destination: UnsafeMutablePointer<Float>)

  /// One of the ``keyVectors`` vectors that a chunk of a row of K makes.
  static func keyVector(_ chunk: UnsafeRawPointer, _ index: Int) -> Vector

  /// What the chunks of a row of V from each stream make: two vectors, one for each half of the columns, for each of
  /// ``weights`` weights.
  static func valueVectors(_ chunks: InlineArray<4, UnsafeRawPointer>) -> InlineArray<8, Vector>

  /// The place of a column where rows of O are stored as the halves of ``valueVectors(_:)``.
  static func place(ofColumn column: Int) -> Int

  /// Stores probabilities as weights in the place of their scores.
  ///
  /// - Parameters:
  ///   - probabilities: Those of four neighbouring vectors of scores.
  ///   - index: The position of the first among the scores, a multiple of four vectors.
  ///   - rows: The rows of Q whose scores are neighbours.
  static func store(
    _ probabilities: VectorQuadruple, over scores: UnsafeMutablePointer<Float>, at index: Int, rows: Int)

  /// The probability of a row, a key and a stream, taken from the weights of that row and key.
  static func probability(_ weights: UnsafePointer<Float>, stream: Int, rows: Int) -> Float
}

extension RowTerms {
  /// The vectors that a chunk of a row of K makes.
  static var keyVectors: Int { @inline(__always) get { 2 / Terms.numbersPerTerm } }

  /// The weights of one row of Q and one key of each of the four streams.
  static var weights: Int { @inline(__always) get { KeyStreams.count / Terms.numbersPerTerm } }

  /// The elements of a chunk.
  static var chunk: Int { @inline(__always) get { 2 * laneCount } }

  /// The size of a chunk in bytes.
  static var chunkSize: Int { @inline(__always) get { chunk * elementSize } }
}

/// The elements of a row in whole chunks.
@inline(__always)
func wholeChunks(_ columns: Int, lanes: Int = laneCount) -> Int { paddedColumns(columns, lanes: 2 * lanes) }

/// Elements are converted to fp32, and a weight is the probability of one key.
enum ConvertedRows<Format: ElementFormat>: RowTerms {
  typealias Terms = FloatTerms

  static var elementSize: Int { @inline(__always) get { Format.size } }

  @inline(__always)
  static func store(
    query: KernelOperand, at offset: Int, columns: Int, factor: Float, into destination: UnsafeMutablePointer<Float>
  ) {
    var column = 0
    while column < columns {
      destination[place(ofColumn: column)] = query.scalar(at: offset + column * query.columnStride) * factor
      column += 1
    }
  }

  @inline(__always)
  static func keyVector(_ chunk: UnsafeRawPointer, _ index: Int) -> Vector {
    index == 0 ? Format.loadFirst(chunk) : Format.loadSecond(chunk)
  }

  @inline(__always)
  static func valueVectors(_ chunks: InlineArray<4, UnsafeRawPointer>) -> InlineArray<8, Vector> {
    [
      Format.loadFirst(chunks[0]), Format.loadSecond(chunks[0]), Format.loadFirst(chunks[1]),
      Format.loadSecond(chunks[1]), Format.loadFirst(chunks[2]), Format.loadSecond(chunks[2]),
      Format.loadFirst(chunks[3]), Format.loadSecond(chunks[3]),
    ]
  }

  @inline(__always)
  static func place(ofColumn column: Int) -> Int { Format.place(ofColumn: column) }

  @inline(__always)
  static func store(
    _ probabilities: VectorQuadruple, over scores: UnsafeMutablePointer<Float>, at index: Int, rows: Int
  ) {
    for vector in 0..<4 { probabilities[vector].store(at: scores + index + vector * laneCount) }
  }

  @inline(__always)
  static func probability(_ weights: UnsafePointer<Float>, stream: Int, rows: Int) -> Float { weights[stream * rows] }
}

#if ISA_AVX512BF16
  /// bf16 numbers enter dot products of pairs: neighbours of a row of K, and two streams' elements of the same column
  /// of V. A weight is the pair of those streams' probabilities, rounded to bf16.
  enum PairRows: RowTerms {
    typealias Terms = PairTerms

    static var elementSize: Int { @inline(__always) get { 2 } }

    /// Rows of bf16 numbers as they are; a factor would round them, so it is 1.
    @inline(__always)
    static func store(
      query: KernelOperand, at offset: Int, columns: Int, factor: Float, into destination: UnsafeMutablePointer<Float>
    ) {
      let base = UnsafeRawPointer(query.base.unsafelyUnwrapped) + offset * elementSize
      let target = UnsafeMutableRawPointer(destination)
      var column = 0
      while column < columns {
        let bits = (base + column * query.columnStride * elementSize).load(as: UInt16.self)
        target.storeBytes(of: bits, toByteOffset: column * elementSize, as: UInt16.self)
        column += 1
      }
    }

    @inline(__always)
    static func keyVector(_ chunk: UnsafeRawPointer, _ index: Int) -> Vector { chunk.loadUnaligned(as: Vector.self) }

    @inline(__always)
    static func valueVectors(_ chunks: InlineArray<4, UnsafeRawPointer>) -> InlineArray<8, Vector> {
      var result: InlineArray<8, Vector> = [.zeros, .zeros, .zeros, .zeros, .zeros, .zeros, .zeros, .zeros]
      for pair in 0..<2 {
        let even = chunks[2 * pair].loadUnaligned(as: Vector.self)
        let odd = chunks[2 * pair + 1].loadUnaligned(as: Vector.self)
        result[2 * pair] = kernel_interleave_low(even, odd)
        result[2 * pair + 1] = kernel_interleave_high(even, odd)
      }
      return result
    }

    /// Interleaving takes the first four and the last four of each eight columns.
    @inline(__always)
    static func place(ofColumn column: Int) -> Int {
      let chunk = column / (2 * laneCount) * 2 * laneCount
      return chunk + (column - chunk) / 8 * 4 + (column & 3) + (column & 4) / 4 * laneCount
    }

    @inline(__always)
    static func store(
      _ probabilities: VectorQuadruple, over scores: UnsafeMutablePointer<Float>, at index: Int, rows: Int
    ) {
      for half in 0..<2 {
        let first = probabilities[2 * half]
        let second = probabilities[2 * half + 1]
        // With one row the streams of a pair are neighbours; with four they are four elements apart.
        let pairs = rows == 1 ? kernel_brain_floats(first, second) : kernel_stream_pairs(first, second)
        pairs.store(at: scores + index / 2 + half * laneCount)
      }
    }

    @inline(__always)
    static func probability(_ weights: UnsafePointer<Float>, stream: Int, rows: Int) -> Float {
      let pair = weights[stream / 2 * rows].bitPattern
      return Float(bitPattern: stream & 1 == 0 ? pair << 16 : pair & 0xffff_0000)
    }
  }
#endif

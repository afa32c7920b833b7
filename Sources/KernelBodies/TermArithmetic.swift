import KernelIntrinsics

/// What a term of a sum is, and how operands are laid out so that terms can be read from them.
///
/// The passes are written once in terms of this; they are compiled for fp32 terms everywhere and for pairs of bf16
/// numbers where the processor has the dot product or the matrix unit.
protocol TermArithmetic {
  /// How many numbers of an operand one term takes in.
  static var numbersPerTerm: Int { get }

  /// The step in which products take rows that they sum over: a multiple of the numbers per term.
  static var rowStep: Int { get }

  /// How many numbers stand for one number of an operand in a product. Those of a row lie side by side: a row of any
  /// operand in the format of products is so many parts, of equal size.
  static var parts: Int { get }

  /// Whether infinite and NaN numbers go through products as they go through multiply-adds.
  static var keepsNonFinite: Bool { get }

  /// The format in which probabilities enter products.
  associatedtype Probabilities: ProbabilityFormat

  /// How the rows that ``columns(_:_:isFinite:rows:scratch:)`` makes lie in memory.
  associatedtype ColumnLayout: ScalarLayout

  /// What packed lanes are multiplied by, and what is left to multiply their products by. Together they put scores in
  /// base 2.
  static func scoreFactors(_ problem: KernelProblem) -> (packed: Float, late: Float)

  /// Writes the rows in a group's lanes transposed: row k of the destination holds the numbers of term k.
  static func packTransposed(
    _ group: LaneGroup, of operand: KernelOperand, columns: Int, scale: Float,
    into destination: UnsafeMutablePointer<Float>)

  /// Rows whose terms run along the columns, in place where possible.
  static func rows(
    _ operand: KernelOperand, _ range: OperandRange, isFinite: Bool, scratch: UnsafeMutablePointer<Float>
  ) -> RowBlock<Self>

  /// Rows whose terms run along the rows, as the scalars of a product, or where sums lie by row as its vectors.
  ///
  /// - Parameters:
  ///   - rows: The same rows as ``rows(_:_:isFinite:scratch:)`` made them, which may serve as they are.
  ///   - prefetch: What to ask the caches for at each step, or nil.
  static func columns(
    _ operand: KernelOperand, _ range: OperandRange, isFinite: Bool, rows: RowBlock<Self>?,
    scratch: UnsafeMutablePointer<Float>, prefetch: UnsafeMutablePointer<Prefetch>?
  ) -> RowBlock<Self>

  /// The rows that a product computes where `rows` are wanted and the memory has room for whole steps of 16.
  static func resultRows(_ rows: Int) -> Int

  /// The product of any number of rows, vectors and terms; the parameters are those of
  /// ``multiply(rows:vectors:depth:_:_:stride:into:destinationStride:start:accuracy:raising:prefetch:)``.
  static func multiply<Layout: ScalarLayout>(
    rows: Int, vectors: Int, depth: Int, _ scalars: ScalarOperand<Layout, Self>, _ operand: UnsafePointer<Float>,
    stride: Int, into destination: UnsafeMutablePointer<Float>, destinationStride: Int, start: AccumulatorStart,
    accuracy: ProductAccuracy, raising maxima: UnsafeMutablePointer<Float>?, prefetch: UnsafeMutablePointer<Prefetch>?)

  /// Whether sums of lanes over some columns lie by row; see LaneSums.h.
  static func sumsByRow(columns: Int) -> Bool

  /// Adds products to sums of lanes.
  ///
  /// - Parameter start: What the sums begin with.
  static func add(
    _ products: LaneProducts<Self>, to sums: LaneSums<Self>, start: AccumulatorStart,
    _ prefetch: UnsafeMutablePointer<Prefetch>?)

  /// Takes in keys of a block of the forward pass in a way of these terms' own.
  ///
  /// - Parameters:
  ///   - firstRow: The first row of the block's keys and values among `keyRows` and `valueRows`.
  ///   - isFirst: Whether the group has seen no keys before.
  /// - Returns: The number of keys taken in, which are the first ones: 0 where these terms have no such way.
  static func advance(
    _ pass: ForwardPass<Self>, _ group: QueryGroup, over keys: BlockRange, _ keyRows: RowBlock<Self>,
    _ valueRows: RowBlock<Self>, firstRow: Int, isFirst: Bool, _ prefetch: UnsafeMutablePointer<Prefetch>
  ) -> Int

  /// The steps of the matrix unit in the forward products of a lane group with some keys; 0 without it.
  static func stepsOfUnit(keys: Int, in problem: KernelProblem) -> Int

  /// As many steps of the matrix unit as preparing the values of some keys takes; 0 without it.
  static func stepsOfUnit(preparingValuesOf keys: Int, in problem: KernelProblem) -> Int
}

/// Terms of the backward pass.
protocol GradientTerms: TermArithmetic {
  /// Rows whose terms run along the rows, as the vectors of a product.
  static func columnVectors(
    _ operand: KernelOperand, _ range: OperandRange, isFinite: Bool, scratch: UnsafeMutablePointer<Float>
  ) -> RowBlock<Self>

  /// Puts P and dS of a backward step into the format of products, in place, and returns dS by rows.
  ///
  /// - Parameters:
  ///   - rows: The number of rows of the tiles.
  ///   - lanes: The lanes in use.
  ///   - scratch: Memory for dS by rows where it differs from dS in place.
  static func packTiles(
    _ tiles: BackwardTiles, rows: Int, lanes: BlockRange, scratch: UnsafeMutablePointer<Float>
  ) -> RowBlock<Self>
}

/// Consecutive rows of one head of an operand.
struct OperandRange {
  var batch: Int
  var head: Int
  var firstRow: Int
  var rows: Int
  var columns: Int

  @inline(__always)
  func offset(in operand: KernelOperand) -> Int { operand.offset(batch: batch, head: head, row: firstRow) }
}

extension KernelProblem {
  /// The rows of K of some keys of one key/value head.
  @inline(__always)
  func keyRange(_ keys: BlockRange, batch: Int, head: Int) -> OperandRange {
    OperandRange(batch: batch, head: head, firstRow: keys.start, rows: keys.count, columns: headDimension)
  }

  /// The rows of V of some keys of one key/value head.
  @inline(__always)
  func valueRange(_ keys: BlockRange, batch: Int, head: Int) -> OperandRange {
    OperandRange(batch: batch, head: head, firstRow: keys.start, rows: keys.count, columns: valueDimension)
  }
}

/// Rows of one head as a product reads them: as broadcast scalars, one per term, or as vectors.
struct RowBlock<Terms: TermArithmetic> {
  var base: UnsafePointer<Float>
  /// The distance of neighbouring rows of terms, in terms.
  var stride: Int
  /// Whether all numbers are finite, where products do not keep others.
  var isFinite = true

  /// The rows from `row` on as an operand whose result rows are these rows.
  @inline(__always)
  func byRow(from row: Int) -> ScalarOperand<ByRow, Terms> {
    ScalarOperand(base: base + row * stride, stride: stride)
  }

  /// The rows from `row` on, a multiple of the numbers per term, as an operand whose result rows are the columns,
  /// summed over the rows.
  @inline(__always)
  func byColumn(from row: Int) -> ScalarOperand<Terms.ColumnLayout, Terms> {
    ScalarOperand<Terms.ColumnLayout, Terms>(base: base, stride: stride).from(term: row / Terms.numbersPerTerm)
  }

  /// The rows from `row` on, a multiple of the numbers per term, as the vectors of a product that is summed over them.
  @inline(__always)
  func vectors(from row: Int) -> UnsafePointer<Float> { base + row / Terms.numbersPerTerm * stride }
}

/// Terms whose products are computed by register tiles.
protocol RegisterTerms: GradientTerms {
  /// `sum` and one term.
  static func add(_ scalar: Vector, _ vector: Vector, to sum: Vector) -> Vector
}

extension RegisterTerms {
  static func columnVectors(
    _ operand: KernelOperand, _ range: OperandRange, isFinite: Bool, scratch: UnsafeMutablePointer<Float>
  ) -> RowBlock<Self> {
    columns(operand, range, isFinite: isFinite, rows: nil, scratch: scratch, prefetch: nil)
  }

  static func resultRows(_ rows: Int) -> Int { rows }

  @inline(__always)
  static func sumsByRow(columns: Int) -> Bool { kernel_sums_lie_by_row(columns, laneCount) }

  @inline(__always)
  static func add(
    _ products: LaneProducts<Self>, to sums: LaneSums<Self>, start: AccumulatorStart,
    _ prefetch: UnsafeMutablePointer<Prefetch>?
  ) {
    if sums.isByRow {
      products.addByRow(to: sums, start: start, prefetch)
    } else {
      products.addByColumn(to: sums, start: start, prefetch)
    }
  }
}

extension TermArithmetic {
  @inline(__always)
  static func sumsByRow(columns: Int) -> Bool { false }

  @inline(__always)
  static func add(
    _ products: LaneProducts<Self>, to sums: LaneSums<Self>, start: AccumulatorStart,
    _ prefetch: UnsafeMutablePointer<Prefetch>?
  ) {
    products.addByColumn(to: sums, start: start, prefetch)
  }

  @inline(__always)
  static func stepsOfUnit(keys: Int, in problem: KernelProblem) -> Int { 0 }

  @inline(__always)
  static func stepsOfUnit(preparingValuesOf keys: Int, in problem: KernelProblem) -> Int { 0 }

  static var parts: Int { @inline(__always) get { 1 } }
  static var keepsNonFinite: Bool { @inline(__always) get { true } }

  @inline(__always)
  static func advance(
    _ pass: ForwardPass<Self>, _ group: QueryGroup, over keys: BlockRange, _ keyRows: RowBlock<Self>,
    _ valueRows: RowBlock<Self>, firstRow: Int, isFirst: Bool, _ prefetch: UnsafeMutablePointer<Prefetch>
  ) -> Int { 0 }

  /// The row of a tile in the format of products at which the terms of `row` begin.
  @inline(__always)
  static func termRow(_ row: Int) -> Int { row / numbersPerTerm * parts }

  /// The number of terms that hold `numbers` numbers.
  @inline(__always)
  static func terms(_ numbers: Int) -> Int { (numbers + numbersPerTerm - 1) / numbersPerTerm }

  /// The terms that a product takes of `numbers` numbers: those that hold them, and zeros up to a whole step.
  @inline(__always)
  static func depth(_ numbers: Int) -> Int { stepEnd(numbers) / numbersPerTerm }

  /// The last index at or before `row` at which a step begins.
  @inline(__always)
  static func stepStart(_ row: Int) -> Int { row / rowStep * rowStep }

  /// The first index at or after `row` at which a step ends.
  @inline(__always)
  static func stepEnd(_ row: Int) -> Int { (row + rowStep - 1) / rowStep * rowStep }
}

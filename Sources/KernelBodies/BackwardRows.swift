import KernelIntrinsics

/// Computes what the backward pass needs of each query: log-sum-exp in base 2, and δ = Σ dO ∘ O.
///
/// A row without a permitted key has the log-sum-exp −∞; it becomes +∞, so that 2^(S − LSE) is 0 there and not NaN.
func prepareBackwardRows(_ problem: KernelProblem, batch: Int, head: Int, rows: BlockRange) {
  let first = (batch * problem.queryHeads + head) * problem.queryLength
  var row = rows.start
  while row < rows.end {
    let logSumExp = problem.logSumExp.unsafelyUnwrapped[first + row]
    problem.rowLogSumExp2.unsafelyUnwrapped[first + row] =
      logSumExp == -.infinity ? .infinity : logSumExp * log2OfE
    row += 1
  }
  row = rows.start
  while row < rows.end {
    let count = min(laneCount, rows.end - row)
    let range = OperandRange(
      batch: batch, head: head, firstRow: row, rows: count, columns: problem.valueDimension)
    var outputs = RowPrefetch(range, of: problem.output)
    outputs.readLines()
    var gradients = RowPrefetch(range, of: problem.outputGradient)
    gradients.readLines()
    storeDeltas(
      problem, batch: batch, head: head, firstRow: row, count: count,
      at: problem.rowDelta.unsafelyUnwrapped + first + row)
    row += laneCount
  }
}

/// Stores δ of up to a vector of rows, each summed in the order that takes least time; but where its query sees one key
/// only, in that of ``rowDeltas(_:batch:head:firstRow:count:)``. A row's order does not depend on the rows beside it.
@inline(__always)
private func storeDeltas(
  _ problem: KernelProblem, batch: Int, head: Int, firstRow: Int, count: Int, at deltas: UnsafeMutablePointer<Float>
) {
  #if ISA_AVX512 || ISA_AVX2
    // The matrix unit sums dP in an order of its own, so that dP − δ is no exact zero whatever the order of δ.
    let usesUnit = problem.matrixUnitParts > 0
    // A mask or a bias may leave any query a single key.
    if usesUnit || !problem.hasElementwiseMask {
      storeUnorderedDeltas(problem, batch: batch, head: head, firstRow: firstRow, count: count, at: deltas)
      if usesUnit || problem.fewestKeys(seenByOneOf: firstRow, firstRow + count - 1) > 1 { return }
      let ordered = rowDeltas(problem, batch: batch, head: head, firstRow: firstRow, count: count)
      for lane in 0..<laneCount where lane < count {
        let row = firstRow + lane
        if problem.fewestKeys(seenByOneOf: row, row) <= 1 { deltas[lane] = ordered[lane] }
      }
      return
    }
  #endif
  rowDeltas(problem, batch: batch, head: head, firstRow: firstRow, count: count).store(firstWords: count, at: deltas)
}

#if ISA_AVX512 || ISA_AVX2
  extension KernelProblem {
    /// The fewest keys that the positional mask leaves to one of the queries `first...last`: to one of these two, because
    /// the number, before it is cut off at zero, is a concave function of the query.
    @inline(__always)
    fileprivate func fewestKeys(seenByOneOf first: Int, _ last: Int) -> Int {
      min(
        keys(seenBy: BlockRange(start: first, end: first + 1)).count,
        keys(seenBy: BlockRange(start: last, end: last + 1)).count)
    }
  }
#endif

/// δ of up to a vector of rows, one in each lane.
///
/// The columns are summed one after the other, as register tiles sum dP = Σ dO ∘ V: where a query sees one key only,
/// O is that key's V, and dP − δ is then exactly the zero that it is in mathematics.
@inline(__always)
private func rowDeltas(_ problem: KernelProblem, batch: Int, head: Int, firstRow: Int, count: Int) -> Vector {
  let output = problem.output
  let gradient = problem.outputGradient
  let outputStart = output.offset(batch: batch, head: head, row: firstRow)
  let gradientStart = gradient.offset(batch: batch, head: head, row: firstRow)
  if count == laneCount && output.columnStride == 1 && gradient.columnStride == 1
    && problem.valueDimension >= laneCount
  {
    let columns = problem.valueDimension
    switch gradient.stored {
    case .float32, .boolean:
      return rowDeltas(Float32Format.self, output, outputStart, gradient, gradientStart, columns: columns)
    case .float16:
      return rowDeltas(Float16Format.self, output, outputStart, gradient, gradientStart, columns: columns)
    case .bfloat16:
      return rowDeltas(BrainFloatFormat.self, output, outputStart, gradient, gradientStart, columns: columns)
    }
  }
  var sums = Vector.zeros
  var column = 0
  while column < problem.valueDimension {
    let used = min(problem.valueDimension - column, laneCount)
    var outputs = VectorBlock.zeros
    var gradients = VectorBlock.zeros
    for lane in 0..<laneCount where lane < count {
      outputs[lane] = output.vector(
        at: outputStart + lane * output.rowStride + column * output.columnStride, count: used)
      gradients[lane] = gradient.vector(
        at: gradientStart + lane * gradient.rowStride + column * gradient.columnStride, count: used)
    }
    sums = adding(&outputs, &gradients, to: sums, columns: BlockRange(start: 0, end: used))
    column += laneCount
  }
  return sums
}

/// The sums over the columns, at least a vector of them, of a vector of rows of neighbouring elements of one type. The
/// last block ends with the columns, and what it repeats of the one before is not added again.
@inline(__always)
private func rowDeltas<Format: ElementFormat>(
  _ format: Format.Type, _ output: KernelOperand, _ outputStart: Int, _ gradient: KernelOperand, _ gradientStart: Int,
  columns: Int
) -> Vector {
  let outputBase = UnsafeRawPointer(output.base.unsafelyUnwrapped) + outputStart * Format.size
  let gradientBase = UnsafeRawPointer(gradient.base.unsafelyUnwrapped) + gradientStart * Format.size
  var sums = Vector.zeros
  var column = 0
  while column < columns {
    let first = min(column, columns - laneCount)
    let outputRow = outputBase + first * Format.size
    let gradientRow = gradientBase + first * Format.size
    var outputs = VectorBlock.zeros
    var gradients = VectorBlock.zeros
    for lane in 0..<laneCount {
      outputs[lane] = Format.load(outputRow + lane * output.rowStride * Format.size)
      gradients[lane] = Format.load(gradientRow + lane * gradient.rowStride * Format.size)
    }
    // Constant bounds, of which nothing is left in a block that repeats nothing.
    if first == column {
      sums = adding(&outputs, &gradients, to: sums, columns: BlockRange(start: 0, end: laneCount))
    } else {
      sums = adding(&outputs, &gradients, to: sums, columns: BlockRange(start: column - first, end: laneCount))
    }
    column += laneCount
  }
  return sums
}

/// `sums` and the products of two blocks of rows, column by column.
@inline(__always)
private func adding(
  _ outputs: inout VectorBlock, _ gradients: inout VectorBlock, to sums: Vector, columns: BlockRange
) -> Vector {
  transpose(&outputs)
  transpose(&gradients)
  var sums = sums
  for row in 0..<laneCount where row >= columns.start && row < columns.end {
    sums = sums.adding(product: outputs[row], gradients[row])
  }
  return sums
}

#if ISA_AVX512 || ISA_AVX2
  /// Stores δ of up to a vector of rows, each summed in as many parts as a vector has lanes, which takes no transposing.
  ///
  /// The order depends neither on the number of rows, nor on how they lie in memory, nor on the number of columns.
  @inline(__always)
  private func storeUnorderedDeltas(
    _ problem: KernelProblem, batch: Int, head: Int, firstRow: Int, count: Int, at deltas: UnsafeMutablePointer<Float>
  ) {
    let columns = problem.valueDimension
    let output = problem.output
    let gradient = problem.outputGradient
    let outputStart = output.offset(batch: batch, head: head, row: firstRow)
    let gradientStart = gradient.offset(batch: batch, head: head, row: firstRow)
    @inline(__always)
    func partOfRow(_ operand: KernelOperand, _ start: Int, _ row: Int, _ column: Int) -> Vector {
      operand.vector(
        at: start + row * operand.rowStride + column * operand.columnStride, count: min(columns - column, laneCount))
    }
    var sums = VectorBlock.zeros
    var column = 0
    @inline(__always)
    func addWholeVectors<Format: ElementFormat>(_ format: Format.Type) {
      let outputs = UnsafeRawPointer(output.base.unsafelyUnwrapped) + outputStart * Format.size
      let gradients = UnsafeRawPointer(gradient.base.unsafelyUnwrapped) + gradientStart * Format.size
      while column + laneCount <= columns {
        for row in 0..<laneCount {
          sums[row] = sums[row].adding(
            product: Format.load(outputs + (row * output.rowStride + column) * Format.size),
            Format.load(gradients + (row * gradient.rowStride + column) * Format.size))
        }
        column += laneCount
      }
    }
    if count == laneCount && output.columnStride == 1 && gradient.columnStride == 1 {
      switch gradient.stored {
      case .float32, .boolean: addWholeVectors(Float32Format.self)
      case .float16: addWholeVectors(Float16Format.self)
      case .bfloat16: addWholeVectors(BrainFloatFormat.self)
      }
    }
    while column < columns {
      for row in 0..<laneCount where row < count {
        sums[row] = sums[row].adding(
          product: partOfRow(output, outputStart, row, column), partOfRow(gradient, gradientStart, row, column))
      }
      column += laneCount
    }
    if count == laneCount { return storeLaneSums(sums, factor: 1, at: deltas) }
    var result = Vector.zeros
    withUnsafeMutableBytes(of: &result) {
      storeLaneSums(sums, factor: 1, at: $0.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: Float.self))
    }
    result.store(firstWords: count, at: deltas)
  }
#endif

/// Rounds the finished fp32 sums of dQ to the element type of the gradient.
func storeQueryGradientRows(_ problem: KernelProblem, batch: Int, head: Int, rows: BlockRange) {
  let first = (batch * problem.queryHeads + head) * problem.queryLength
  var row = rows.start
  while row < rows.end {
    let source = problem.queryGradientSum.unsafelyUnwrapped + (first + row) * problem.queryGradientStride
    let offset = problem.queryGradient.offset(batch: batch, head: head, row: row)
    var column = 0
    if problem.queryGradient.columnStride == 1 {
      let target = problem.queryGradient.base.unsafelyUnwrapped + offset * problem.queryGradient.elementSize
      switch problem.queryGradient.stored {
      case .float16: column = storeVectors(Float16Format.self, source, count: problem.headDimension, at: target)
      case .bfloat16: column = storeVectors(BrainFloatFormat.self, source, count: problem.headDimension, at: target)
      case .float32, .boolean: break
      }
    }
    while column < problem.headDimension {
      problem.queryGradient.store(
        Vector(at: source + column), at: offset + column * problem.queryGradient.columnStride,
        count: problem.headDimension - column)
      column += laneCount
    }
    row += 1
  }
}

/// Stores numbers as far as they fill whole vectors, and returns how many these are.
@inline(__always)
private func storeVectors<Format: ElementFormat>(
  _ format: Format.Type, _ numbers: UnsafePointer<Float>, count: Int, at target: UnsafeMutableRawPointer
) -> Int {
  var index = 0
  while index + laneCount <= count {
    Format.store(Vector(at: numbers + index), at: target + index * Format.size)
    index += laneCount
  }
  return index
}

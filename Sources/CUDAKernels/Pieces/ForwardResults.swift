import PTX

/// Writes rows of the result, or of a part of it: output in the element type, parts in fp32.
struct ForwardResults {
  let frame: ForwardFrame
  let item: WorkItem

  private var b: KernelBuilder { frame.b }

  init(_ frame: ForwardFrame, _ item: WorkItem) {
    self.frame = frame
    self.item = item
  }

  /// The number of a row among all of the result, [B, Hq, Sq]; there are less than 2³¹.
  func number(of row: TileRow) -> Value<U32> {
    let heads = frame.parameter(.headTiles, U32.self) * frame.kernel.headsPerTile
    return (item.batch * heads + row.head) * frame.queryLength.bits(as: U32.self) + row.query.bits(as: U32.self)
  }

  /// B · Hq · Sq, where keys are split.
  var rowCount: Value<U32> {
    frame.parameter(.planes, U32.self) / item.splits * frame.kernel.headsPerTile * frame.queryLength.bits(as: U32.self)
  }

  /// The number of a row among those of all parts: [splits, B, Hq, Sq].
  private func index(_ row: TileRow) -> Value<U64> {
    let number = number(of: row).widened
    return frame.kernel.isSplit ? item.split.multipliedWide(by: rowCount) + number : number
  }

  func store(logSumExp: Value<F32>, _ row: TileRow) {
    let target =
      frame.kernel.isSplit ? b.pointer(ForwardParameter.partialLogSumExp.name) : frame.address(.logSumExp)
    b.store(logSumExp, to: target + index(row) * 4)
  }

  /// Where a column of a row lies.
  private func address(_ row: TileRow, _ column: Value<U32>) -> Pointer<Global> {
    guard frame.kernel.isSplit else {
      return row.address(.output, frame, item) + column.widened * frame.stride(.output, .element)
    }
    return b.pointer(ForwardParameter.partialOutput.name)
      + (index(row) * frame.kernel.valueDimension + column.widened) * 4
  }

  /// The distance of neighbours of a row.
  private var elementStride: Value<U64> { frame.kernel.isSplit ? 4 : frame.stride(.output, .element) }

  /// Stores elements of a row, two neighbours each.
  ///
  /// - Parameter firstColumn: What is to be added to their columns, a multiple of 2 below 8.
  func store(_ elements: [(column: Int, element: Variable<F32>)], _ row: TileRow, firstColumn: Value<U32>) {
    let dimension = frame.kernel.valueDimension
    let start = address(row, firstColumn)
    for index in stride(from: 0, to: elements.count, by: 2) {
      let column = elements[index].column
      if column >= dimension { break }
      let pair = (elements[index].element.value, elements[index + 1].element.value)
      let at = start + elementStride * column
      let remaining = firstColumn.bits(as: S32.self)
      let hasFirst = column + 7 <= dimension ? Predicate(true) : remaining .< dimension - column
      if storesPairs {
        b.predicated(by: hasFirst) { storePair(pair.0, pair.1, to: at) }
      } else {
        let hasSecond = column + 8 <= dimension ? Predicate(true) : remaining .< dimension - column - 1
        b.predicated(by: hasFirst) { store(pair.0, to: at) }
        b.predicated(by: hasSecond) { store(pair.1, to: at + elementStride) }
      }
    }
  }

  /// Stores one element.
  func store(_ number: Value<F32>, _ row: TileRow, column: Value<U32>) {
    store(number, to: address(row, column))
  }

  /// Whether pairs of neighbours lie at multiples of their size.
  private var storesPairs: Bool {
    frame.kernel.valueDimension % 2 == 0 && (frame.kernel.isSplit || frame.kernel.access != .elements)
  }

  private func storePair(_ first: Value<F32>, _ second: Value<F32>, to address: Pointer<Global>) {
    if frame.kernel.isSplit {
      b.store([first, second], to: address)
    } else {
      b.store(b.pair(first, second, as: frame.kernel.element), to: address)
    }
  }

  private func store(_ number: Value<F32>, to address: Pointer<Global>) {
    if frame.kernel.isSplit {
      b.store(number, to: address)
    } else {
      b.store(b.rounded(number, as: frame.kernel.element), to: address)
    }
  }
}

import PTX

/// Copies rows of an operand into a tile, by all threads of the block: each row of a panel by as many neighbouring
/// threads as it has 16-byte chunks, so that they read whole sectors and write without conflicts of banks.
///
/// Rows that are none of the tensor, and columns behind its dimension, become zeros.
struct RowCopy {
  let frame: ForwardFrame
  let tile: SharedTile
  /// D or Dv.
  let dimension: Int
  let threads: Int
  /// The thread's chunk of a panel's row, in bytes.
  private let chunk: Value<U32>
  /// The thread's first row.
  private let firstRow: Value<U32>
  private let target: Pointer<Shared>
  /// The distance of elements, where they are copied one by one.
  private let elementStride: Value<U64>

  private var b: KernelBuilder { frame.b }
  private var layout: PanelLayout { tile.layout }

  init(
    _ frame: ForwardFrame, _ tile: SharedTile, of operand: ForwardParameter.Operand, dimension: Int, threads: Int,
    thread: Value<U32>
  ) {
    self.frame = frame
    self.tile = tile
    self.dimension = dimension
    self.threads = threads
    let layout = tile.layout
    chunk = thread % layout.chunksPerRow * 16
    firstRow = thread / layout.chunksPerRow
    target = tile.start + layout.swizzle.place(of: firstRow * layout.rowBytes + chunk)
    elementStride = frame.stride(operand, .element)
    precondition(layout.rows % rowsAtOnce == 0, "threads copy whole tiles")
  }

  /// The rows that all threads copy at once.
  private var rowsAtOnce: Int { min(threads / layout.chunksPerRow, layout.rows) }

  /// Whether the thread has anything to copy: there may be more threads than chunks.
  private var takesPart: Predicate {
    threads > rowsAtOnce * layout.chunksPerRow ? firstRow .< rowsAtOnce : Predicate(true)
  }

  /// Copies all rows of the tile.
  ///
  /// - Parameter source: Where a row of the tile begins, and whether it is one of the tensor.
  func copy(_ source: (_ row: Value<U32>) -> (start: Pointer<Global>, isPresent: Predicate)) {
    b.branch(if: takesPart) { copyRows(source) }
  }

  private func copyRows(_ source: (_ row: Value<U32>) -> (start: Pointer<Global>, isPresent: Predicate)) {
    switch frame.kernel.access {
    case .chunks(let bytes):
      for pass in 0..<(layout.rows / rowsAtOnce) {
        let (start, isPresent) = source(firstRow + pass * rowsAtOnce)
        for panel in 0..<layout.panels {
          copyChunk(
            bytes, from: start + chunk.widened + panel * layout.rowBytes,
            to: target + (panel * layout.panelBytes + pass * rowsAtOnce * layout.rowBytes), panel, isPresent)
        }
      }
    case .elements:
      b.loop(from: 0, to: Value<U32>(layout.rows), step: Value(rowsAtOnce)) { row in
        let (start, isPresent) = source(firstRow + row)
        b.loop(from: 0, to: Value<U32>(layout.panels)) { panel in
          let first = (chunk >> 1) + panel * layout.panelColumns
          copyElements(
            first, from: start + first.widened * elementStride,
            to: target + (panel * layout.panelBytes + row * layout.rowBytes), isPresent)
        }
      }
    }
  }

  private func copyChunk(
    _ bytes: Int, from: Pointer<Global>, to: Pointer<Shared>, _ panel: Int, _ isPresent: Predicate
  ) {
    for part in stride(from: 0, to: 16, by: bytes) {
      let valid: Value<U32>
      if (panel + 1) * layout.panelColumns <= dimension {
        valid = Value(bytes)
      } else {
        // What is left of the dimension at this chunk, and no less than nothing.
        let left = Value<S32>(dimension * 2 - panel * layout.rowBytes - part) - chunk.bits(as: S32.self)
        valid = Value<S32>.minimum(.maximum(left, 0), Value(bytes)).bits(as: U32.self)
      }
      b.copyAsync(bytes: bytes, from: from + part, to: to + part, validBytes: isPresent.select(valid, else: 0))
    }
  }

  /// Copies eight elements from column `first` on.
  private func copyElements(
    _ first: Value<U32>, from: Pointer<Global>, to: Pointer<Shared>, _ isPresent: Predicate
  ) {
    var address = from
    let elements = (0..<8).map { index in
      let element = b.variable(0 as Value<B16>)
      b.predicated(by: isPresent .& (first + index .< dimension)) {
        element.value = b.load(B16.self, from: address)
      }
      address = address + elementStride
      return element.value
    }
    b.store(stride(from: 0, to: 8, by: 2).map { b.pack(elements[$0], elements[$0 + 1]) }, to: to)
  }
}

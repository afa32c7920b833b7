import PTX

/// C = A · Bᵀ by warps: A of [m, k] and B of [n, k] half-precision numbers, C of [m, n] fp32 numbers, all by rows.
///
/// A block computes 64 × 64 elements with four warps of 32 × 32, and copies the next 32 columns of A and B while it
/// multiplies the present ones. m and n are multiples of 64 and k of 32.
package enum WarpMatrixKernel {
  package static let threads = 128
  package static let tile = 64
  package static let depth = 32
  private static let stages = 2
  private static let swizzle = Swizzle.bytes64
  private static let operandBytes = tile * depth * 2

  package static func module(type: HalfType) -> Module {
    var module = Module(target: .sm80)
    module.addKernel(
      "multiply_\(type.rawValue)", threads: threads,
      parameters: [
        .scalar("a", U64.self), .scalar("b", U64.self), .scalar("c", U64.self), .scalar("n", U32.self),
        .scalar("k", U32.self),
      ]
    ) { write($0, type) }
    return module
  }

  /// What a launch asks for.
  package static var sharedBytes: Int { layout.bytes }

  private static var layout: (a: Int, b: Int, bytes: Int) {
    var layout = SharedLayout()
    let a = layout.reserve(bytes: stages * operandBytes, alignment: swizzle.period)
    let b = layout.reserve(bytes: stages * operandBytes, alignment: swizzle.period)
    return (a, b, layout.byteCount)
  }

  private static func write(_ b: KernelBuilder, _ type: HalfType) {
    let shared = b.sharedMemory()
    let thread = b.threadIndex()
    let k = b.parameter("k", U32.self)
    let firstRow = b.blockIndex(.y) * tile
    let firstColumn = b.blockIndex(.x) * tile

    // A thread copies 16 bytes of rows 0 to 31 and of rows 32 to 63 of both operands.
    let row = thread >> 2
    let chunk = (thread & 3) * 16
    let rowBytes = k * 2
    let sources = [("a", firstRow), ("b", firstColumn)].map { name, first in
      b.pointer(name) + (first + row).multipliedWide(by: rowBytes) + chunk.widened
    }
    let halfTile = rowBytes.multipliedWide(by: Value(tile / 2))
    let target = swizzle.place(of: row * (depth * 2) + chunk)

    func copy(column: Value<U32>, stage: Value<U32>) {
      for (source, offset) in zip(sources, [layout.a, layout.b]) {
        let from = source + column.multipliedWide(by: 2)
        let to = shared + offset + (stage * operandBytes + target)
        b.copyAsync(from: from, to: to)
        // Half a tile is a whole number of periods of the swizzle.
        b.copyAsync(from: from + halfTile, to: to + operandBytes / 2)
      }
      b.commitCopies()
    }

    let lane = b.laneIndex()
    let warp = thread >> 5
    let warpRow = (warp >> 1) * 32
    let warpColumn = (warp & 1) * 32
    // Lane l addresses row l mod 16 and the first or the second eight columns.
    let matrixRow = lane & 15
    let matrixChunk = (lane >> 4) * 16

    /// The address of a row of a fragment of 16 × 16.
    func fragment(_ operand: Int, _ first: Value<U32>, _ step: Int, _ stage: Value<U32>) -> Pointer<Shared> {
      let offset = (first + matrixRow) * (depth * 2) + (matrixChunk + step * 32)
      return shared + operand + (stage * operandBytes + swizzle.place(of: offset))
    }

    let sums = (0..<2).map { _ in (0..<4).map { _ in (0..<4).map { _ in b.variable(0.0 as Value<F32>) } } }
    copy(column: 0, stage: 0)
    let stage = b.variable(0 as Value<U32>)
    b.loop(from: 0, to: k, step: Value(depth)) { column in
      let next = column + depth
      let nextStage = stage.value ^ 1
      b.comment("the next columns, or none")
      b.branch(if: next .< k, { copy(column: next, stage: nextStage) }, else: { b.commitCopies() })
      b.waitForCopies(pending: 1)
      b.synchronizeBlock()
      for step in 0..<(depth / 16) {
        b.comment("columns \(step * 16) to \(step * 16 + 15) of this stage")
        let rows = (0..<2).map { b.loadMatrices(4, from: fragment(layout.a, warpRow + $0 * 16, step, stage.value)) }
        for pair in 0..<2 {
          // Rows of B are columns of Bᵀ: matrices 0 and 2 are eight columns of the result, 1 and 3 the next eight.
          let columns = b.loadMatrices(4, from: fragment(layout.b, warpColumn + pair * 16, step, stage.value))
          for (index, row) in rows.enumerated() {
            b.multiplyMatrices(sums[index][2 * pair], row, [columns[0], columns[2]], type: type)
            b.multiplyMatrices(sums[index][2 * pair + 1], row, [columns[1], columns[3]], type: type)
          }
        }
      }
      b.synchronizeBlock()
      stage.value = nextStage
    }

    b.comment("the result")
    let n = b.parameter("n", U32.self)
    let c = b.pointer("c")
    for (index, rows) in sums.enumerated() {
      for half in 0..<2 {
        let row = firstRow + warpRow + (index * 16 + half * 8) + (lane >> 2)
        let column = firstColumn + warpColumn + (lane & 3) * 2
        let start = c + row.multipliedWide(by: n * 4) + column.multipliedWide(by: 4)
        for (block, sum) in rows.enumerated() {
          b.store([sum[2 * half].value, sum[2 * half + 1].value], to: start + block * 32)
        }
      }
    }
  }
}

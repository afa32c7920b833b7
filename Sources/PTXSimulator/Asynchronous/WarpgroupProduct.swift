/// Runs one product of a warpgroup.
///
/// Its results are kept at once: nothing may look at them, or change its operands, before it has been waited for, so
/// that no program can tell. Products are exact and are added in fp32, one after the other in the order of the summed
/// index.
struct WarpgroupProduct {
  private let block: Block
  private let product: Warpgroup.Product
  /// Who reads shared memory, where order is checked.
  private let accessor: Accessor?
  private let firstWarp: Int
  private let columns: Int
  private let depth: Int
  private let type: PTXType
  /// 16 bytes hold so many elements.
  private let perChunk: Int

  init(block: Block, product: Warpgroup.Product, accessor: Accessor?, firstWarp: Int) {
    self.block = block
    self.product = product
    self.accessor = accessor
    self.firstWarp = firstWarp
    columns = Int(product.operation.columns)
    depth = Int(product.operation.depth)
    type = product.operation.inputType
    perChunk = type == .tf32 ? 4 : 8
  }

  func run() throws {
    let o = product.operation
    try withUnsafeTemporaryAllocation(of: Float.self, capacity: 64 * depth + depth * columns + 64 * columns) { memory in
      guard let left = memory.baseAddress else { return }
      let right = left + 64 * depth
      let sums = right + depth * columns
      switch o.left {
      case .shared:
        let matrix = try SharedMatrix(product.left, isTransposed: o.isLeftTransposed)
        try read(matrix, rows: 64) { i, k, number in left[i * depth + k] = number }
      case .registers(let range): readFragments(range, left)
      }
      let matrix = try SharedMatrix(product.right, isTransposed: o.isRightTransposed)
      try read(matrix, rows: columns) { j, k, number in right[k * columns + j] = number }
      if o.negatesLeft != o.negatesRight { for index in 0..<(64 * depth) { left[index] = -left[index] } }
      moveSums(sums, isLoad: true)
      multiply(left, right, sums)
      moveSums(sums, isLoad: false)
    }
  }

  private func multiply(
    _ left: UnsafeMutablePointer<Float>, _ right: UnsafeMutablePointer<Float>, _ sums: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<64 {
      let row = sums + i * columns
      for k in 0..<depth {
        let factor = left[i * depth + k]
        let other = right + k * columns
        for j in 0..<columns { row[j] += factor * other[j] }
      }
    }
  }

  // MARK: Operands

  /// Reads a matrix from shared memory, and checks that it may.
  @inline(__always)
  private func read(_ matrix: SharedMatrix, rows: Int, _ body: (Int, Int, Float) -> Void) throws {
    let outer = matrix.isTransposed ? depth : rows
    let chunks = (matrix.isTransposed ? rows : depth) / perChunk
    let shared = block.shared
    for row in 0..<outer {
      for chunk in 0..<chunks {
        let address = matrix.address(row: row, chunk: chunk)
        try shared.check(address, 16, lane: nil)
        if address & 15 != 0 { throw Fault(.misaligned, "\(hexadecimal(address)) is not a multiple of 16") }
        if let accessor {
          try shared.noteProductRead(address, accessor)
        } else {
          try shared.checkInFlight(address, 16, lane: nil)
        }
        guard shared.isDefined(address, 16) else {
          throw Fault(.undefinedValue, "16 bytes at \(hexadecimal(address)) of shared memory have no value")
        }
        for element in 0..<perChunk {
          let number = number(shared.bytes + address, element)
          let along = chunk * perChunk + element
          if matrix.isTransposed { body(along, row, number) } else { body(row, along, number) }
        }
      }
    }
  }

  @inline(__always)
  private func number(_ bytes: UnsafeMutableRawPointer, _ index: Int) -> Float {
    switch type {
    case .f16: Half.float16(UInt32(bytes.load(fromByteOffset: 2 * index, as: UInt16.self)))
    case .bf16: Half.bfloat16(UInt32(bytes.load(fromByteOffset: 2 * index, as: UInt16.self)))
    default: Float(bitPattern: bytes.load(fromByteOffset: 4 * index, as: UInt32.self) & 0xffff_e000)
    }
  }

  /// Reads A from registers: each warp has 16 rows.
  private func readFragments(_ range: PoolRange, _ left: UnsafeMutablePointer<Float>) {
    let perRegister = type == .tf32 ? 1 : 2
    for warp in 0..<4 {
      let registers = block.warps[firstWarp + warp].registers
      for register in 0..<4 {
        let row = registers.row(block.grid.kernel.pool[Int(range.start) + register])
        for lane in 0..<32 {
          let i = warp * 16 + lane / 4 + 8 * (register % 2)
          for part in 0..<perRegister {
            let k = lane % 4 * perRegister + part + (register / 2) * 4 * perRegister
            left[i * depth + k] = Warp.input(row[lane], part, type)
          }
        }
      }
    }
  }

  // MARK: Accumulators

  /// Between registers and a matrix of 64 rows: register r of lane l holds, of the warp's 16 rows, row l / 4 + 8 · (r /
  /// 2 mod 2) and column 8 · (r / 4) + 2 · (l mod 4) + r mod 2; numbers of 16 bits lie two in a register.
  private func moveSums(_ sums: UnsafeMutablePointer<Float>, isLoad: Bool) {
    let isWide = product.operation.accumulatorType == .f32
    let start = Int(product.operation.accumulators.start)
    for warp in 0..<4 {
      let registers = block.warps[firstWarp + warp].registers
      for part in 0..<(columns / 2) {
        let row = registers.row(block.grid.kernel.pool[start + (isWide ? part : part / 2)])
        let target = sums + (warp * 16 + 8 * (part / 2 % 2)) * columns + part / 4 * 8 + part % 2
        let shift = UInt32(16 * (part % 2))
        for lane in 0..<32 {
          let place = target + lane / 4 * columns + lane % 4 * 2
          if isLoad {
            if !product.accumulates {
              place.pointee = 0
            } else {
              place.pointee = isWide ? Float(bitPattern: row[lane]) : Half.float16(row[lane] >> shift & 0xffff)
            }
          } else if isWide {
            row[lane] = Warp.canonical(place.pointee).bitPattern
          } else {
            row[lane] = row[lane] & ~(0xffff << shift) | NarrowFloat.float16.bits(place.pointee) << shift
          }
        }
      }
    }
  }
}

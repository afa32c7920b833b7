import PTX

/// The part of a matrix of fp32 numbers that one lane holds as results of matrix products: of every 16 rows and 8
/// columns, columns t and t + 1 of row g and then of row g + 8, with g = lane / 4 and t = 2 · (lane mod 4).
///
/// The products of warps and those of warpgroups leave their results alike, so scores and outputs of both are of this
/// type.
struct Fragments {
  /// `registers[16 rows][8 columns][4]`.
  let registers: [[[Variable<F32>]]]

  init(_ b: KernelBuilder, rowFragments: Int, columns: Int) {
    registers = (0..<rowFragments).map { _ in
      (0..<(columns / 8)).map { _ in (0..<4).map { _ in b.variable(F32.self) } }
    }
  }

  /// Writes zeros.
  func clear() { registers.joined().joined().forEach { $0.value = 0.0 } }

  /// The rows of which this lane holds elements: two of every 16.
  var rowCount: Int { registers.count * 2 }

  /// The elements of a row, with their columns less t.
  func row(_ index: Int) -> [(column: Int, element: Variable<F32>)] {
    registers[index / 2].enumerated().flatMap { block, elements in
      (0..<2).map { (block * 8 + $0, elements[index % 2 * 2 + $0]) }
    }
  }

  /// The place of row `index` of the lane among the warp's rows, less lane / 4.
  static func place(ofRow index: Int) -> Int { index / 2 * 16 + index % 2 * 8 }

  /// All registers of 16 rows in the order in which products take them.
  func accumulators(_ rowFragment: Int) -> [Variable<F32>] { Array(registers[rowFragment].joined()) }
}

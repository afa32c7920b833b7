/// Numbers of 16 bits that products take.
enum HalfFormat: String, CaseIterable {
  case f16, bf16

  func bits(_ number: Float) -> UInt16 {
    switch self {
    case .f16: Float16(number).bitPattern
    // The tests' numbers have few digits, so that nothing is lost.
    case .bf16: UInt16(number.bitPattern >> 16)
    }
  }
}

/// C = A · B with A of [m, k] and B of [k, n], in order.
func product(_ a: [[Float]], _ b: [[Float]]) -> [[Float]] {
  a.map { row in
    b[0].indices.map { column in row.indices.reduce(0) { $0 + row[$1] * b[$1][column] } }
  }
}

func matrix(_ rows: Int, _ columns: Int, seed: UInt64) -> [[Float]] {
  var numbers = Numbers(seed: seed)
  return (0..<rows).map { _ in (0..<columns).map { _ in numbers.eighth() } }
}

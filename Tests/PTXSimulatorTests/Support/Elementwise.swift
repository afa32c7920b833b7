import PTXSimulator

/// Instructions that every thread runs with operands of its own.
enum Elementwise {
  /// Runs code that computes `d` from `a`, `b`, `c` and `e`, for every row of operands.
  ///
  /// - Parameters:
  ///   - result: The type of `d`'s register, such as `b32`.
  ///   - operands: The types of the operands' registers.
  static func run(_ code: String, result: String, operands: [String], _ rows: [[UInt64]]) throws -> [UInt64] {
    let names = ["a", "b", "c", "e"]
    let declarations = zip(names, operands).map { "  .reg .\($1) \($0);" } + ["  .reg .\(result) d;"]
    let loads = zip(names, operands).enumerated().map { index, pair in
      "  ld.global.\(bits(pair.1)) \(pair.0), [%rd2+\(8 * index)];"
    }
    let body =
      declarations + [
        "  mad.wide.u32 %rd2, %r0, 32, %rd0;", "  mad.wide.u32 %rd3, %r0, 8, %rd1;",
        "  st.global.b64 [%rd3], 0;",
      ] + loads + ["  " + code, "  st.global.\(bits(result)) [%rd3], d;"]
    let kernel = try Kernel(body.joined(separator: "\n"), threads: 1024)
    let input = rows.flatMap { row in (0..<4).map { $0 < row.count ? row[$0] : 0 } }
    return try kernel.run(input, output: rows.count, of: UInt64.self, threads: rows.count)
  }

  private static func bits(_ type: String) -> String { "b" + type.drop { !$0.isNumber } }

  /// Runs code for numbers of fp32.
  static func floats(_ code: String, _ rows: [[Float]]) throws -> [Float] {
    let operands = Array(repeating: "f32", count: rows[0].count)
    return try run(code, result: "f32", operands: operands, rows.map { $0.map { UInt64($0.bitPattern) } })
      .map { Float(bitPattern: UInt32($0)) }
  }

  /// Runs code for integers of 32 bits.
  static func words(_ code: String, _ rows: [[UInt32]]) throws -> [UInt32] {
    let operands = Array(repeating: "b32", count: rows[0].count)
    return try run(code, result: "b32", operands: operands, rows.map { $0.map { UInt64($0) } }).map { UInt32($0) }
  }
}

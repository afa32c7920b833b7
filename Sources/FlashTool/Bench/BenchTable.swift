import FlashAttention

/// The table that `flash bench` prints, a line at a time; at most 100 columns wide for all but very large problems.
enum BenchTable {
  static let header = row(
    shape: "B,Hq,Hkv,Sq,Sk,D,Dv", backend: "back end", isa: "isa",
    cells: ["median", "min", "GFLOP/s", "extra", "error"])

  static func line(_ outcome: BenchOutcome, of benchCase: BenchCase) -> String {
    switch outcome {
    case .measured(let measurement):
      row(
        shape: benchCase.shapeText, backend: measurement.backend.rawValue,
        isa: measurement.plan.instructionSet,
        cells: [
          Seconds.description(measurement.times.median), Seconds.description(measurement.times.minimum),
          Decimals.description(measurement.gigaflops, places: 1), ByteCount.description(measurement.extraBytes),
          errorText(measurement.maxError),
        ])
    case .skipped(let backend, let reason):
      "\(benchCase.shapeText.padded(to: shapeWidth)) \(backend.rawValue.padded(to: backendWidth)) skipped: \(reason)"
    }
  }

  private static let shapeWidth = 24
  private static let backendWidth = 8

  private static func row(shape: String, backend: String, isa: String, cells: [String]) -> String {
    let widths = [8, 8, 8, 9, 8]
    return "\(shape.padded(to: shapeWidth)) \(backend.padded(to: backendWidth)) \(isa.padded(to: 10))"
      + zip(cells, widths).map { " " + $0.rightAligned(to: $1) }.joined()
  }

  /// A small number in scientific notation with two digits.
  static func errorText(_ error: Double) -> String {
    guard error.isFinite, error > 0 else { return error == 0 ? "0" : "\(error)" }
    var exponent = 0
    var mantissa = error
    while mantissa < 1 {
      mantissa *= 10
      exponent -= 1
    }
    while mantissa >= 9.95 {
      mantissa /= 10
      exponent += 1
    }
    return "\(Decimals.description(mantissa, places: 1))e\(exponent)"
  }
}

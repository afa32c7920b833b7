import FlashAttention

/// What was measured of one back end on one case.
struct BenchMeasurement {
  let benchCase: BenchCase
  let backend: Backend
  let instructionSet: InstructionSet
  let threads: Int
  /// The time of every iteration, in rising order; at least one.
  let seconds: [Double]
  /// Floating-point operations by the convention of the field.
  let operations: Double
  /// Memory beyond inputs and results at its peak.
  let extraBytes: Int
  /// The greatest of the relative errors of the results against fp64, on sampled rows.
  let maxError: Double

  var minimum: Double { seconds[0] }

  var median: Double {
    let middle = seconds.count / 2
    return seconds.count % 2 == 1 ? seconds[middle] : (seconds[middle - 1] + seconds[middle]) / 2
  }

  /// 10⁹ operations a second, by the median time.
  var gigaflops: Double { median > 0 ? operations / median / 1e9 : 0 }

  var json: JSONText {
    var members: [(String, JSONText)] = [
      ("backend", .text(backend.rawValue)), ("isa", .text(instructionSet.rawValue)),
      ("shape", .array(benchCase.shape.sizes.map { .integer($0) })),
      ("dtype", .text(benchCase.elementType.rawValue)), ("mask", .text(benchCase.mask.choice.rawValue)),
    ]
    if let window = benchCase.mask.window { members.append(("window", .text(window.description))) }
    members += [
      ("direction", .text(benchCase.direction.rawValue)), ("threads", .integer(threads)),
      ("seconds_min", .number(minimum)), ("seconds_median", .number(median)), ("gflops", .number(gigaflops)),
      ("extra_bytes", .integer(extraBytes)), ("max_error", .number(maxError)),
    ]
    return .object(members)
  }
}

/// What became of one back end on one case.
enum BenchOutcome {
  case measured(BenchMeasurement)
  case skipped(Backend, reason: String)

  var measurement: BenchMeasurement? {
    if case .measured(let measurement) = self { measurement } else { nil }
  }
}

import FlashAttention

/// What was measured of one back end on one case.
struct BenchMeasurement {
  let benchCase: BenchCase
  /// The plan that was followed; of several passes, the last one's, with the instruction set of the first.
  let plan: PassPlan
  let times: RunTimes
  /// Floating-point operations by the convention of the field.
  let operations: Double
  /// Memory beyond inputs and results at its peak.
  let extraBytes: Int
  /// The greatest of the relative errors of the results against fp64, on sampled rows.
  let maxError: Double

  var backend: Backend { plan.backend }

  /// 10⁹ operations a second, by the median time.
  var gigaflops: Double { times.median > 0 ? operations / times.median / 1e9 : 0 }

  var json: JSONText {
    .object(
      benchCase.jsonMembers(plan) + times.jsonMembers + [
        ("gflops", .number(gigaflops)), ("extra_bytes", .integer(extraBytes)), ("max_error", .number(maxError)),
      ])
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

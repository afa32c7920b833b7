import FlashAttention

/// Times as people read them.
enum Seconds {
  /// The time in the unit that leaves one to three digits before the point, with three digits in all: `12.3 ms`.
  static func description(_ seconds: Double) -> String {
    let units = [(1.0, "s"), (1e-3, "ms"), (1e-6, "µs")]
    let (factor, unit) = units.first { seconds >= $0.0 } ?? (1e-6, "µs")
    let value = seconds / factor
    return "\(Decimals.description(value, places: value < 10 ? 2 : value < 100 ? 1 : 0)) \(unit)"
  }
}

/// Measures the time since it was made, by a clock that no one sets.
struct Stopwatch {
  private let start = ContinuousClock.now

  var seconds: Double {
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A logarithmic axis: which values it spans, and where they lie.
struct LogAxis {
  /// The values at the ends of the axis, both positive.
  let low: Double
  let high: Double
  /// The labelled values.
  let ticks: [Double]
  /// Values that have a line but no label.
  let minorTicks: [Double]
  let label: @Sendable (Double) -> String

  /// Where a value lies between the ends, from 0 to 1.
  func position(_ value: Double) -> Double {
    log(value / low) / log(high / low)
  }
}

extension LogAxis {
  /// An axis whose ticks are the values themselves, with some room around them.
  static func exactly(_ values: [Double], label: @escaping @Sendable (Double) -> String) -> LogAxis {
    let ticks = Set(values).sorted()
    let (low, high) = (ticks.first ?? 1, ticks.last ?? 1)
    let room = low == high ? 2 : pow(high / low, 0.06)
    return LogAxis(low: low / room, high: high * room, ticks: ticks, minorTicks: [], label: label)
  }

  /// An axis around the values with a tick at every power of `base`, thinned to at most seven.
  static func powers(
    of base: Double, around values: [Double], minorSteps: [Double], label: @escaping @Sendable (Double) -> String
  ) -> LogAxis {
    let positive = values.filter { $0 > 0 }
    let first = Int((log(positive.min() ?? 1) / log(base) + 1e-9).rounded(.down))
    let last = max(Int((log(positive.max() ?? 1) / log(base) - 1e-9).rounded(.up)), first + 1)
    let step = (last - first + 6) / 7
    let powers = stride(from: first, through: last, by: 1).map { pow(base, Double($0)) }
    return LogAxis(
      low: powers[0], high: powers[powers.count - 1],
      ticks: stride(from: 0, to: powers.count, by: step).map { powers[$0] },
      minorTicks: powers.dropLast().flatMap { power in minorSteps.map { power * $0 } }, label: label)
  }
}

import FlashAttention

/// Time and memory of a bench by sequence length.
enum BenchChart {
  static func svg(_ measurements: [BenchMeasurement]) -> String {
    let lengths = measurements.map(length).filter { $0 > 0 }
    let xAxis = LogAxis.exactly(lengths) {
      Int($0) >= 1024 && Int($0) % 1024 == 0 ? "\(Int($0) / 1024)k" : "\(Int($0))"
    }
    let time = ChartPanel(
      title: "Time of a call", subtitle: comparison(measurements, "takes", "as long") { $0.times.median },
      xTitle: "sequence length (keys)", xAxis: xAxis,
      yAxis: .powers(of: 10, around: measurements.map(\.times.median), minorSteps: [2, 5], label: timeLabel),
      series: series(measurements) { $0.times.median })
    let memory = ChartPanel(
      title: "Extra memory", subtitle: comparison(measurements, "needs", "as much") { Double($0.extraBytes) },
      xTitle: "sequence length (keys)", xAxis: xAxis,
      yAxis: .powers(of: 4, around: measurements.map { Double($0.extraBytes) }, minorSteps: [], label: memoryLabel),
      series: series(measurements) { Double($0.extraBytes) })
    return ChartDocument(
      title: "Flash and standard attention", subtitle: subtitle(measurements), panels: [time, memory]
    ).svg
  }

  private static func length(_ measurement: BenchMeasurement) -> Double {
    Double(measurement.benchCase.shape.keyLength)
  }

  /// One line for each back end and mask, in the order of their first measurements.
  private static func series(
    _ measurements: [BenchMeasurement], _ value: (BenchMeasurement) -> Double
  ) -> [ChartSeries] {
    let masks = measurements.map(\.benchCase.mask).firstOccurrences
    let backends = measurements.map(\.backend).firstOccurrences
    return masks.enumerated().flatMap { index, mask in
      backends.map { backend in
        let points =
          measurements
          .filter { $0.backend == backend && $0.benchCase.mask == mask && length($0) > 0 && value($0) > 0 }
          .map { (x: length($0), y: value($0)) }
          .sorted { $0.x < $1.x }
        let name = backend == .cpu ? "flash" : backend.rawValue
        return ChartSeries(
          name: masks.count > 1 ? "\(name), \(mask)" : name, colour: backend == .cpu ? .first : .second,
          isDashed: index > 0, points: points)
      }
    }
  }

  /// How flash compares with standard on the longest case that both served.
  private static func comparison(
    _ measurements: [BenchMeasurement], _ verb: String, _ measure: String, _ value: (BenchMeasurement) -> Double
  ) -> String {
    let first = measurements.first?.benchCase.mask
    func values(_ backend: Backend) -> [Double: Double] {
      let own = measurements.filter { $0.backend == backend && $0.benchCase.mask == first }
      return Dictionary(own.map { (length($0), value($0)) }, uniquingKeysWith: { _, last in last })
    }
    let (flash, standard) = (values(.cpu), values(.standard))
    guard let longest = Set(flash.keys).intersection(standard.keys).max(), let mine = flash[longest],
      let other = standard[longest], mine > 0
    else { return "" }
    let ratio = other / mine
    let times = Decimals.description(ratio, places: ratio < 100 ? 1 : 0)
    return "at \(Int(longest)) keys, standard \(verb) \(times) times \(measure)"
  }

  private static func subtitle(_ measurements: [BenchMeasurement]) -> String {
    guard let first = measurements.first else { return "nothing was measured" }
    let shape = first.benchCase.shape
    let masks = measurements.map(\.benchCase.mask).firstOccurrences.map(\.description).joined(separator: " and ")
    return """
      B \(shape.batch), \(shape.queryHeads) heads of dimension \(shape.headDimension), \
      \(first.benchCase.elementType.rawValue), \(first.benchCase.direction.rawValue), mask \(masks), \
      \(first.plan.instructionSet), \(measurements.map(\.plan.threads).max() ?? 1) threads
      """
  }

  private static let timeLabel: @Sendable (Double) -> String = { seconds in
    // The tick is a power of ten, which the logarithm may have missed by a bit.
    let microseconds = (seconds * 1e6).rounded()
    if microseconds >= 1e6 { return "\(Int(microseconds / 1e6)) s" }
    return microseconds >= 1e3 ? "\(Int(microseconds / 1e3)) ms" : "\(Int(microseconds)) µs"
  }

  private static let memoryLabel: @Sendable (Double) -> String = { bytes in
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"]
    var value = Int(bytes.rounded())
    var unit = 0
    while value >= 1024 && unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    return "\(value) \(units[unit])"
  }
}

extension Sequence where Element: Equatable {
  /// Each element once, where it first occurs.
  fileprivate var firstOccurrences: [Element] {
    reduce(into: []) { found, element in
      if !found.contains(element) { found.append(element) }
    }
  }
}

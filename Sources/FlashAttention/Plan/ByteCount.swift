/// Byte counts as people read them.
public enum ByteCount {
  /// The count in the largest binary unit that leaves at least 1 of it, with three digits: `1.50 MiB`.
  public static func description(_ count: Int) -> String {
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    var value = Double(count)
    var unit = 0
    while value.magnitude >= 1024 && unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    if unit == 0 { return "\(count) bytes" }
    let places = value < 10 ? 2 : value < 100 ? 1 : 0
    return "\(Decimals.description(value, places: places)) \(units[unit])"
  }
}

/// Decimal text without Foundation.
public enum Decimals {
  /// A number rounded to a fixed number of decimal places.
  public static func description(_ value: Double, places: Int) -> String {
    guard value.isFinite, value.magnitude < 1e15 else { return "\(value)" }
    var scale = 1.0
    for _ in 0..<places { scale *= 10 }
    let scaled = (value.magnitude * scale).rounded()
    let whole = Int(scaled / scale)
    let sign = value < 0 && scaled > 0 ? "-" : ""
    if places == 0 { return "\(sign)\(whole)" }
    let fraction = String(Int(scaled - Double(whole) * scale))
    return "\(sign)\(whole)." + String(repeating: "0", count: max(places - fraction.count, 0)) + fraction
  }
}

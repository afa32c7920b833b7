/// The times of several runs of the same work, in seconds; at least one.
struct RunTimes {
  private let rising: [Double]

  init(_ seconds: [Double]) { rising = seconds.sorted() }

  var count: Int { rising.count }

  var minimum: Double { rising[0] }

  var median: Double {
    let middle = rising.count / 2
    return rising.count % 2 == 1 ? rising[middle] : (rising[middle - 1] + rising[middle]) / 2
  }

  var jsonMembers: [(String, JSONText)] {
    [("seconds_min", .number(minimum)), ("seconds_median", .number(median))]
  }
}

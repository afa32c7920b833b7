/// A case of a check, which is run as a whole or not at all.
struct CheckItem {
  let name: String
  /// The seconds after which it is taken for hanging. An item is begun only where as many are left.
  let limit: Double
  /// Runs the case and returns what it found.
  let run: () throws -> [CheckLine]
}

/// Thrown by a case that finds that it cannot be run here, though nothing is wrong.
struct NotRun: Error {
  let reason: String
}

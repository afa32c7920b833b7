import ArgumentParser

/// The value of `--window`: LEFT,RIGHT, where −1 stands for no bound.
struct WindowArgument: Equatable {
  /// How many keys before its own position a query sees; nil for all.
  let left: Int?
  /// How many keys after its own position a query sees; nil for all.
  let right: Int?

  /// Reads the bounds.
  ///
  /// - Throws: `ValidationError` for anything but two whole numbers of at least −1.
  init(parsing argument: String) throws {
    let bounds = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    guard bounds.count == 2, let left = bounds[0], let right = bounds[1], left >= -1, right >= -1 else {
      throw ValidationError("expected LEFT,RIGHT, two whole numbers of at least -1")
    }
    self.left = left == -1 ? nil : left
    self.right = right == -1 ? nil : right
  }
}

extension WindowArgument: CustomStringConvertible {
  var description: String { "\(left ?? -1),\(right ?? -1)" }
}

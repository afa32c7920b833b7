/// A size of, or a place in, a grid or a block.
public struct Dimensions: Hashable, Sendable, CustomStringConvertible {
  public var x: Int
  public var y: Int
  public var z: Int

  public init(_ x: Int, _ y: Int = 1, _ z: Int = 1) {
    self.x = x
    self.y = y
    self.z = z
  }

  /// The number of places.
  public var count: Int { x * y * z }

  public var description: String { "(\(x), \(y), \(z))" }

  /// The place with a number, where x changes first.
  func place(_ index: Int) -> Dimensions { Dimensions(index % x, index / x % y, index / (x * y)) }
}

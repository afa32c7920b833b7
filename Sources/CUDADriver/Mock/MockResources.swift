/// What a ``MockDriver`` has given out and not got back.
public struct MockResources: Hashable, Sendable {
  public var contexts = 0
  public var modules = 0
  public var allocations = 0
  public var pinnedAllocations = 0
  public var streams = 0
  public var events = 0

  /// Nothing: what is left when every owner has gone.
  public static let none = MockResources()
}

import Synchronization

/// Something that one thread at a time holds, and gives back so that another may hold it.
class Claimable: @unchecked Sendable {
  private let isClaimed: Atomic<Bool>
  /// The element that was listed before this one; written before this one is listed, and never again.
  fileprivate var older: Unmanaged<Claimable>?

  /// A new element belongs to whoever made it.
  init() { isClaimed = Atomic(true) }

  /// Whether the caller now holds it. Whatever the last holder wrote is visible then.
  fileprivate func claim() -> Bool {
    // Reading first leaves the cache line shared while it is held.
    !isClaimed.load(ordering: .relaxed)
      && isClaimed.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged
  }

  /// Gives it back.
  final func release() { isClaimed.store(false, ordering: .releasing) }
}

/// A list of things to claim, without a lock.
///
/// Elements are added and never removed. That makes a walk over the list safe at any time, and whoever finds nothing
/// idle does without or adds an element: nobody waits in line, so nested and concurrent calls cannot wait for each
/// other.
struct ClaimList<Element: Claimable>: ~Copyable, Sendable {
  private let newest = Atomic<Unmanaged<Claimable>?>(nil)

  /// Adds an element that the caller made and holds.
  func add(_ element: Element) {
    let added = Unmanaged<Claimable>.passRetained(element)
    // Acquired as by whoever looks for an element, because a walk may begin at the one that is added here.
    var expected = newest.load(ordering: .acquiring)
    while true {
      element.older = expected
      let (exchanged, original) = newest.compareExchange(
        expected: expected, desired: added, ordering: .acquiringAndReleasing)
      if exchanged { return }
      expected = original
    }
  }

  /// Claims the first idle element, or the first after `previous`; nil where there is none.
  func claim(after previous: Element? = nil) -> Element? {
    var next = if let previous { previous.older } else { newest.load(ordering: .acquiring) }
    while let element = next?.takeUnretainedValue() {
      if element.claim() { return unsafeDowncast(element, to: Element.self) }
      next = element.older
    }
    return nil
  }
}

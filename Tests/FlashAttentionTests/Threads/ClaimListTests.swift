import Foundation
import Synchronization
import Testing

@testable import FlashAttention

@Suite("A list of things to claim")
struct ClaimListTests {
  @Test("Whoever claims an element is its only holder, until it is given back")
  func exclusive() {
    let list = ClaimList<Claimable>()
    #expect(list.claim() == nil)
    let (first, second) = (Claimable(), Claimable())
    list.add(first)
    list.add(second)
    #expect(list.claim() == nil, "new elements belong to whoever made them")
    first.release()
    second.release()
    #expect(list.claim() === second)
    #expect(list.claim(after: second) === first)
    #expect(list.claim() == nil)
    second.release()
    #expect(list.claim(after: second) == nil)
    #expect(list.claim() === second)
  }

  /// For the thread sanitizer too: a thread that adds an element and looks for another one behind it reads what
  /// threads have written that it has never met otherwise.
  @Test("Threads that add elements at the same time walk on from their own", arguments: [2, 3, 7])
  func concurrent(threads: Int) {
    let rounds = 100
    let list = ClaimList<Claimable>()
    let arrived = Atomic<Int>(0)
    let found = Atomic<Int>(0)
    for _ in 0..<threads {
      Thread {
        arrived.add(1, ordering: .relaxed)
        while arrived.load(ordering: .relaxed) < threads { sched_yield() }
        for _ in 0..<rounds {
          let element = Claimable()
          list.add(element)
          if list.claim(after: element) != nil { found.add(1, ordering: .relaxed) }
        }
        arrived.add(1, ordering: .releasing)
      }
      .start()
    }
    while arrived.load(ordering: .acquiring) < 2 * threads { usleep(100) }
    #expect(found.load(ordering: .relaxed) == 0, "no element was given back")
  }
}

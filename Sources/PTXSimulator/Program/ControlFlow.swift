/// The graph of a kernel's basic blocks, from which follows where lanes that part come together again: at the immediate
/// post-dominator, the first instruction that all ways lead through.
struct ControlFlow {
  /// The first instruction of each block.
  private var starts: [Int] = []
  /// The block of each instruction.
  private var blockOf: [Int] = []
  private var successors: [[Int]] = []
  private var predecessors: [[Int]] = []
  private let instructionCount: Int

  /// The node that all ways end in.
  private var exit: Int { starts.count }

  init(_ instructions: [Instruction]) {
    instructionCount = instructions.count
    var isStart = Array(repeating: false, count: instructions.count + 1)
    isStart[0] = true
    for (index, instruction) in instructions.enumerated() {
      switch instruction.operation {
      case .branch(let target):
        isStart[Int(target)] = true
        isStart[index + 1] = true
      case .exit: isStart[index + 1] = true
      default: break
      }
    }
    for index in instructions.indices {
      if isStart[index] { starts.append(index) }
      blockOf.append(starts.count - 1)
    }
    connect(instructions)
  }

  private mutating func connect(_ instructions: [Instruction]) {
    successors = Array(repeating: [], count: starts.count + 1)
    predecessors = successors
    for block in starts.indices {
      let last = (block + 1 < starts.count ? starts[block + 1] : instructions.count) - 1
      let isConditional = instructions[last].condition != absent
      var next: [Int] = []
      switch instructions[last].operation {
      case .branch(let target):
        next.append(blockOf[Int(target)])
        if isConditional && last + 1 < instructions.count { next.append(block + 1) }
      // Lanes that end drop out, so that others need not wait for them.
      case .exit: next.append(isConditional && last + 1 < instructions.count ? block + 1 : exit)
      default: next.append(last + 1 < instructions.count ? block + 1 : exit)
      }
      successors[block] = next
      for other in next { predecessors[other].append(block) }
    }
  }

  /// For every instruction the first one of the block that post-dominates its own, ``absent`` for the end.
  func reconvergence() -> [Int32] {
    let order = postorder()
    var rank = Array(repeating: -1, count: starts.count + 1)
    for (index, node) in order.enumerated() { rank[node] = index }
    var dominator = Array(repeating: -1, count: starts.count + 1)
    dominator[exit] = exit
    func common(_ a: Int, _ b: Int) -> Int {
      var (a, b) = (a, b)
      while a != b {
        while rank[a] < rank[b] { a = dominator[a] }
        while rank[b] < rank[a] { b = dominator[b] }
      }
      return a
    }
    var isChanged = true
    while isChanged {
      isChanged = false
      for node in order.reversed() where node != exit {
        let known = successors[node].filter { dominator[$0] >= 0 }
        guard let first = known.first else { continue }
        let new = known.dropFirst().reduce(first, common)
        if dominator[node] != new {
          dominator[node] = new
          isChanged = true
        }
      }
    }
    return (0..<instructionCount).map { index in
      let block = dominator[blockOf[index]]
      return block < 0 || block == exit ? absent : Int32(starts[block])
    }
  }

  /// The nodes from which the end can be reached, each after all that lead to the end through it.
  private func postorder() -> [Int] {
    var order: [Int] = []
    var isVisited = Array(repeating: false, count: starts.count + 1)
    var stack = [(node: exit, next: 0)]
    isVisited[exit] = true
    while let top = stack.last {
      if top.next < predecessors[top.node].count {
        stack[stack.count - 1].next += 1
        let node = predecessors[top.node][top.next]
        if !isVisited[node] {
          isVisited[node] = true
          stack.append((node, 0))
        }
      } else {
        order.append(top.node)
        stack.removeLast()
      }
    }
    return order
  }
}

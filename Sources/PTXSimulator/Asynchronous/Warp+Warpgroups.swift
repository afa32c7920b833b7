// Products of warpgroups (PTX ISA, "Asynchronous warpgroup level matrix instructions").
extension Warp {
  private var warpgroup: Int { index / 4 }

  /// Refuses instructions that use registers of products in flight, and notes when registers were used.
  @inline(__always)
  func checkRegistersInFlight(_ instruction: UnsafeMutablePointer<Instruction>) throws {
    if case .multiplyWarpgroup = instruction.pointee.operation { return }
    products.time += 1
    let touched = instruction.pointee.touched
    let hasRows = !products.rows.isEmpty
    for index in 0..<Int(touched.count) {
      let row = Int(kernel.pool[Int(touched.start) + index])
      products.uses[row] = products.time
      if hasRows && products.inFlight[row] != 0 {
        throw Fault(
          .inFlight(since: Int(products.users[row])),
          "a register is used that belongs to a product of the warpgroup, which has not been waited for")
      }
    }
  }

  private func requireWarpgroup(_ lanes: UInt32) throws {
    guard lanes == .max else {
      throw Fault(.divergence, "lanes 0x\(String(lanes, radix: 16)) run this, but all of the warp have to")
    }
    guard warpgroup * 4 + 4 <= block.warps.count else {
      throw Fault(.invalidOperand, "warp \(index) does not belong to four whole warps")
    }
  }

  func fenceWarpgroup(_ lanes: UInt32) throws {
    try requireWarpgroup(lanes)
    products.time += 1
    products.fence = products.time
  }

  /// All warps of a warpgroup have to ask for the same numbers of registers. Whether the multiprocessor has them is not
  /// known.
  func setMaximumRegisters(_ count: Int32, _ lanes: UInt32) throws {
    try requireWarpgroup(lanes)
    let state = block.warpgroups[warpgroup]
    if products.registerChanges == state.registerCounts.count { state.registerCounts.append(count) }
    let expected = state.registerCounts[products.registerChanges]
    guard expected == count else {
      throw Fault(.divergence, "\(count) registers, where another warp of the warpgroup asks for \(expected)")
    }
    products.registerChanges += 1
  }

  func commitWarpgroup(_ lanes: UInt32) throws {
    try requireWarpgroup(lanes)
    products.committed += 1
    products.issuedAtCommit.append(products.issued)
    products.hasOpen = false
  }

  func waitWarpgroup(_ pending: Int, _ lanes: UInt32) throws -> StepResult {
    try requireWarpgroup(lanes)
    guard Int(products.committed) > pending else { return .next }
    let group = products.committed - UInt32(pending)
    // Products run when all four warps have issued them.
    if block.warpgroups[warpgroup].done < products.issuedAtCommit[Int(group) - 1] {
      state = .atWarpgroup
      return .blocked
    }
    products.finish(group)
    if block.grid.options.checksOrder {
      clocks.learn(lanes, component: block.layout.warpgroup(warpgroup), time: group, living: living)
    }
    return .next
  }

  func multiplyWarpgroup(_ o: WarpgroupProductOperation, _ lanes: UInt32) throws {
    try requireWarpgroup(lanes)
    guard products.fence > 0 else { throw Fault(.invalidOperand, "no wgmma.fence comes before the first product") }
    let isAccumulating = try uniform(o.accumulates)
    let group = products.committed + 1
    for index in 0..<Int(o.accumulators.count) {
      let row = kernel.pool[Int(o.accumulators.start) + index]
      try use(row, group, isAccumulator: true)
      if isAccumulating { try requireDefined(row, lanes, "an accumulator") }
      registers.setPoison(row, .max, 0)
    }
    var left: UInt64 = 0
    switch o.left {
    case .shared(let row): left = try uniform(row)
    case .registers(let range):
      for index in 0..<Int(range.count) {
        let row = kernel.pool[Int(range.start) + index]
        try requireDefined(row, lanes, "an element of A")
        try use(row, group, isAccumulator: false)
      }
    }
    try block.issue(
      o, in: warpgroup, self, left: left, right: try uniform(o.right), accumulates: isAccumulating, group: group)
    products.issued += 1
    products.hasOpen = true
  }

  /// Marks a register as used by a product.
  private func use(_ row: Row, _ group: UInt32, isAccumulator: Bool) throws {
    let row = Int(row)
    if products.inFlight[row] == 0 {
      if products.uses[row] > products.fence {
        throw Fault(.invalidOperand, "a register of the product was used since the last wgmma.fence")
      }
      products.rows.append(Row(row))
    } else if products.isAccumulator[row] != isAccumulator {
      throw Fault(
        .inFlight(since: Int(products.users[row])), "a product in flight uses the register in another way")
    }
    products.inFlight[row] = group
    products.users[row] = Int32(counter)
    products.isAccumulator[row] = isAccumulator
  }

  private func uniform(_ row: Row) throws -> UInt64 {
    try requireDefined(row, .max, "the matrix descriptor")
    let first = UInt64.read(registers.row(row), 0)
    for lane in 1..<32 where UInt64.read(registers.row(row), lane) != first {
      throw Fault(.invalidOperand, lane: lane, "lanes give different matrix descriptors")
    }
    return first
  }

  private func uniform(_ predicate: PredicateOperand) throws -> Bool {
    if registers.poison(predicate) != 0 { throw Fault(.undefinedValue, "the predicate has no value") }
    let mask = registers.mask(predicate)
    guard mask == 0 || mask == .max else { throw Fault(.invalidOperand, "lanes give different predicates") }
    return mask != 0
  }
}

extension Block {
  /// Notes that a warp has issued a product, and runs it once all four warps have.
  func issue(
    _ o: WarpgroupProductOperation, in number: Int, _ warp: Warp, left: UInt64, right: UInt64, accumulates: Bool,
    group: UInt32
  ) throws {
    let warpgroup = warpgroups[number]
    let position = warp.products.issued - warpgroup.done
    let knows = grid.options.checksOrder ? warp.clocks.common(layout) : nil
    if position == warpgroup.waiting.count {
      warpgroup.waiting.append(
        Warpgroup.Product(
          operation: o, instruction: warp.counter, group: group, left: left, right: right, accumulates: accumulates,
          clock: knows))
    } else {
      let product = warpgroup.waiting[position]
      guard product.instruction == warp.counter, product.left == left, product.right == right, product.group == group,
        product.accumulates == accumulates
      else { throw Fault(.divergence, "the warps of the warpgroup issue different products") }
      if let knows {
        product.clock?.meet(knows)
        knows.deallocate()
      }
    }
    warpgroup.waiting[position].warps += 1
    if warpgroup.waiting[position].warps < 4 { return }
    let product = warpgroup.waiting.removeFirst()
    defer { product.clock?.deallocate() }
    warpgroup.done += 1
    grid.progress += 1
    for other in warps[(number * 4)..<(number * 4 + 4)] {
      if case .atWarpgroup = other.state { other.state = .ready }
    }
    let accessor = product.clock.map {
      Accessor(
        clock: $0, component: layout.warpgroup(number), now: group, instruction: warp.counter, lane: 0)
    }
    try WarpgroupProduct(block: self, product: product, accessor: accessor, firstWarp: number * 4).run()
  }
}

extension LaneClocks {
  /// What all lanes know, and what they did themselves.
  func common(_ layout: ClockLayout) -> VectorClock {
    let result = VectorClock(componentCount: layout.count)
    result.copy(from: clock(of: 0))
    for lane in 1..<32 { meetOwn(lane, result) }
    takeOwn(into: result)
    return result
  }
}

// Matrices of warps and of warpgroups.
extension Decoder {
  private mutating func takeSyncAligned() throws {
    let isSync = modifiers.take("sync")
    guard modifiers.take("aligned") && isSync else { throw unsupported("this instruction without .sync.aligned") }
  }

  mutating func matrixAccess() throws -> Operation {
    try expectOperands(2...2)
    try takeSyncAligned()
    guard modifiers.take("m8n8") else { throw unsupported("this shape") }
    let counts = ["x1": 1, "x2": 2, "x4": 4]
    guard let count = modifiers.takeFirst({ counts[$0] }) else { throw unsupported("this number of matrices") }
    let isTransposed = modifiers.take("trans")
    guard takeSpace() == .shared, try type() == .b16 else { throw unsupported("this space or type") }
    let isLoad = instruction.opcode == "ldmatrix"
    let list = try operand(isLoad ? 0 : 1)
    guard elements(list).count == count else { throw unsupported("\(elements(list).count) registers") }
    let operation = MatrixAccessOperation(
      registers: isLoad ? try destinations(list, .b32) : try sources(list, .b32), isTransposed: isTransposed,
      address: try address(try operand(isLoad ? 1 : 0)))
    return isLoad ? .loadMatrices(operation) : .storeMatrices(operation)
  }

  mutating func transposeMatrix() throws -> Operation {
    try expectOperands(2...2)
    try takeSyncAligned()
    guard modifiers.take("m8n8"), modifiers.take("trans"), try type() == .b16 else { throw unsupported("this shape") }
    return .transposeMatrix(
      destination: try destination(try operand(0), .b32), source: try source(try operand(1), .b32))
  }

  mutating func matrixProduct() throws -> Operation {
    try expectOperands(4...4)
    try takeSyncAligned()
    let depths: [String: Int32] = ["m16n8k4": 4, "m16n8k8": 8, "m16n8k16": 16]
    guard let depth = modifiers.takeFirst({ depths[$0] }) else { throw unsupported("this shape") }
    guard modifiers.take("row"), modifiers.take("col") else { throw unsupported("this layout") }
    let d = try type()
    let a = try type()
    let b = try type()
    let c = try type()
    guard a == b, c == d, c == .f32 || (c == .f16 && a == .f16) else { throw unsupported("these types") }
    // 128 or 256 bits of a row: four or eight elements of 32 bits, eight or sixteen of 16 bits.
    let isTF32 = a == .tf32
    guard isTF32 ? depth <= 8 : (a == .f16 || a == .bf16) && depth >= 8 else { throw unsupported("these types") }
    let isDeep = isTF32 ? depth == 8 : depth == 16
    let counts = (a: isDeep ? 4 : 2, b: isDeep ? 2 : 1, c: c == .f32 ? 4 : 2)
    let lists = try (0...3).map { elements(try operand($0)).count }
    guard lists == [counts.c, counts.a, counts.b, counts.c] else { throw unsupported("these numbers of registers") }
    return .multiplyMatrices(
      MatrixProductOperation(
        inputType: a, accumulatorType: c, depth: depth, d: try destinations(try operand(0), .b32),
        a: try sources(try operand(1), .b32), b: try sources(try operand(2), .b32),
        c: try sources(try operand(3), .b32)))
  }

  mutating func warpgroup() throws -> Decoded {
    let kinds = ["fence", "commit_group", "wait_group", "mma_async"]
    guard let kind = modifiers.takeFirst({ kinds.contains($0) ? $0 : nil }) else { throw unsupported("this opcode") }
    try takeSyncAligned()
    switch kind {
    case "fence": return (.fenceWarpgroup, .warpgroupControl)
    case "commit_group": return (.commitWarpgroup, .warpgroupControl)
    case "wait_group": return (.waitWarpgroup(pending: Int32(try number(0))), .warpgroupControl)
    default: return (try warpgroupProduct(), .warpgroupProduct)
    }
  }

  private mutating func warpgroupProduct() throws -> Operation {
    guard let (columns, depth) = modifiers.takeFirst(Self.shape), columns % 8 == 0, (8...256).contains(columns) else {
      throw unsupported("this shape")
    }
    let isDeep = depth == 16
    guard isDeep || depth == 8 else { throw unsupported("this shape") }
    let d = try type()
    let a = try type()
    let b = try type()
    let is16Bits = a == .f16 || a == .bf16
    guard a == b, is16Bits == isDeep, is16Bits || a == .tf32, d == .f32 || (d == .f16 && a == .f16) else {
      throw unsupported("these types")
    }
    let accumulators = try operand(0)
    guard elements(accumulators).count == (d == .f32 ? columns / 2 : columns / 4) else {
      throw unsupported("\(elements(accumulators).count) accumulators")
    }
    let left: WarpgroupProductOperation.Left
    let fragment = try operand(1)
    var transpositions = is16Bits ? 2 : 0
    if case .vector(let registers) = fragment {
      guard registers.count == 4 else { throw unsupported("\(registers.count) registers of A") }
      left = .registers(try sources(fragment, .b32))
      transpositions = is16Bits ? 1 : 0
    } else {
      left = .shared(try source(fragment, .b64))
    }
    try expectOperands((6 + transpositions)...(6 + transpositions))
    let signs = (try number(4), try number(5))
    guard abs(signs.0) == 1, abs(signs.1) == 1 else { throw unsupported("a scale other than 1 and -1") }
    return .multiplyWarpgroup(
      WarpgroupProductOperation(
        columns: Int32(columns), depth: isDeep ? 16 : 8, inputType: a, accumulatorType: d,
        accumulators: try destinations(accumulators, .b32), left: left, right: try source(try operand(2), .b64),
        accumulates: try predicate(try operand(3)), negatesLeft: signs.0 < 0, negatesRight: signs.1 < 0,
        isLeftTransposed: transpositions == 2 ? try number(6) == 1 : false,
        isRightTransposed: transpositions > 0 ? try number(5 + transpositions) == 1 : false))
  }

  /// The numbers of columns and of products in `m64n128k16`.
  private static func shape(_ modifier: String) -> (columns: Int, depth: Int)? {
    guard modifier.hasPrefix("m64n") else { return nil }
    let numbers = modifier.dropFirst(4).split(separator: "k").compactMap { Int($0) }
    return numbers.count == 2 ? (numbers[0], numbers[1]) : nil
  }

  mutating func maximumRegisters() throws -> Operation {
    modifiers.drop(["inc", "dec"])
    try takeSyncAligned()
    _ = try type()
    let count = try number(0)
    guard count % 8 == 0, (24...256).contains(count) else { throw unsupported("this number of registers") }
    return .setMaximumRegisters(Int32(count))
  }
}

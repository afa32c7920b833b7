// Which family an opcode belongs to.
extension Decoder {
  typealias Decoded = (Operation, OpcodeClass)

  /// Decodes the current instruction.
  mutating func operation() throws -> Decoded {
    switch instruction.opcode {
    case "mov": return (try move(), .move)
    case "cvta": return (try convertAddress(), .integer)
    case "mapa": return (try mapAddress(), .integer)
    case "getctarank": return (try rankOfAddress(), .integer)
    case "createpolicy": return (try createPolicy(), .other)
    case "cvt": return (try convert(), .conversion)
    case "setp": return (try compare(), .comparison)
    case "selp": return (try select(), .comparison)
    case "add", "sub", "mul", "mad", "fma", "div", "rem", "min", "max", "abs", "neg", "rcp", "sqrt", "rsqrt", "ex2",
      "lg2", "tanh", "sin", "cos", "copysign":
      return try arithmetic()
    case "and", "or", "xor", "not", "cnot", "shl", "shr", "bfe", "bfi", "prmt", "lop3", "popc", "clz", "brev", "bfind",
      "shf", "sad":
      return (try logic(), .integer)
    case "ld", "ldu": return try load()
    case "st": return try store()
    case "atom", "red": return (try atomic(), .atomic)
    case "membar", "fence": return (try fence(), .fence)
    case "shfl": return (try shuffle(), .warp)
    case "vote": return (try vote(), .warp)
    case "match", "redux": return (try laneReduction(), .warp)
    case "elect": return (try elect(), .warp)
    case "activemask":
      _ = try type()
      return (.activeMask(try destination(try operand(0), .b32)), .warp)
    case "bar", "barrier": return try barrier()
    case "bra":
      _ = modifiers.take("uni")
      return (.branch(target: try label()), .controlFlow)
    case "ret", "exit": return (.exit, .controlFlow)
    case "trap": return (.trap, .controlFlow)
    case "brkpt": return (.none, .other)
    case "nanosleep":
      _ = try type()
      return (.yield, .other)
    case "griddepcontrol":
      modifiers.drop(["launch_dependents", "wait"])
      return (.none, .other)
    case "prefetch", "prefetchu", "applypriority", "discard", "pmevent":
      guard instruction.opcode != "discard" else { throw unsupported("this opcode") }
      modifiers.drop(["global", "tensormap", "param", "const"], prefixes: ["L1", "L2", "evict"])
      return (.none, .other)
    case "ldmatrix": return (try matrixAccess(), .matrixLoad)
    case "stmatrix": return (try matrixAccess(), .matrixStore)
    case "movmatrix": return (try transposeMatrix(), .matrixLoad)
    case "mma": return (try matrixProduct(), .matrixProduct)
    case "cp": return try copy()
    case "mbarrier": return (try memoryBarrier(), .memoryBarrier)
    case "wgmma": return try warpgroup()
    case "setmaxnreg": return (try maximumRegisters(), .warpgroupControl)
    default: throw unsupported("this opcode")
    }
  }

  private func label() throws -> Int32 {
    guard case .symbol(let name) = try operand(0), let target = labels[name] else {
      throw unsupported("a label that is not in the kernel")
    }
    return target
  }
}

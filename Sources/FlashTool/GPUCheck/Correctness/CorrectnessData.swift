import CUDADriver
import FlashAttention
import ReferenceAttention

/// The data of a case on the host, the same in every run.
struct CorrectnessData {
  let posed: CorrectnessCase
  let queries: [UInt16]
  private(set) var keys: [UInt16]
  private(set) var values: [UInt16]
  /// A byte an element, 1 where a key may be attended to.
  let booleanMask: [UInt8]?
  /// The bias in fp64, already rounded to its type.
  let bias: [Double]?

  init(_ posed: CorrectnessCase, _ numbers: NormalNumbers) {
    let shape = posed.shape
    func taken(_ shape: [Int], from start: Int) -> [UInt16] {
      numbers.taken(MemoryCheck.count(shape), from: start)
    }
    self.posed = posed
    queries = taken(shape.queries, from: 0)
    keys = taken(shape.keys, from: 50_021)
    values = taken(shape.values, from: 101_117)
    var generator = SeededGenerator(seed: 7)
    booleanMask = posed.booleanMask.map { form in
      let maskShape = form.shape(of: shape.scores)
      return (0..<MemoryCheck.count(maskShape)).map { index in
        // Every third row sees nothing, where rows differ.
        if form == .whole && index / max(shape.keyLength, 1) % 3 == 0 { return 0 }
        return generator.next() % 10 < 7 ? 1 : 0
      }
    }
    bias = posed.bias.map { type in
      (0..<MemoryCheck.count(shape.scores)).map { _ in
        let value = generator.normal()
        return generator.next() % 5 == 0 ? -.infinity : type.rounded(value)
      }
    }
    addHazard()
  }

  private mutating func addHazard() {
    let shape = posed.shape
    switch posed.hazard {
    case nil: break
    case .notANumber:
      let key = shape.keyLength / 2
      for column in 0..<shape.headDimension { keys[key * shape.headDimension + column] = GuardedOperand.poison }
      for column in 0..<shape.valueDimension { values[key * shape.valueDimension + column] = GuardedOperand.poison }
    case .hugeKey:
      for head in 1...shape.batch * shape.keyValueHeads {
        let start = (head * shape.keyLength - 1) * shape.headDimension
        for column in 0..<shape.headDimension { keys[start + column] = posed.element.bits(of: 30_000) }
      }
    }
  }

  /// The same problem for the reference.
  func reference(_ precision: ReferenceAttention.Precision) throws -> ReferenceAttention {
    let shape = posed.shape
    func exact(_ bits: [UInt16], _ shape: [Int]) throws -> Tensor<Double> {
      try Tensor(bits.map { posed.element.number(of: $0) }, shape: shape)
    }
    let mask = try booleanMask.flatMap { mask in
      try posed.booleanMask.map { try Tensor(mask.map { $0 != 0 }, shape: $0.shape(of: shape.scores)).view }
    }
    return try ReferenceAttention(
      exactly: exact(queries, shape.queries), keys: exact(keys, shape.keys), values: exact(values, shape.values),
      scale: Double(posed.descriptor().scale), softcap: posed.softcap.map { Double($0) }, mask: posed.mask,
      booleanMask: mask, bias: bias.map { try Tensor($0, shape: shape.scores) }, precision: precision)
  }
}

extension CorrectnessData {
  /// The boolean mask as an operand, and the memory that holds it.
  func maskOperand(on stream: CUDAStream) throws -> (operand: CUDAOperand, buffer: DeviceBuffer)? {
    guard let booleanMask, let form = posed.booleanMask else { return nil }
    let buffer = try stream.upload(booleanMask)
    return (CUDAOperand(pointer: buffer.pointer, strides: strides(repeatedBut: form == .whole)), buffer)
  }

  /// The bias as an operand, and the memory that holds it.
  func biasOperand(on stream: CUDAStream) throws -> (operand: CUDAOperand, buffer: DeviceBuffer)? {
    guard let bias, let type = posed.bias else { return nil }
    let buffer =
      type == .float32
      ? try stream.upload(bias.map { Float($0) }) : try stream.upload(bias.map { type.bits(of: $0) })
    return (CUDAOperand(pointer: buffer.pointer, strides: strides(repeatedBut: true)), buffer)
  }

  private func strides(repeatedBut isWhole: Bool) -> CUDAStrides {
    guard isWhole else { return CUDAStrides(batch: 0, head: 0, row: 0) }
    let scores = OperandLayout.dense.strides(posed.shape.scores)
    return CUDAStrides(batch: scores[0], head: scores[1], row: scores[2])
  }
}

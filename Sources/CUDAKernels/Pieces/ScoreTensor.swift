import PTX

/// A bias or a mask: a tensor that broadcasts to the scores.
struct ScoreTensor {
  let frame: ForwardFrame
  let operand: ForwardParameter.Operand
  /// In bytes from one key to the next.
  private let keyStride: Value<S32>

  init(_ frame: ForwardFrame, _ operand: ForwardParameter.Operand) {
    self.frame = frame
    self.operand = operand
    keyStride = frame.parameter(.stride(operand, .element), S32.self)
  }

  /// From the beginning of a row to a key.
  func distance(ofKey key: Value<S32>) -> Value<U64> { key.multipliedWide(by: keyStride).bits(as: U64.self) }

  /// Where a row begins; that of the last query where the tile's row is none of the tensor.
  func row(_ row: TileRow, _ item: WorkItem) -> Pointer<Global> {
    let query = Value<S32>.minimum(row.query, frame.queryLength - 1).bits(as: U32.self)
    return frame.plane(operand, batch: item.batch, head: row.head)
      + query.widened * frame.stride(operand, .row)
  }

  /// An element of the bias.
  func number(at address: Pointer<Global>) -> Value<F32> {
    let b = frame.b
    switch frame.kernel.bias {
    case .float32?: return b.load(F32.self, from: address)
    case .float16?: return b.float(b.load(B16.self, from: address), of: .float16)
    case .bfloat16?: return b.float(b.load(B16.self, from: address), of: .bfloat16)
    case nil: preconditionFailure("a kernel without a bias reads none")
    }
  }
}

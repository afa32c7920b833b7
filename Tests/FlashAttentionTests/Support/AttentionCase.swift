import FlashAttention
import ReferenceAttention
import Testing

/// One attention call as a test poses it, without its data.
struct AttentionCase: Sendable, CustomTestStringConvertible {
  var shape: AttentionShape
  var element = AttentionElementType.float32
  var mask = AttentionMask.full
  var booleanMask: BooleanMaskForm?
  var bias: BiasForm?
  var scale: Float?
  var softcap: Float?
  var seed: UInt64 = 1

  /// Heads are (Hq, Hkv), lengths (Sq, Sk) and dimensions (D, Dv).
  init(
    batch: Int = 1, heads: (Int, Int) = (1, 1), lengths: (Int, Int), dimensions: (Int, Int),
    element: AttentionElementType = .float32, mask: AttentionMask = .full, booleanMask: BooleanMaskForm? = nil,
    bias: BiasForm? = nil, scale: Float? = nil, softcap: Float? = nil
  ) {
    shape = try! AttentionShape(
      batch: batch, queryHeads: heads.0, keyValueHeads: heads.1, queryLength: lengths.0, keyLength: lengths.1,
      headDimension: dimensions.0, valueDimension: dimensions.1)
    self.element = element
    self.mask = mask
    self.booleanMask = booleanMask
    self.bias = bias
    self.scale = scale
    self.softcap = softcap
  }

  var testDescription: String {
    var parts = ["\(element.rawValue)", "\(shape)", "\(mask)"]
    if let booleanMask { parts.append("boolean \(booleanMask)") }
    if let bias { parts.append("bias \(bias)") }
    if let scale { parts.append("scale \(scale)") }
    if let softcap { parts.append("softcap \(softcap)") }
    return parts.joined(separator: "; ")
  }
}

/// Which axes of [B, Hq, Sq, Sk] a mask or a bias has; it is repeated along the others.
enum BroadcastForm: String, Sendable, CaseIterable {
  case whole, overBatch, overHeads, overQueries, overKeys, overBatchAndHeads, overAll, matrix, row

  func shape(of scores: [Int]) -> [Int] {
    switch self {
    case .whole: scores
    case .overBatch: [1, scores[1], scores[2], scores[3]]
    case .overHeads: [scores[0], 1, scores[2], scores[3]]
    case .overQueries: [scores[0], scores[1], 1, scores[3]]
    case .overKeys: [scores[0], scores[1], scores[2], 1]
    case .overBatchAndHeads: [1, 1, scores[2], scores[3]]
    case .overAll: [1, 1, 1, 1]
    case .matrix: [scores[2], scores[3]]
    case .row: [scores[3]]
    }
  }
}

/// A random boolean mask of a form, of which a fraction is permitted.
struct BooleanMaskForm: Sendable, CustomStringConvertible {
  var form: BroadcastForm
  /// Whether every third row of the mask forbids all keys.
  var forbidsRows = false

  var description: String { form.rawValue + (forbidsRows ? " with empty rows" : "") }

  func tensor(_ shape: AttentionShape, seed: UInt64) throws -> Tensor<Bool> {
    let maskShape = form.shape(of: shape.scores)
    var generator = SeededGenerator(seed: seed)
    let keys = max(maskShape[maskShape.count - 1], 1)
    let elements = (0..<maskShape.reduce(1, *)).map { index in
      forbidsRows && index / keys % 3 == 0 ? false : generator.next() % 10 < 7
    }
    return try Tensor(elements, shape: maskShape)
  }
}

/// A random bias of a form and an element type.
struct BiasForm: Sendable, CustomStringConvertible {
  var form: BroadcastForm
  var element = AttentionElementType.float32
  /// Whether a fifth of the elements is −∞.
  var forbids = false

  var description: String { "\(form.rawValue) \(element.rawValue)" + (forbids ? " with −inf" : "") }

  /// The bias as it is passed, and the same numbers in fp64.
  func tensors(_ shape: AttentionShape, seed: UInt64) throws -> (bias: AttentionBias, exact: Tensor<Double>) {
    let biasShape = form.shape(of: shape.scores)
    var generator = SeededGenerator(seed: seed)
    let elements = (0..<biasShape.reduce(1, *)).map { _ in
      let value = generator.normal()
      return forbids && generator.next() % 5 == 0 ? -.infinity : value
    }
    switch element {
    case .float32:
      let tensor = try Tensor<Float>(rounding: elements, shape: biasShape)
      return (AttentionBias(tensor), try Tensor(converting: tensor))
    case .float16:
      let tensor = try Tensor<Float16>(rounding: elements, shape: biasShape)
      return (AttentionBias(tensor), try Tensor(converting: tensor))
    case .bfloat16:
      let tensor = try Tensor<BFloat16>(rounding: elements, shape: biasShape)
      return (AttentionBias(tensor), try Tensor(converting: tensor))
    }
  }
}

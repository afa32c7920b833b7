import CUDADriver
import FlashAttention

/// A call of the correctness grid, without its data.
struct CorrectnessCase: Sendable {
  var shape: AttentionShape
  var element = AttentionElementType.bfloat16
  var mask = AttentionMask.full
  var booleanMask: Repetition?
  var bias: AttentionElementType?
  var scale: Float?
  var softcap: Float?
  var layout = OperandLayout.dense
  var hazard: Hazard?

  /// Along which axes of [B, Hq, Sq, Sk] a boolean mask has elements of its own.
  enum Repetition: String, Sendable {
    case whole
    /// The same for all batches, heads and queries.
    case keysOnly = "keys only"

    func shape(of scores: [Int]) -> [Int] { self == .whole ? scores : [1, 1, 1, scores[3]] }
  }

  /// Something in the data that must not reach rows that do not see it.
  enum Hazard: String, Sendable {
    /// NaN in a key and a value in the middle of the first head.
    case notANumber = "NaN"
    /// Huge numbers in the last key of every head.
    case hugeKey = "huge key"
  }

  /// Heads are (Hq, Hkv), lengths (Sq, Sk) and dimensions (D, Dv).
  init(
    batch: Int = 1, heads: (Int, Int) = (2, 1), lengths: (Int, Int), dimensions: (Int, Int),
    change: (inout CorrectnessCase) -> Void = { _ in }
  ) throws {
    shape = try AttentionShape(
      batch: batch, queryHeads: heads.0, keyValueHeads: heads.1, queryLength: lengths.0, keyLength: lengths.1,
      headDimension: dimensions.0, valueDimension: dimensions.1)
    change(&self)
  }

  func descriptor() throws -> AttentionDescriptor {
    try AttentionDescriptor(
      shape: shape, elementType: element, scale: scale, softcap: softcap, mask: mask,
      hasBooleanMask: booleanMask != nil, biasType: bias)
  }

  /// Whether bulk copies can take the operands, so that there is a kernel for warpgroups beside the one for warps.
  var isMappable: Bool {
    layout.isMappable && shape.headDimension % 8 == 0 && shape.valueDimension % 8 == 0
  }

  var name: String {
    var words = ["\(shape.sizes.map(String.init).joined(separator: ","))", element.rawValue, "\(mask)"]
    if let booleanMask { words.append("boolean mask \(booleanMask.rawValue)") }
    if let bias { words.append("bias \(bias.rawValue)") }
    if let scale { words.append("scale \(scale)") }
    if let softcap { words.append("softcap \(softcap)") }
    if layout != .dense { words.append(layout.rawValue) }
    if let hazard { words.append(hazard.rawValue) }
    return words.joined(separator: " ")
  }
}

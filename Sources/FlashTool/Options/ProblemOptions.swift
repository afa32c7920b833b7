import ArgumentParser
import FlashAttention

/// The options that pose a problem without data, which `flash bench` and `flash plan` share.
struct ProblemOptions: ParsableArguments {
  @Option(
    name: .customLong("shape"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "The sizes of a problem; may be given several times.", valueName: "B,Hq,Hkv,Sq,Sk,D,Dv"),
    transform: ShapeArgument.init(parsing:))
  var shapeArguments: [ShapeArgument] = []

  @Option(name: .customLong("dtype"), help: "The element type of queries, keys, values and output.")
  var elementType = AttentionElementType.float32

  @OptionGroup var mask: MaskOptions

  @Option(help: "What is computed. forward-backward is one after the other.")
  var direction = DirectionChoice.forward

  @OptionGroup var execution: ExecutionArguments

  /// The shapes that were given.
  var shapes: [AttentionShape] { shapeArguments.map(\.shape) }

  func descriptor(_ shape: AttentionShape, mask: AttentionMask) throws -> AttentionDescriptor {
    try AttentionDescriptor(shape: shape, elementType: elementType, mask: mask)
  }
}

/// The passes that can be asked for by name.
enum DirectionChoice: String, CaseIterable, ExpressibleByArgument {
  case forward
  case backward
  case forwardBackward = "forward-backward"

  /// The passes that are run, in their order.
  var passes: [AttentionDirection] {
    switch self {
    case .forward: [.forward]
    case .backward: [.backward]
    case .forwardBackward: [.forward, .backward]
    }
  }

  /// Floating-point operations: 4 · B · Hq · Sq · Sk · (D + Dv) / 2 forward, 2.5 times that backward.
  ///
  /// They are halved for a causal mask, whatever Sq and Sk are, which is the convention that figures of attention are
  /// compared by; under a window only the permitted pairs count.
  func operations(_ shape: AttentionShape, mask: AttentionMask) -> Double {
    let isCausal = mask.left == nil && mask.right == 0
    let pairs =
      isCausal
      ? Double(shape.queryLength) * Double(shape.keyLength) / 2
      : Double(mask.permittedPairs(queryLength: shape.queryLength, keyLength: shape.keyLength))
    let forward =
      2 * Double(shape.batch * shape.queryHeads) * pairs * Double(shape.headDimension + shape.valueDimension)
    return switch self {
    case .forward: forward
    case .backward: 2.5 * forward
    case .forwardBackward: 3.5 * forward
    }
  }
}

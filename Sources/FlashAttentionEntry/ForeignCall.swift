import CUDADriver
import FlashAttention
import FlashAttentionC

/// A call as `flash_attention.h` describes it, read and checked.
struct ForeignCall {
  private let call: flash_attention_call

  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` for no call, or one of another version of the
  ///   header.
  init(reading call: UnsafePointer<flash_attention_call>?) throws(AttentionError) {
    guard let call else {
      throw .invalidArgument("call", was: "null", expected: "the address of a call")
    }
    let size = call.pointee.size
    guard size == MemoryLayout<flash_attention_call>.size else {
      throw .invalidArgument(
        "size", was: "\(size)", expected: "\(MemoryLayout<flash_attention_call>.size), as this version of the library")
    }
    self.call = call.pointee
  }

  /// Queues the call on its stream.
  func enqueue() throws {
    let descriptor = try descriptor()
    // What no device can do is said before one is looked for.
    try CUDAAttentionPlan.check(descriptor, .forward)
    let context = try CUDADevices.context(at: Int(call.device))
    let operands = operands
    try requireMemory(of: context, descriptor)
    let stream = CUDAStream(foreign: StreamHandle(rawValue: UInt(bitPattern: call.stream)), in: context)
    try CUDAAttention.enqueue(descriptor, operands, on: stream)
  }

  private func has(_ flag: Int) -> Bool { Int(call.flags) & flag != 0 }

  private func descriptor() throws -> AttentionDescriptor {
    let shape = try AttentionShape(
      batch: Int(call.batch), queryHeads: Int(call.query_heads), keyValueHeads: Int(call.key_value_heads),
      queryLength: Int(call.query_length), keyLength: Int(call.key_length), headDimension: Int(call.head_dimension),
      valueDimension: Int(call.value_dimension))
    let mask = try AttentionMask.slidingWindow(
      left: has(FLASH_ATTENTION_HAS_LEFT) ? Int(call.left) : nil,
      right: has(FLASH_ATTENTION_HAS_RIGHT) ? Int(call.right) : nil,
      has(FLASH_ATTENTION_TOP_LEFT) ? .topLeft : .bottomRight)
    return try AttentionDescriptor(
      shape: shape, elementType: Self.elementType("element_type", call.element_type),
      scale: has(FLASH_ATTENTION_HAS_SCALE) ? call.scale : nil,
      softcap: has(FLASH_ATTENTION_HAS_SOFTCAP) ? call.softcap : nil, mask: mask,
      hasBooleanMask: call.mask.address != nil,
      biasType: call.bias.address == nil ? nil : Self.elementType("bias_type", call.bias_type))
  }

  private static func elementType(_ name: String, _ value: Int32) throws -> AttentionElementType {
    switch Int(value) {
    case FLASH_ATTENTION_F32: return .float32
    case FLASH_ATTENTION_F16: return .float16
    case FLASH_ATTENTION_BF16: return .bfloat16
    default:
      throw AttentionError.invalidArgument(
        name, was: "\(value)", expected: "FLASH_ATTENTION_F32, FLASH_ATTENTION_F16 or FLASH_ATTENTION_BF16")
    }
  }

  private var operands: CUDAOperands {
    CUDAOperands(
      queries: CUDAOperand(call.query), keys: CUDAOperand(call.key), values: CUDAOperand(call.value),
      output: CUDAOperand(call.output), logSumExp: DevicePointer(call.log_sum_exp),
      booleanMask: call.mask.address == nil ? nil : CUDAOperand(call.mask),
      bias: call.bias.address == nil ? nil : CUDAOperand(call.bias))
  }

  /// Throws where an address is not one of the device's memory.
  private func requireMemory(of context: CUDAContext, _ descriptor: AttentionDescriptor) throws {
    let shape = descriptor.shape
    let addresses: [(String, UnsafeMutableRawPointer?, [Int])] = [
      ("query", call.query.address, shape.queries), ("key", call.key.address, shape.keys),
      ("value", call.value.address, shape.values), ("output", call.output.address, shape.output),
      ("log_sum_exp", UnsafeMutableRawPointer(call.log_sum_exp), shape.rows),
      ("mask", call.mask.address, call.mask.address == nil ? [0] : shape.scores),
      ("bias", call.bias.address, call.bias.address == nil ? [0] : shape.scores),
    ]
    for (name, address, axes) in addresses where !axes.contains(0) {
      try context.requireMemory(name, at: DevicePointer(address))
    }
  }
}

extension CUDAOperand {
  fileprivate init(_ operand: flash_attention_operand) {
    let strides = operand.strides
    self.init(
      pointer: DevicePointer(operand.address),
      strides: CUDAStrides(
        batch: Int(strides.0), head: Int(strides.1), row: Int(strides.2), column: Int(strides.3)))
  }
}

extension DevicePointer {
  fileprivate init(_ address: UnsafeMutableRawPointer?) {
    self.init(rawValue: UInt64(UInt(bitPattern: address)))
  }

  fileprivate init(_ address: UnsafeMutablePointer<Float>?) {
    self.init(UnsafeMutableRawPointer(address))
  }
}

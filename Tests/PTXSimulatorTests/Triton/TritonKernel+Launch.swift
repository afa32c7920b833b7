import PTXSimulator

extension TritonKernel {
  /// The bytes of tensors by name.
  typealias Contents = [String: [UInt8]]

  /// The tensors by name.
  var tensorsByName: [String: TritonTensor] {
    Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0) })
  }

  /// The tensors that it reads.
  var inputs: [TritonTensor] { tensors.filter { $0.role == .input } }

  /// Runs the kernel in the simulator, and returns what it left in the tensors that it computes.
  func launch(_ program: PTXProgram, inputs: Contents, options: LaunchOptions) throws -> Contents {
    let device = SimulatedDevice()
    var buffers: [String: DeviceBuffer] = [:]
    for tensor in tensors { buffers[tensor.name] = allocate(tensor, inputs[tensor.name], on: device) }
    let arguments = try parameters.map { try argument($0, buffers) }
    try device.launch(
      program, kernel: entry, grid: Dimensions(grid[0], grid[1], grid[2]), block: Dimensions(threads),
      sharedBytes: sharedBytes, arguments: arguments, options: options)
    var results: Contents = [:]
    for tensor in tensors where tensor.role == .output || tensor.role == .accumulator {
      guard let buffer = buffers[tensor.name] else { continue }
      results[tensor.name] = device.read(UInt8.self, from: buffer)
    }
    return results
  }

  private func allocate(_ tensor: TritonTensor, _ input: [UInt8]?, on device: SimulatedDevice) -> DeviceBuffer {
    switch tensor.role {
    case .input: device.allocate(tensor.name, copying: input ?? [], isReadOnly: true)
    case .output: device.allocate(tensor.name, byteCount: tensor.byteCount)
    case .accumulator, .scratch:
      device.allocate(tensor.name, copying: [UInt8](repeating: 0, count: tensor.byteCount))
    }
  }

  private func argument(_ parameter: Parameter, _ buffers: [String: DeviceBuffer]) throws -> KernelArgument {
    switch parameter.argument {
    case .pointer(let tensor): .pointer(try buffer(tensor, buffers))
    case .tensorMap(let map): .tensorMap(try description(of: map, at: buffer(map.tensor, buffers)))
    case .integer(let value):
      parameter.type == "u32" ? .int32(Int32(truncatingIfNeeded: value)) : .uint64(UInt64(bitPattern: value))
    case .float(let value): .float(Float(value))
    case .null: .uint64(0)
    }
  }

  private func buffer(_ name: String, _ buffers: [String: DeviceBuffer]) throws -> DeviceBuffer {
    guard let buffer = buffers[name] else { throw SimulationError.invalidLaunch("no tensor \(name)") }
    return buffer
  }

  /// The tensor map, whose axes have the innermost first.
  private func description(of map: TensorMap, at buffer: DeviceBuffer) throws -> TensorMapDescription {
    guard let element = tensorsByName[map.tensor]?.element else {
      throw SimulationError.invalidTensorMap("no tensor \(map.tensor)")
    }
    return try TensorMapDescription(
      address: buffer.address, element: element.inTensorMaps, sizes: map.shape.reversed(),
      strides: map.strides.dropLast().reversed().map { $0 * element.size }, box: map.box.reversed(),
      swizzle: map.swizzle.inTensorMaps)
  }
}

extension TritonElement {
  /// The type's name in tensor maps.
  fileprivate var inTensorMaps: TensorMapDescription.Element {
    switch self {
    case .f32: .float32
    case .f16: .float16
    case .bf16: .bfloat16
    case .s32: .int32
    case .s8: .uint8
    }
  }
}

extension TritonKernel.Swizzle {
  fileprivate var inTensorMaps: TensorMapDescription.Swizzle {
    switch self {
    case .none: .none
    case .bytes32: .bytes32
    case .bytes64: .bytes64
    case .bytes128: .bytes128
    }
  }
}

import CUDADriver
import PTXSimulator

/// Executes the launches of a mock driver in the PTX simulator, on the mock's memory.
public enum SimulatedGPU {
  /// Executes a launch: moves the memory into the simulator, runs the kernel there and moves the memory back.
  public static func execute(_ launch: LaunchRecord, on driver: MockDriver) throws {
    let device = SimulatedDevice()
    let memory = driver.allocations.map { allocation in
      (allocation, device.allocate("\(allocation.pointer)", copying: Array(allocation.bytes)))
    }
    /// Where the simulator has an address of the mock; nil for what is none.
    func place(_ address: UInt64) -> UInt64? {
      for (allocation, buffer) in memory {
        let start = allocation.pointer.rawValue
        if (start..<start + UInt64(allocation.bytes.count)).contains(address) {
          return buffer.address + (address - start)
        }
      }
      return nil
    }
    try device.launch(
      PTXProgram(parsing: launch.moduleText), kernel: launch.kernel,
      grid: Dimensions(launch.shape.grid.x, launch.shape.grid.y, launch.shape.grid.z),
      block: Dimensions(launch.shape.block.x, launch.shape.block.y, launch.shape.block.z),
      sharedBytes: launch.shape.sharedBytes, arguments: launch.arguments.map { try argument($0, place) })
    for (allocation, buffer) in memory {
      allocation.bytes.copyBytes(from: device.read(UInt8.self, from: buffer))
    }
  }

  private static func argument(
    _ argument: LaunchRecord.Argument, _ place: (UInt64) -> UInt64?
  ) throws -> PTXSimulator.KernelArgument {
    if let map = argument.tensorMap {
      return .tensorMap(try PTXSimulator.TensorMapDescription(map, at: place(map.address.rawValue) ?? 0))
    }
    // No stride is as large as an address of the mock.
    if let word = argument.value(as: UInt64.self) { return .uint64(place(word) ?? word) }
    return .bytes(argument.bytes)
  }
}

extension PTXSimulator.TensorMapDescription {
  fileprivate init(_ map: CUDADriver.TensorMapDescription, at address: UInt64) throws {
    let element: Element
    switch map.element {
    case .uint8: element = .uint8
    case .uint16: element = .uint16
    case .uint32: element = .uint32
    case .int32: element = .int32
    case .float16: element = .float16
    case .float32: element = .float32
    case .bfloat16: element = .bfloat16
    }
    let swizzle: Swizzle
    switch map.swizzle {
    case .none: swizzle = .none
    case .bytes32: swizzle = .bytes32
    case .bytes64: swizzle = .bytes64
    case .bytes128: swizzle = .bytes128
    }
    try self.init(
      address: address, element: element, sizes: map.sizes, strides: map.strides, box: map.box, swizzle: swizzle,
      fill: map.fill == .zero ? .zeros : .notANumber)
  }
}

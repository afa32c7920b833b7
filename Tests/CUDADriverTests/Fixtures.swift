import CUDADriver
import Tensors

/// PTX texts whose heads and parameters are real; their bodies are executed by closures.
enum Texts {
  /// Multiplies `count` floats by a factor.
  static let scale = """
    .version 8.0
    .target sm_90a
    .address_size 64
    .visible .entry scale(
      .param .u64 .ptr .global .align 16 source,
      .param .u64 target,
      .param .u32 count,
      .param .f32 factor
    )
    {
      ret;
    }
    """

  /// Takes a map between two scalars.
  static let mapped = """
    .version 8.0
    .target sm_90a
    .address_size 64
    .visible .entry mapped(
      .param .u32 rows,
      .param .align 64 .b8 map[128],
      .param .u64 target
    ) { ret; }
    """

  /// Runs on every device from Ampere on.
  static let portable = """
    .version 7.0
    .target sm_80
    .address_size 64
    .visible .entry portable() { ret; }
    """
}

extension KernelSource {
  static let scale = KernelSource(text: Texts.scale, entry: "scale")
  static let portable = KernelSource(text: Texts.portable, entry: "portable")
}

extension CUDARuntime {
  /// The context on the first device of a mock.
  static func context(of mock: MockDriver) throws -> CUDAContext {
    let runtime = try CUDARuntime(driver: mock)
    return try runtime.context(on: runtime.devices[0])
  }
}

/// Executes the kernel of ``Texts/scale`` on the mock's memory.
@Sendable func executeScale(_ launch: LaunchRecord, _ mock: MockDriver) throws {
  guard let source = launch.arguments[0].value(as: UInt64.self),
    let target = launch.arguments[1].value(as: UInt64.self),
    let count = launch.arguments[2].value(as: UInt32.self), let factor = launch.arguments[3].value(as: Float.self)
  else { throw DriverFailure(.cuLaunchKernelEx, .invalidValue) }
  let bytes = Int(count) * MemoryLayout<Float>.stride
  try mock.withBytes(at: DevicePointer(rawValue: source), count: bytes) { source in
    try mock.withBytes(at: DevicePointer(rawValue: target), count: bytes) { target in
      for index in 0..<Int(count) {
        let value = source.load(fromByteOffset: 4 * index, as: Float.self)
        target.storeBytes(of: factor * value, toByteOffset: 4 * index, as: Float.self)
      }
    }
  }
}

/// The description of the error that `body` throws, or nil where it throws none.
func message(_ body: () throws -> Void) -> String? {
  do {
    try body()
    return nil
  } catch {
    return "\(error)"
  }
}

/// A launch as the driver receives it, with everything that is needed to execute it elsewhere.
public struct LaunchRecord: Hashable, Sendable {
  /// The PTX text of the module.
  public let moduleText: String

  /// The name of the kernel in it.
  public let kernel: String

  /// The device.
  public let device: MockDevice

  /// The stream.
  public let stream: StreamHandle

  /// The size of the launch, its cluster and its attributes.
  public let shape: LaunchShape

  /// The arguments, in the order of the kernel's parameters.
  public let arguments: [Argument]

  /// One argument: as many bytes as the text declares for the parameter.
  public struct Argument: Hashable, Sendable {
    /// The parameter's name in the text.
    public let name: String
    public let bytes: [UInt8]

    /// The argument as a number; nil where it has another size.
    public func value<Value: BitwiseCopyable>(as type: Value.Type) -> Value? {
      guard bytes.count == MemoryLayout<Value>.size else { return nil }
      return bytes.withUnsafeBytes { $0.loadUnaligned(as: type) }
    }

    /// The description of the tensor map that the argument is; nil where it is none.
    public var tensorMap: TensorMapDescription? {
      MockTensorMap.decode(bytes)
    }
  }
}

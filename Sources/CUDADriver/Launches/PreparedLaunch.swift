import CUDAInterface
import Tensors

/// A launch whose shape has been checked and whose arguments have been packed: launching it again, also with changed
/// arguments, allocates nothing, takes no lock and waits for nothing.
///
/// It has one owner. Callers that launch at the same time hold one each (``duplicate()``), or one in a lock.
///
/// Unchecked: its memory has no other owner, so it may move between threads.
public struct PreparedLaunch: ~Copyable, @unchecked Sendable {
  /// The kernel.
  public let kernel: KernelFunction

  /// The size of the launch.
  public let shape: LaunchShape

  private let layout: ArgumentLayout

  /// The packed arguments, at a multiple of ``TensorMap/alignment``.
  private let storage: UnsafeMutableRawBufferPointer

  /// The address of each argument in `storage`, as the driver wants them.
  private let addresses: UnsafeMutableBufferPointer<UnsafeMutableRawPointer?>

  private let attributes: UnsafeMutableBufferPointer<DriverLaunchAttribute>
  private var configuration: DriverLaunchConfiguration

  /// Checks the shape, and the arguments against the kernel's parameters, and packs the arguments in their order.
  public init(
    _ kernel: KernelFunction, shape: LaunchShape, arguments: [KernelArgument]
  ) throws(AttentionError) {
    try shape.validate(for: kernel)
    try kernel.signature.validate(arguments)
    self.init(validated: kernel, shape: shape, layout: ArgumentLayout(arguments))
    for (offset, argument) in zip(layout.offsets, arguments) {
      argument.write(to: start + offset)
    }
  }

  private init(validated kernel: KernelFunction, shape: LaunchShape, layout: ArgumentLayout) {
    self.kernel = kernel
    self.shape = shape
    self.layout = layout
    storage = .allocate(byteCount: max(1, layout.byteCount), alignment: TensorMap.alignment)
    storage.initializeMemory(as: UInt8.self, repeating: 0)
    addresses = .allocate(capacity: max(1, layout.offsets.count))
    addresses.initialize(repeating: nil)
    for (index, offset) in layout.offsets.enumerated() {
      addresses[index] = storage.baseAddress.map { $0 + offset }
    }
    attributes = .allocate(capacity: LaunchShape.maximumAttributes)
    attributes.initialize(repeating: DriverLaunchAttribute())
    configuration = shape.configuration(attributes: attributes)
  }

  deinit {
    storage.deallocate()
    addresses.deallocate()
    attributes.deallocate()
  }

  /// The number of arguments.
  public var argumentCount: Int { layout.offsets.count }

  /// Changes an argument to another value of the same size.
  public mutating func setArgument(_ index: Int, to argument: KernelArgument) {
    precondition(layout.offsets.indices.contains(index), "the kernel has no such argument")
    precondition(layout.byteCounts[index] == argument.byteCount, "the argument is of another size")
    argument.write(to: start + layout.offsets[index])
  }

  /// Changes an argument of 8 bytes to a pointer: the common change, without passing a ``KernelArgument``, which is as
  /// large as a tensor map.
  @inline(__always)
  public mutating func setPointer(_ index: Int, to pointer: DevicePointer) {
    precondition(layout.byteCounts[index] == 8, "the argument is not a pointer")
    (start + layout.offsets[index]).storeBytes(of: pointer.rawValue, as: UInt64.self)
  }

  /// Queues the launch. Its arguments have been read when this returns.
  public mutating func enqueue(on stream: CUDAStream) throws(AttentionError) {
    guard stream.context === kernel.context else {
      throw .invalidArgument(
        "stream", was: "a stream of \(stream.context.device)", expected: "a stream of \(kernel.context.device)")
    }
    configuration.stream = stream.handle.rawValue
    guard let parameters = addresses.baseAddress else { return }
    let function = kernel.handle
    let configuration = configuration
    try kernel.context.perform { driver throws(DriverFailure) in
      try withUnsafePointer(to: configuration) { configuration throws(DriverFailure) in
        try driver.launch(function, configuration: configuration, parameters: parameters)
      }
    }
  }

  /// Another launch with the same shape and arguments, for another owner.
  public func duplicate() -> PreparedLaunch {
    let copy = PreparedLaunch(validated: kernel, shape: shape, layout: layout)
    copy.storage.copyMemory(from: UnsafeRawBufferPointer(storage))
    return copy
  }

  /// Where the packed arguments begin.
  private var start: UnsafeMutableRawPointer {
    guard let start = storage.baseAddress else { preconditionFailure("the storage has at least one byte") }
    return start
  }
}

import CUDADriver
import CUDAKernels

/// A launch with its arguments, which may change from one time to the next.
struct BoundLaunch: ~Copyable, Sendable {
  private var launch: PreparedLaunch
  /// What the launch passes now, so that only what changes is packed, and only maps that change are encoded.
  private var arguments: [LaunchArgument]

  init(_ description: KernelLaunch, of kernel: KernelFunction) throws(AttentionError) {
    var packed: [KernelArgument] = []
    for argument in description.arguments {
      packed.append(try KernelArgument(argument, in: kernel.context))
    }
    launch = try PreparedLaunch(
      kernel,
      shape: LaunchShape(
        grid: LaunchExtent(description.blocks), block: LaunchExtent(description.threads),
        sharedBytes: description.sharedBytes),
      arguments: packed)
    arguments = description.arguments
  }

  /// Passes the arguments of a launch of the same size from here on.
  mutating func pass(_ description: KernelLaunch) throws(AttentionError) {
    for (index, argument) in description.arguments.enumerated() where argument != arguments[index] {
      launch.setArgument(index, to: try KernelArgument(argument, in: launch.kernel.context))
      arguments[index] = argument
    }
  }

  /// Passes an address from here on. Allocates nothing.
  mutating func pass(_ pointer: DevicePointer, at index: Int) {
    launch.setPointer(index, to: pointer)
    arguments[index] = .word64(pointer.rawValue)
  }

  mutating func enqueue(on stream: CUDAStream) throws(AttentionError) {
    try launch.enqueue(on: stream)
  }
}

import CUDADriver
import CUDAKernels

/// What a plan needs to know of a CUDA device: of one that is there, or of an architecture by its name.
public struct CUDADeviceTraits: Sendable, Hashable, CustomStringConvertible {
  /// The name of the architecture, such as `sm_90`, or of the device.
  public let name: String

  let traits: GPUTraits

  /// Why kernels for warpgroups are out of the question although the device has the instructions, as a clause.
  let warpgroupRefusal: String?

  private init(name: String, traits: GPUTraits, warpgroupRefusal: String? = nil) {
    self.name = name
    self.traits = traits
    self.warpgroupRefusal = warpgroupRefusal
  }

  /// The traits of a device that the driver found.
  public init(_ device: CUDADevice) {
    self.init(
      name: device.name,
      traits: GPUTraits(
        capability: GPUTraits.Capability(device.capability.major, device.capability.minor),
        multiprocessors: device.multiprocessors, sharedBytesPerBlock: device.maximumSharedBytesOptIn,
        level2Cache: device.secondLevelCacheBytes),
      warpgroupRefusal: device.limitation)
  }

  /// Architectures that can be planned for without having one: `sm_80`, `sm_86`, `sm_89` and `sm_90`, each as its
  /// data-centre or largest consumer device has it.
  public static let architectures: [CUDADeviceTraits] =
    GPUTraits.named.map { CUDADeviceTraits(name: $0.name, traits: $0.traits) }

  /// The architecture of that name, or nil.
  public static func architecture(_ name: String) -> CUDADeviceTraits? {
    architectures.first { $0.name == name }
  }

  /// The compute capability, such as `9.0`.
  public var capability: String { traits.capability.description }

  /// The number of multiprocessors.
  public var multiprocessors: Int { traits.multiprocessors }

  public var description: String {
    "\(name): compute capability \(capability), \(multiprocessors) multiprocessors"
  }
}

extension CUDADeviceTraits {
  /// The same device with other means, so that a check reaches kernels that the device itself would not get.
  ///
  /// - Parameters:
  ///   - multiprocessors: Its number of multiprocessors: with 1, keys are never split. Nil for as many as it has.
  ///   - warpgroupRefusal: Why its kernels for warpgroups are out of the question, as a clause; nil where they are not.
  package func replacing(multiprocessors: Int? = nil, warpgroupRefusal: String? = nil) -> CUDADeviceTraits {
    CUDADeviceTraits(
      name: name,
      traits: GPUTraits(
        capability: traits.capability, multiprocessors: multiprocessors ?? traits.multiprocessors,
        sharedBytesPerBlock: traits.sharedBytesPerBlock, level2Cache: traits.level2Cache),
      warpgroupRefusal: self.warpgroupRefusal ?? warpgroupRefusal)
  }
}

import ArgumentParser
import CUDADriver
import FlashAttention

/// The value of `--device`: an architecture to plan for, or the device of this machine.
enum DeviceArgument: Equatable {
  case architecture(CUDADeviceTraits)
  case ofMachine

  /// What a plan needs to know of the device.
  ///
  /// - Throws: ``AttentionError/unavailable(_:reason:)`` where the machine has none.
  func traits() throws -> CUDADeviceTraits {
    switch self {
    case .architecture(let traits): traits
    case .ofMachine: CUDADeviceTraits(try CUDADevices.device())
    }
  }
}

extension DeviceArgument: ExpressibleByArgument {
  private static let nameOfMachine = "cuda"

  init?(argument: String) {
    if argument == Self.nameOfMachine {
      self = .ofMachine
    } else if let traits = CUDADeviceTraits.architecture(argument) {
      self = .architecture(traits)
    } else {
      return nil
    }
  }

  static var allValueStrings: [String] { CUDADeviceTraits.architectures.map(\.name) + [nameOfMachine] }
}

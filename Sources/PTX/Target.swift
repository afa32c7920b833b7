/// The instruction set that a module is written for.
public enum Target: String, Sendable, CaseIterable {
  /// Compute capability 8.0 and everything after it.
  case sm80 = "sm_80"
  /// Compute capability 9.0 only, with its asynchronous matrix products.
  case sm90a = "sm_90a"

  /// The version of PTX: the oldest that has the instructions, because a driver refuses text that is newer than itself.
  var version: String {
    switch self {
    case .sm80: "7.0"
    case .sm90a: "8.0"
    }
  }
}

/// A module of kernels as text.
public struct Module: Sendable {
  public let target: Target
  private var kernels: [String] = []
  /// The named parts of all kernels, those within others first.
  public private(set) var sections: [InstructionSection] = []

  public init(target: Target) { self.target = target }

  /// Adds a kernel.
  ///
  /// - Parameters:
  ///   - name: Its name, as a launch finds it.
  ///   - threads: The number of threads of a block.
  ///   - parameters: What a launch passes, in order.
  ///   - body: Writes the instructions.
  public mutating func addKernel(
    _ name: String, threads: Int, parameters: [Parameter], _ body: (KernelBuilder) -> Void
  ) {
    let builder = KernelBuilder(target: target, parameters: parameters)
    body(builder)
    sections += builder.sections
    kernels.append(builder.kernelText(name: name, threads: threads))
  }

  /// The instructions of all kernels.
  public var instructionCount: Int {
    text.split(separator: "\n").count { $0.hasSuffix(";") && !$0.drop { $0 == " " }.hasPrefix(".") }
  }

  public var text: String {
    let head = """
      .version \(target.version)
      .target \(target.rawValue)
      .address_size 64

      // The size is what the launch asks for. 1024 bytes is the period of the widest swizzle.
      .extern .shared .align 1024 .b8 \(KernelBuilder.sharedMemory)[];
      """
    return ([head] + kernels).joined(separator: "\n\n") + "\n"
  }
}

/// A parameter of a kernel.
public struct Parameter: Sendable, Equatable {
  enum Kind: Sendable, Equatable {
    case scalar(RegisterClass, type: String)
    case tensorMap
  }

  let name: String
  let kind: Kind

  /// A number or a pointer.
  public static func scalar<Scalar: ScalarType>(_ name: String, _ type: Scalar.Type) -> Parameter {
    Parameter(name: name, kind: .scalar(Scalar.registers, type: Scalar.name))
  }

  /// The description of a tensor for bulk copies, by value.
  public static func tensorMap(_ name: String) -> Parameter { Parameter(name: name, kind: .tensorMap) }

  var declaration: String {
    switch kind {
    case .scalar(_, let type): ".param .\(type) \(name)"
    case .tensorMap: ".param .align 64 .b8 \(name)[128]"
    }
  }
}

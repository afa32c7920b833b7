/// A way to compute attention.
///
/// The raw value is the name that the command-line tool uses.
public enum Backend: String, Sendable, Hashable, CaseIterable {
  /// Flash Attention on the CPU: tiles, online softmax, O(N) memory.
  case cpu
  /// Flash Attention on an NVIDIA GPU, for 16-bit elements. A call on tensors in the machine's memory is computed there
  /// only where it is asked for by name, because it copies them there and back; a call on ``CUDATensor``s always is.
  case cuda
  /// Standard attention on the CPU: the whole score matrix in memory. It has the same contract and is there to compare
  /// with.
  case standard
}

/// The back ends that compute on the processor, in order of preference.
public enum ProcessorBackend: Sendable, Hashable, CaseIterable {
  /// ``Backend/cpu``.
  case cpu
  /// ``Backend/standard``.
  case standard

  /// The back end among all.
  public var backend: Backend {
    switch self {
    case .cpu: .cpu
    case .standard: .standard
    }
  }
}

/// Where and how a call is to run. The default chooses everything from the machine.
public struct ExecutionOptions: Sendable, Hashable {
  /// The back end, or nil for the fastest that serves the call.
  public var backend: Backend?
  /// The instruction set, or nil for the fastest that the machine has. It means nothing to a device.
  public var instructionSet: InstructionSet?
  /// The largest number of threads, or nil for one per core. Small calls use fewer, down to the calling thread alone.
  /// It means nothing to a device.
  public var threads: Int?

  /// Options that leave to the plan whatever is nil.
  public init(backend: Backend? = nil, instructionSet: InstructionSet? = nil, threads: Int? = nil) {
    self.backend = backend
    self.instructionSet = instructionSet
    self.threads = threads
  }

  /// Throws where the options make no sense on any machine.
  func check() throws {
    if let threads, threads < 1 {
      throw AttentionError.invalidArgument("threads", was: "\(threads)", expected: "at least 1")
    }
  }
}

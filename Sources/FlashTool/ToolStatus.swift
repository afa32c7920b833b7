import ArgumentParser
import FlashAttention

/// How the tool ends; the raw values are those of `sysexits.h`.
enum ToolStatus: Int32 {
  case success = 0
  /// The arguments make no sense.
  case usage = 64
  /// A file or a tensor in it is not what the command needs.
  case badData = 65
  /// A back end, an instruction set, a device or the memory for the call is not there or has failed.
  case unavailable = 69

  init(_ error: any Error) {
    switch error {
    case AttentionError.unavailable, AttentionError.deviceFailure: self = .unavailable
    case is AttentionError: self = .badData
    default: self = FlashCommand.exitCode(for: error).isSuccess ? .success : .usage
    }
  }
}

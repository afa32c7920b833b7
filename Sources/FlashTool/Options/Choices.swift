import ArgumentParser
import FlashAttention

/// The back ends that can be asked for by name.
enum BackendChoice: String, CaseIterable, ExpressibleByArgument {
  /// Whatever serves the call fastest.
  case auto
  case cpu
  case cuda
  case standard

  /// The library's back end, or nil to leave the choice to the plan.
  var backend: Backend? {
    switch self {
    case .auto: nil
    case .cpu: .cpu
    case .standard: .standard
    case .cuda: .cuda
    }
  }
}

/// The positional masks that can be asked for by name.
enum MaskChoice: String, CaseIterable, ExpressibleByArgument {
  case full
  case causal
  case causalTopLeft = "causal-top-left"
}

/// A named mask with the window that narrows it.
struct MaskSelection: Equatable {
  let choice: MaskChoice
  let window: WindowArgument?

  func mask() throws -> AttentionMask {
    switch (choice, window) {
    case (.full, nil): .full
    case (.full, let window?): try .slidingWindow(left: window.left, right: window.right, .bottomRight)
    case (.causal, let window): try .causal(.bottomRight).window(left: window?.left, right: window?.right)
    case (.causalTopLeft, let window): try .causal(.topLeft).window(left: window?.left, right: window?.right)
    }
  }
}

extension MaskSelection: CustomStringConvertible {
  /// The selection as the options write it.
  var description: String {
    window.map { "\(choice.rawValue), window \($0)" } ?? choice.rawValue
  }
}

extension AttentionElementType: ExpressibleByArgument {}
extension InstructionSet: ExpressibleByArgument {}

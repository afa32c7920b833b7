/// A context of the driver (CUcontext), as its bits.
public struct ContextHandle: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt

  public init(rawValue: UInt) {
    self.rawValue = rawValue
  }

  /// No context: what a thread has before anything made one current.
  public static let none = ContextHandle(rawValue: 0)
}

/// A loaded module (CUmodule), as its bits.
public struct ModuleHandle: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt

  public init(rawValue: UInt) {
    self.rawValue = rawValue
  }
}

/// A kernel of a loaded module (CUfunction), as its bits.
public struct FunctionHandle: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt

  public init(rawValue: UInt) {
    self.rawValue = rawValue
  }
}

/// A stream (CUstream), as its bits.
public struct StreamHandle: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt

  public init(rawValue: UInt) {
    self.rawValue = rawValue
  }

  /// The default stream of the current context, which waits for and is waited for by every blocking stream.
  public static let `default` = StreamHandle(rawValue: 0)
}

/// An event (CUevent), as its bits.
public struct EventHandle: RawRepresentable, Hashable, Sendable {
  public let rawValue: UInt

  public init(rawValue: UInt) {
    self.rawValue = rawValue
  }
}

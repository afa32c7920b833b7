/// A state space that addresses lie in.
public protocol MemorySpace: Sendable {
  /// The type of its addresses.
  associatedtype Address: IntegerType
  /// The suffix of loads and stores, without the dot.
  static var name: String { get }
}

/// Memory of the device, with 64-bit addresses.
public enum Global: MemorySpace {
  public typealias Address = U64
  public static var name: String { "global" }
}

/// Memory that the threads of a block share, with 32-bit addresses.
public enum Shared: MemorySpace {
  public typealias Address = U32
  public static var name: String { "shared" }
}

/// An address and a constant distance from it, which becomes part of the instruction that uses it.
public struct Pointer<Space: MemorySpace>: Equatable {
  public let base: Value<Space.Address>
  /// In bytes.
  public let offset: Int

  public init(_ base: Value<Space.Address>, offset: Int = 0) {
    self.base = base
    self.offset = offset
  }

  public static func + (pointer: Pointer, bytes: Int) -> Pointer {
    Pointer(pointer.base, offset: pointer.offset + bytes)
  }

  public static func + (pointer: Pointer, bytes: Value<Space.Address>) -> Pointer {
    if let distance = bytes.constant { return pointer + distance }
    return Pointer(pointer.base + bytes, offset: pointer.offset)
  }

  /// The operand in the text of an instruction.
  var text: String {
    if let address = base.constant { return "[\(address + offset)]" }
    if offset == 0 { return "[\(base.text)]" }
    return offset > 0 ? "[\(base.text)+\(offset)]" : "[\(base.text)\(offset)]"
  }
}

/// Where state spaces lie among generic addresses (PTX ISA, section 5.1). The low halves of the windows are zero, so
/// that the low half of a generic address is the address within its space.
enum AddressWindow {
  /// Where shared memory begins.
  static let shared: UInt64 = 0x7f00_0000_0000_0000
  /// Where kernel parameters begin.
  static let param: UInt64 = 0x7e00_0000_0000_0000
  /// The size of every window.
  static let span: UInt64 = 1 << 32
  /// Where variables in shared memory begin: the first bytes belong to the system, as on sm_90.
  static let firstSharedByte = 1024

  /// The space that a generic address lies in.
  @inline(__always) static func space(of address: UInt64) -> StateSpace {
    if address < param { return .global }
    return address >= shared ? .shared : .param
  }
}

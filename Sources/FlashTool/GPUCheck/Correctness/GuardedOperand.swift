import CUDADriver
import FlashAttention

/// A tensor of 16-bit elements in device memory between guards, with NaN in the guards and wherever the layout leaves
/// gaps.
///
/// What is read from outside the tensor shows as NaN in a result; what is written there shows in the guards and gaps.
struct GuardedOperand {
  /// What all bits of an element that nobody wrote are: a NaN in both types.
  static let poison: UInt16 = 0xffff
  /// The elements before and after the tensor: 512 bytes, so that alignment stays.
  private static let guardCount = 256

  let operand: CUDAOperand
  private let buffer: DeviceBuffer
  private let places: [Int]
  private let stream: CUDAStream

  /// Memory for a tensor, all of it poisoned.
  init(_ shape: [Int], _ layout: OperandLayout, on stream: CUDAStream) throws {
    self.stream = stream
    let first = Self.guardCount + layout.offset
    places = layout.positions(shape).map { first + $0 }
    buffer = try DeviceBuffer(byteCount: (layout.extent(shape) + layout.offset + 2 * Self.guardCount) * 2, on: stream)
    let strides = layout.strides(shape)
    operand = CUDAOperand(
      pointer: buffer.pointer.advanced(by: first * 2),
      strides: CUDAStrides(batch: strides[0], head: strides[1], row: strides[2], column: strides[3]))
    try poison()
  }

  /// A tensor of elements in the order of its axes.
  init(_ elements: [UInt16], _ shape: [Int], _ layout: OperandLayout, on stream: CUDAStream) throws {
    try self.init(shape, layout, on: stream)
    var all = [UInt16](repeating: Self.poison, count: buffer.byteCount / 2)
    for (place, element) in zip(places, elements) { all[place] = element }
    try all.withUnsafeBytes { bytes in
      try stream.copy(from: bytes, to: buffer.span)
      try stream.synchronize()
    }
  }

  func poison() throws { try stream.fill(buffer.span, with: 0xff) }

  /// Everything, guards and gaps as well, when the stream gets there.
  func contents() throws -> [UInt16] { try stream.download(buffer.span, as: UInt16.self) }

  /// The tensor's elements among its contents, in the order of its axes.
  func elements(of contents: [UInt16]) -> [UInt16] { places.map { contents[$0] } }

  /// How many elements outside of the tensor have been written.
  func strayWrites(in contents: [UInt16]) -> Int {
    var outside = contents
    for place in places { outside[place] = Self.poison }
    return outside.count { $0 != Self.poison }
  }
}

/// An npy file, which holds one NumPy array, that is open for reading.
///
/// The file is mapped into memory, and tensors refer to the mapping where they can, so opening a file costs its header
/// and reading the tensor costs the pages that are touched. Tensors and views keep the mapping alive. While any of them
/// lives, the file must not be changed in place; replacing it by another file of the same name is safe.
///
/// Format versions 1.0, 2.0 and 3.0 are read, with truth values, integers and floating-point numbers of either byte
/// order, and arrays in row-major and in column-major order.
public struct NumpyFile: Sendable {
  private let mapping: FileMapping
  private let header: NumpyHeader

  /// Opens a file and checks its header.
  ///
  /// - Throws: ``AttentionError/inputOutput(_:reason:)`` where the system refuses,
  ///   ``AttentionError/malformedFile(_:reason:)`` where the file violates the format, and
  ///   ``AttentionError/invalidArgument(_:was:expected:)`` where the array's elements are objects, strings, structures
  ///   or something else that no ``ElementType`` stands for.
  public init(path: String) throws {
    mapping = try FileMapping(path: path)
    header = try NumpyHeader(mapping)
  }

  /// The path as it was given.
  public var path: String { mapping.path }

  /// The element type as the header describes it, such as `<f4`.
  public var typeName: String { header.type.description }

  /// The element type, or nil for two bytes of no kind, which is how BFloat16 is written: the format does not know it.
  public var elementType: ElementType? { header.type.elementType }

  /// The size of each axis.
  public var shape: [Int] { header.shape }

  /// The array, whose elements have to be of type `Element`, or two bytes of no kind where that is `BFloat16`.
  ///
  /// The view shows the file's own bytes where they are aligned for `Element` and little-endian, and a copy otherwise.
  /// An array in column-major order is a view with strides to match.
  ///
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` where the elements are of another type, and
  ///   ``AttentionError/malformedFile(_:reason:)`` where a truth value is neither 0 nor 1.
  public func tensor<Element>(as type: Element.Type) throws -> TensorView<Element> {
    guard header.type.isReadable(as: Element.elementType) else {
      throw mismatch(expected: NumpyType.description(of: Element.elementType))
    }
    let elements = FileElements(mapping: mapping, range: header.data, byteOrder: header.type.byteOrder)
    return TensorView(storage: try elements.storage(of: type), offset: 0, shape: shape, strides: header.strides)
  }

  /// The array, with elements of the type that the file says.
  ///
  /// - Throws: As ``tensor(as:)`` does, and ``AttentionError/invalidArgument(_:was:expected:)`` for two bytes of no
  ///   kind.
  public func tensor() throws -> any StridedTensor {
    guard let elementType else { throw mismatch(expected: "a type that says its kind") }
    func read<Element: TensorElement>(_ type: Element.Type) throws -> any StridedTensor {
      try tensor(as: type)
    }
    return try read(elementType.swiftType)
  }

  private func mismatch(expected: String) -> AttentionError {
    .invalidArgument("element type of \(path)", was: typeName, expected: expected)
  }
}

/// A safetensors file that is open for reading.
///
/// The file is mapped into memory, and tensors refer to the mapping where they can, so opening a file costs its header
/// and reading a tensor costs the pages that are touched. Tensors and views keep the mapping alive. While any of them
/// lives, the file must not be changed in place; replacing it by another file of the same name is safe.
///
/// The format is that of the safetensors specification: the header's length in eight bytes, a header in JSON, and the
/// elements of all tensors, which have to fill the rest of the file without gaps and overlaps.
public struct SafetensorsFile: Sendable {
  private let mapping: FileMapping
  private let header: SafetensorsHeader

  /// Opens a file and checks its header, completely.
  ///
  /// - Throws: ``AttentionError/inputOutput(_:reason:)`` where the system refuses, and
  ///   ``AttentionError/malformedFile(_:reason:)`` where the file violates the format.
  public init(path: String) throws {
    mapping = try FileMapping(path: path)
    header = try SafetensorsHeader(mapping)
  }

  /// The path as it was given.
  public var path: String { mapping.path }

  /// The tensors in the order of their elements in the file.
  public var entries: [Entry] { header.entries }

  /// The texts that the file carries beside its tensors, by name.
  public var metadata: [String: String] { header.metadata }

  /// The entry of a tensor.
  ///
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)``, which lists what is there, where the file has no
  ///   tensor of that name.
  public func entry(_ name: String) throws -> Entry {
    guard let index = header.indices[name] else {
      let names = entries.isEmpty ? "nothing, because it has no tensors" : entries.map(\.name).quotedList()
      throw AttentionError.invalidArgument("tensor of \(path)", was: name.quoted, expected: names)
    }
    return entries[index]
  }

  /// Whether the file has a tensor of that name.
  public func contains(_ name: String) -> Bool {
    header.indices[name] != nil
  }

  /// The tensor of a name, whose elements have to be of type `Element`.
  ///
  /// The view shows the file's own bytes where they are aligned for `Element`, and a copy otherwise.
  ///
  /// - Throws: ``AttentionError/invalidArgument(_:was:expected:)`` where the file has no tensor of that name or has one
  ///   of another type, and ``AttentionError/malformedFile(_:reason:)`` where a truth value is neither 0 nor 1.
  public func tensor<Element>(_ name: String, as type: Element.Type) throws -> TensorView<Element> {
    let entry = try entry(name)
    guard entry.elementType == Element.elementType else {
      throw mismatch(entry, expected: Element.elementType.rawValue)
    }
    let elements = FileElements(mapping: mapping, range: entry.byteRange, byteOrder: .littleEndian)
    return TensorView(
      storage: try elements.storage(of: type), offset: 0, shape: entry.shape,
      strides: Shape.rowMajorStrides(entry.shape))
  }

  /// The tensor of a name, with elements of the type that the file says.
  ///
  /// - Throws: As ``tensor(_:as:)`` does, and ``AttentionError/invalidArgument(_:was:expected:)`` where the type is one
  ///   that the format has and this package does not.
  public func tensor(_ name: String) throws -> any StridedTensor {
    let entry = try entry(name)
    guard let elementType = entry.elementType else {
      throw mismatch(entry, expected: "one of \(ElementType.allCases.map(\.rawValue).joined(separator: ", "))")
    }
    func read<Element: TensorElement>(_ type: Element.Type) throws -> any StridedTensor {
      try tensor(name, as: type)
    }
    return try read(elementType.swiftType)
  }

  private func mismatch(_ entry: Entry, expected: String) -> AttentionError {
    .invalidArgument(
      "element type of the tensor \(entry.name.quoted) of \(path)", was: entry.typeName, expected: expected)
  }
}

extension SafetensorsFile {
  /// What the header says of one tensor.
  public struct Entry: Sendable, Hashable {
    /// The tensor's name.
    public let name: String

    /// The element type as the header names it, which may be one that this package does not read, such as `F8_E4M3`.
    public let typeName: String

    /// The size of each axis.
    public let shape: [Int]

    /// Where the elements lie, in bytes from the beginning of the file.
    public let byteRange: Range<Int>

    /// The element type, or nil where this package does not read it.
    public var elementType: ElementType? { ElementType(rawValue: typeName) }
  }
}

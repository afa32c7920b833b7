/// Anything that can be read as a strided view: a ``Tensor`` or a ``TensorView``.
public protocol StridedTensor<Element>: Sendable {
  associatedtype Element: TensorElement

  /// A view of all elements, without a copy.
  var view: TensorView<Element> { get }
}

extension StridedTensor {
  /// The elements' type, for code that knows it only at run time.
  public var elementType: ElementType { Element.elementType }

  /// The size of each axis.
  public var shape: [Int] { view.shape }

  /// The distance of neighbours along each axis, in elements.
  public var strides: [Int] { view.strides }

  /// The number of axes.
  public var rank: Int { view.shape.count }

  /// The number of elements, counting each broadcast repetition.
  public var count: Int { view.shape.reduce(1, *) }

  /// The same elements with two axes exchanged, without a copy.
  ///
  /// - Precondition: `first` and `second` are axes of the tensor.
  public func transposed(_ first: Int, _ second: Int) -> TensorView<Element> {
    view.exchangingAxes(first, second)
  }
}

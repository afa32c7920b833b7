extension TensorView {
  /// The address of the view's first element, for the kernels; valid as long as the view is kept alive.
  ///
  /// Offsets of up to `Σ (shape[a] − 1) · strides[a]` from the address are readable where no axis is empty.
  package var unsafeBaseAddress: UnsafePointer<Element> {
    UnsafePointer(storage.base + offset)
  }
}

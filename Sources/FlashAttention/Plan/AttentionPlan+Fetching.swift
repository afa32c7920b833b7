extension AttentionPlan {
  /// Whether a thread fetches the rows of its next head while it works on one: items are whole heads, and those rows,
  /// of Q, K and V and backward of O and dO, find room in the second-level cache.
  ///
  /// Short heads are read from memory once, and their first rows are awaited before any work can be done.
  var fetchesNextHead: Bool {
    let shape = descriptor.shape
    let keyNumbers = shape.keyLength * (shape.headDimension + shape.valueDimension)
    let queryNumbers: Int
    switch direction {
    case .forward:
      if tiles.headsPerBlock > 1 || tiles.queryBlock < shape.queryLength || tiles.keysPerItem < shape.keyLength {
        return false
      }
      queryNumbers = shape.queryLength * shape.headDimension
    case .backward:
      if tiles.keyBlock < shape.keyLength { return false }
      queryNumbers = shape.headsPerGroup * shape.queryLength * (shape.headDimension + 2 * shape.valueDimension)
    }
    // What the work on the present head keeps, and its results, take up most of the rest.
    let bytes = (keyNumbers + queryNumbers) * descriptor.elementType.byteCount
    return bytes <= processor.level2Cache / 3
  }

  /// Whether a thread of a forward pass fetches the first keys of its next item at the end of one: items are parts of
  /// the keys, and take about equally long because no window leaves most of them empty.
  var fetchesNextPart: Bool { tiles.keysPerItem < descriptor.shape.keyLength && descriptor.mask.left == nil }
}

/// The sizes of the four axes of an operand: a shape that is compared without allocating an array.
struct Axes {
  let batch: Int
  let heads: Int
  let rows: Int
  let columns: Int

  var sizes: [Int] { [batch, heads, rows, columns] }

  /// Whether `shape` has these sizes.
  func match(_ shape: [Int]) -> Bool {
    shape.count == 4 && shape[0] == batch && shape[1] == heads && shape[2] == rows && shape[3] == columns
  }

  /// Whether `shape` can be repeated to these sizes: its axes, aligned at the end, are equal or 1.
  func acceptBroadcast(of shape: [Int]) -> Bool {
    func fits(_ fromEnd: Int, _ size: Int) -> Bool {
      let axis = shape.count - fromEnd
      return axis < 0 || shape[axis] == 1 || shape[axis] == size
    }
    return shape.count <= 4 && fits(1, columns) && fits(2, rows) && fits(3, heads) && fits(4, batch)
  }
}

extension AttentionShape {
  var queryAxes: Axes { Axes(batch: batch, heads: queryHeads, rows: queryLength, columns: headDimension) }
  var keyAxes: Axes { Axes(batch: batch, heads: keyValueHeads, rows: keyLength, columns: headDimension) }
  var valueAxes: Axes { Axes(batch: batch, heads: keyValueHeads, rows: keyLength, columns: valueDimension) }
  var outputAxes: Axes { Axes(batch: batch, heads: queryHeads, rows: queryLength, columns: valueDimension) }
  var scoreAxes: Axes { Axes(batch: batch, heads: queryHeads, rows: queryLength, columns: keyLength) }

  /// Whether `shape` is [B, Hq, Sq].
  func rowsMatch(_ shape: [Int]) -> Bool {
    shape.count == 3 && shape[0] == batch && shape[1] == queryHeads && shape[2] == queryLength
  }
}

import KernelIntrinsics

let log2OfE: Float = 1.442695040888963407
let naturalLogarithmOf2: Float = 0.693147180559945309

/// A tile of scores in base 2 (multiplied by log₂ e), one lane group wide.
struct ScoreTile {
  var base: UnsafeMutablePointer<Float>
  /// The distance of neighbouring rows, in elements.
  var stride: Int
  var rows: Int
  var vectors: Int

  /// Whether the tile is as wide as a lane group.
  var isFull: Bool { vectors * laneCount == LaneGroup.width }

  /// Calls `body` with the address of each vector of the tile and the same place in `other`.
  @inline(__always)
  func forEachVector(
    with other: UnsafePointer<Float>, otherStride: Int,
    _ body: (UnsafeMutablePointer<Float>, UnsafePointer<Float>) -> Void
  ) {
    var row = 0
    while row < rows {
      var vector = 0
      while vector < vectors {
        body(base + row * stride + vector * laneCount, other + row * otherStride + vector * laneCount)
        vector += 1
      }
      row += 1
    }
  }

  func clear() {
    var row = 0
    while row < rows {
      (base + row * stride).update(repeating: 0, count: vectors * laneCount)
      row += 1
    }
  }

  /// S ← factor · S.
  @inline(never)
  func multiply(by factor: Float) {
    forEachVector(with: base, otherStride: stride) { score, _ in (Vector(at: score) * factor).store(at: score) }
  }

  /// S ← cap · tanh(S / cap), where the tile holds S / cap.
  ///
  /// - Parameter tangents: Where tanh(S / cap) is kept for the backward pass, laid out like the tile, or nil.
  @inline(never)
  func applySoftcap(_ cap: Float, keeping tangents: UnsafeMutablePointer<Float>?) {
    let factor = Vector(repeating: cap * log2OfE)
    var row = 0
    while row < rows {
      var lane = row * stride
      let end = lane + vectors * laneCount
      while lane < end {
        let tangent = Vector(at: base + lane).hyperbolicTangent
        if let tangents { tangent.store(at: tangents + lane) }
        (tangent * factor).store(at: base + lane)
        lane += laneCount
      }
      row += 1
    }
  }

  /// S ← factor · S + bias; a bias of −∞ forbids a position like a mask does.
  @inline(never)
  func add(bias: UnsafePointer<Float>, stride biasStride: Int, factor: Float) {
    forEachVector(with: bias, otherStride: biasStride) { score, bias in
      biasedScore(Vector(at: score) * factor, by: Vector(at: bias)).store(at: score)
    }
  }

  /// S ← factor · S + bias, where the bias has one number for each row.
  @inline(never)
  func add(biasOfRows bias: UnsafePointer<Float>, factor: Float) {
    var row = 0
    while row < rows {
      let rowBias = Vector(repeating: bias[row])
      var vector = 0
      while vector < vectors {
        let score = base + row * stride + vector * laneCount
        biasedScore(Vector(at: score) * factor, by: rowBias).store(at: score)
        vector += 1
      }
      row += 1
    }
  }

  /// S ← −∞ where the mask is 0.
  @inline(never)
  func forbid(whereZero mask: UnsafePointer<Float>, stride maskStride: Int) {
    forEachVector(with: mask, otherStride: maskStride) { score, mask in
      Vector(at: score).replacing(with: Vector(repeating: -.infinity), where: Vector(at: mask) .== .zeros)
        .store(at: score)
    }
  }

  /// S ← −∞ in row r of a vector's `range` but for the lanes with `lowest + r ≤ positions[lane] ≤ highest + r`.
  @inline(__always)
  func forbid(
    outside lowest: Int, _ highest: Int, of positions: UnsafePointer<Int32>, in range: (_ vector: Int) -> BlockRange
  ) {
    var vector = 0
    while vector < vectors {
      forbid(outside: lowest, highest, of: positions, vector, in: range(vector))
      vector += 1
    }
  }

  @inline(never)
  private func forbid(
    outside lowest: Int, _ highest: Int, of positions: UnsafePointer<Int32>, _ vector: Int, in range: BlockRange
  ) {
    let forbidden = Vector(repeating: -.infinity)
    let lanes = UnsafeRawPointer(positions + vector * laneCount).loadUnaligned(as: VectorIndices.self)
    var row = range.start
    while row < range.end {
      let low = VectorIndices(repeating: clamped(lowest + row))
      let high = VectorIndices(repeating: clamped(highest + row))
      let score = base + row * stride + vector * laneCount
      Vector(at: score).replacing(with: forbidden, where: (lanes .< low) .| (lanes .> high)).store(at: score)
      row += 1
    }
  }
}

/// A score in base 2 plus a bias in base e, of which −∞ forbids.
@inline(__always)
func biasedScore(_ score: Vector, by bias: Vector) -> Vector {
  let exact = score.adding(product: bias, Vector(repeating: log2OfE))
  // In base 2 the lowest biases overflow, but only −∞ itself forbids.
  return forbiddenScore(exact.maximum(Vector(repeating: -.greatestFiniteMagnitude)), by: bias)
}

/// −∞ where a bias is −∞, else the score.
@inline(__always)
func forbiddenScore(_ score: Vector, by bias: Vector) -> Vector {
  let forbidden = Vector(repeating: -.infinity)
  return score.replacing(with: forbidden, where: bias .== forbidden)
}

/// A position relative to a tile as a 32-bit lane value; positions in a tile are far inside the bounds.
@inline(__always)
private func clamped(_ position: Int) -> Int32 {
  Int32(truncatingIfNeeded: max(-(1 << 30), min(1 << 30, position)))
}

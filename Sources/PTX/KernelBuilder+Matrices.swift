// Products of small matrices by one warp (PTX ISA, "Warp level matrix multiply-accumulate instructions").
extension KernelBuilder {
  /// Loads matrices of 8 × 8 elements of 16 bits from shared memory: lane l gives the address of row l mod 8 of matrix
  /// l / 8, and gets elements 2 · (l mod 4) and the next one of row l / 4 of every matrix.
  ///
  /// - Parameters:
  ///   - count: 1, 2 or 4 matrices.
  ///   - isTransposed: Whether rows and columns change places on the way.
  public func loadMatrices(_ count: Int, from row: Pointer<Shared>, isTransposed: Bool = false) -> [Value<B32>] {
    precondition([1, 2, 4].contains(count), "one, two or four matrices are loaded together")
    let results = (0..<count).map { _ in register(B32.self) }
    let transposition = isTransposed ? ".trans" : ""
    emit(
      "ldmatrix.sync.aligned.m8n8.x\(count)\(transposition).shared.b16", Self.list(results), row.text)
    return results
  }

  /// Stores matrices as ``loadMatrices(_:from:isTransposed:)`` loads them.
  public func storeMatrices(_ matrices: [Value<B32>], to row: Pointer<Shared>, isTransposed: Bool = false) {
    require(.sm90a, "stmatrix")
    precondition([1, 2, 4].contains(matrices.count), "one, two or four matrices are stored together")
    let transposition = isTransposed ? ".trans" : ""
    emit(
      "stmatrix.sync.aligned.m8n8.x\(matrices.count)\(transposition).shared.b16", row.text, Self.list(matrices))
  }

  /// C += A · B with A of 16 × 16, B of 16 × 8 and C of 16 × 8 elements; C is fp32.
  ///
  /// With g = l / 4 and t = 2 · (l mod 4), lane l holds of A rows g and g + 8, first of columns t and t + 1, then of t
  /// + 8 and t + 9; of B rows t and t + 1, then t + 8 and t + 9, of column g; and of C columns t and t + 1 of row g,
  /// then of row g + 8.
  ///
  /// - Parameters:
  ///   - c: Four variables.
  ///   - a: Four pairs.
  ///   - b: Two pairs.
  public func multiplyMatrices(_ c: [Variable<F32>], _ a: [Value<B32>], _ b: [Value<B32>], type: HalfType) {
    precondition(c.count == 4 && a.count == 4 && b.count == 2, "a product of 16 × 8 × 16 has 4, 4 and 2 registers")
    let sums = Self.list(c.map(\.value))
    emit(
      "mma.sync.aligned.m16n8k16.row.col.f32.\(type.rawValue).\(type.rawValue).f32", sums, Self.list(a), Self.list(b),
      sums)
  }
}

/// A matrix in shared memory as the products of warpgroups take it (PTX ISA, "Matrix descriptor").
public struct MatrixDescriptor {
  /// Which index of an element runs along the rows of the tile.
  public enum Major: Int, Sendable {
    /// The one that the product sums over.
    case summed = 0
    /// The one of the result.
    case result = 1
  }

  let bits: Value<B64>
  let major: Major
}

extension KernelBuilder {
  /// Describes a matrix of a tile in shared memory.
  ///
  /// - Parameters:
  ///   - tile: The matrix's first element, at a multiple of 16 bytes.
  ///   - leadingBytes: From one core matrix to the next along the rows, or from one swizzled row to the next beside it.
  ///   - strideBytes: From one group of eight rows to the next.
  public func describe(
    _ tile: Pointer<Shared>, swizzle: Swizzle, major: MatrixDescriptor.Major, leadingBytes: Int, strideBytes: Int
  ) -> MatrixDescriptor {
    require(.sm90a, "wgmma")
    precondition(leadingBytes % 16 == 0 && strideBytes % 16 == 0, "distances are whole chunks of 16 bytes")
    let constant = (leadingBytes / 16) << 16 | (strideBytes / 16) << 32 | swizzle.descriptorCode << 62
    let address = tile.base + tile.offset
    let bits = (address >> 4 & 0x3fff).widened | Value<U64>(constant)
    return MatrixDescriptor(bits: bits.bits(as: B64.self), major: major)
  }

  /// The same matrix some bytes on.
  public func advance(_ matrix: MatrixDescriptor, byBytes bytes: Int) -> MatrixDescriptor {
    MatrixDescriptor(bits: matrix.bits + bytes / 16, major: matrix.major)
  }

  /// Begins products of the warpgroup: what threads wrote into their registers before is seen by them.
  public func fenceWarpgroup() {
    require(.sm90a, "wgmma.fence")
    emit("wgmma.fence.sync.aligned")
  }

  /// Ends the products of a group.
  public func commitWarpgroup() {
    require(.sm90a, "wgmma.commit_group")
    emit("wgmma.commit_group.sync.aligned")
  }

  /// Waits until at most `pending` groups of products are under way. Until then their results may not be read.
  public func waitForWarpgroup(pending: Int) {
    require(.sm90a, "wgmma.wait_group")
    emit("wgmma.wait_group.sync.aligned", "\(pending)")
  }

  /// Where a warpgroup's product takes A from.
  public enum LeftMatrix {
    case shared(MatrixDescriptor)
    /// Each warp's 16 rows as ``multiplyMatrices(_:_:_:type:)`` has them.
    case registers([Value<B32>])
  }

  /// C = A · B, or C += A · B, with A of 64 × 16 and B of 16 × n elements by the 128 threads of a warpgroup, begun here
  /// and done after ``waitForWarpgroup(pending:)``.
  ///
  /// Of C, warp w holds rows 16 · w to 16 · w + 15, eight columns after the other as ``multiplyMatrices(_:_:_:type:)``
  /// has them.
  ///
  /// - Parameters:
  ///   - c: n / 2 variables.
  ///   - accumulates: Whether the product is added to C.
  public func multiplyWarpgroupMatrices(
    _ c: [Variable<F32>], _ a: LeftMatrix, _ b: MatrixDescriptor, type: HalfType, accumulates: Predicate
  ) {
    require(.sm90a, "wgmma")
    let n = c.count * 2
    precondition(n % 8 == 0 && (8...256).contains(n), "a product has 8 to 256 columns, by eights")
    let accumulation =
      switch accumulates.constant {
      case true?: "1"
      case false?: "0"
      case nil: accumulates.plainRegister.name
      }
    var operands = [Self.list(c.map(\.value))]
    switch a {
    case .shared(let matrix):
      operands += [matrix.bits.text, b.bits.text, accumulation, "1", "1", "\(matrix.major.rawValue)"]
    case .registers(let fragment):
      precondition(fragment.count == 4, "a fragment of 64 × 16 has four registers")
      operands += [Self.list(fragment), b.bits.text, accumulation, "1", "1"]
    }
    operands.append("\(b.major.rawValue)")
    emit(
      "wgmma.mma_async.sync.aligned.m64n\(n)k16.f32.\(type.rawValue).\(type.rawValue)",
      operands.joined(separator: ", "))
  }
}

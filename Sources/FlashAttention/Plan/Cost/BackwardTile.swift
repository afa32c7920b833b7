/// One block of queries against one lane group of keys in the backward pass: the unit of which a step of flash
/// attention and the stages of standard attention are made. All in bytes.
struct BackwardTile {
  private let access: KernelAccess
  /// The rows of P, or of dS, that belong to the lane group.
  let probabilities: Double

  /// - Parameter row: One row of P that belongs to the lane group.
  init(_ access: KernelAccess, row: Double) {
    self.access = access
    probabilities = access.queryBlock * row
  }

  private var queryRows: KernelAccess.Rows { access.rows(access.headDimension) }
  private var gradientRows: KernelAccess.Rows { access.rows(access.valueDimension) }

  private var queryColumns: KernelAccess.Rows { access.columns(access.headDimension, of: access.queryBlock) }
  private var gradientColumns: KernelAccess.Rows { access.columns(access.valueDimension, of: access.queryBlock) }

  /// Q and dO.
  var rows: Double { access.queryBlock * (queryRows.read + gradientRows.read) }
  /// Copies of Q and dO that serve products by column, where they are needed.
  var columns: Double {
    queryRows.isCopied ? 0 : access.queryBlock * (queryColumns.copied + gradientColumns.copied)
  }
  /// K and V, packed.
  var packed: Double { access.packed(access.headDimension) + access.packed(access.valueDimension) }
  /// dK and dV.
  var sums: Double { access.sums(access.headDimension) + access.sums(access.valueDimension) }

  /// What is in use until the next lane group comes to the same rows.
  var inUse: Double { max(rows, columns) + packed + sums + 2 * probabilities }

  /// What P and dS fetch once more after their products, as they are exponentiated: what the rows of dO have pushed
  /// out.
  func refetchedScores(in level: CacheLevel) -> Double {
    let product = access.queryBlock * gradientRows.read + access.packed(access.valueDimension) + probabilities
    return level.excess(of: 2 * probabilities, in: product + probabilities)
  }

  /// What dV += Pᵀ · dO and dK += dSᵀ · Q fetch more than once.
  func fetchedAgain(in level: CacheLevel) -> Double {
    access.fetchedAgain(
      gradientColumns, access.queryBlock, access.valueDimension, beside: probabilities,
      in: level)
      + access.fetchedAgain(
        queryColumns, access.queryBlock, access.headDimension, beside: probabilities,
        in: level)
  }
}

extension KernelAccess {
  /// What dQ += dS · K fetches for one block of queries and `keys` keys: K, and dS for every few vectors of K.
  ///
  /// Register tiles of a few queries read a few vectors of all keys, and their own rows of dS.
  func queryGradientProduct(keys: Double, into level: CacheLevel) -> Double {
    let rows = copiedRows(headDimension)
    let vector = lanesPerVector * 4
    let vectors = queryGradientRow / vector
    let width = min(hasWideTiles && vectors >= 4 ? 4 : 3, vectors)
    let passes = (vectors / width).rounded(.up)
    let part = keys * width * vector
    let scalars = queryBlock * keys * packedNumber
    let conflicts = level.refetched(
      rows.column(keys, width: width * vector), rounds: (queryBlock / tileRows).rounded(.up),
      beside: tileRows * keys * packedNumber)
    return keys * rows.read + passes * conflicts + scalars * level.fetchingWalks(of: passes, apart: scalars + part)
  }
}

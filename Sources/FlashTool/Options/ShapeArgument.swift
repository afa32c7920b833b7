import ArgumentParser
import FlashAttention

/// The value of `--shape`: the seven sizes B,Hq,Hkv,Sq,Sk,D,Dv.
struct ShapeArgument: Equatable {
  let shape: AttentionShape

  /// The greatest size of an axis. Plans count a mask's pairs query by query, so longer axes would take minutes.
  static let greatestSize = 1 << 28

  init(_ shape: AttentionShape) { self.shape = shape }

  /// Reads the sizes.
  ///
  /// - Throws: `ValidationError` for anything but seven whole numbers that make a problem of attention.
  init(parsing argument: String) throws {
    let sizes = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    let numbers = sizes.compactMap { $0 }
    guard sizes.count == 7, numbers.count == 7 else {
      throw ValidationError("expected B,Hq,Hkv,Sq,Sk,D,Dv, seven whole numbers")
    }
    guard numbers.allSatisfy({ $0 <= Self.greatestSize }) else {
      throw ValidationError("expected sizes of at most \(Self.greatestSize)")
    }
    do {
      shape = try AttentionShape(
        batch: numbers[0], queryHeads: numbers[1], keyValueHeads: numbers[2], queryLength: numbers[3],
        keyLength: numbers[4], headDimension: numbers[5], valueDimension: numbers[6])
    } catch {
      throw ValidationError("\(error)")
    }
    guard MemoryCheck.isCountable(shape) else { throw ValidationError("expected sizes that a machine could hold") }
  }
}

extension AttentionShape {
  /// B, Hq, Hkv, Sq, Sk, D, Dv, as the option and the reports write them.
  var sizes: [Int] {
    [batch, queryHeads, keyValueHeads, queryLength, keyLength, headDimension, valueDimension]
  }
}

import KernelIntrinsics

// What the instruction set can do at most, for the ceilings that `flash peak` measures: arithmetic that waits for
// nothing but its own units, and reading that waits for nothing but memory.

/// The number of sums that are computed side by side.
///
/// More than the terms that are in flight at once, latency times units, on every processor so far, and with their two
/// operands no more than there are registers.
private var chainCount: Int {
  @inline(__always) get {
    #if ISA_AVX512
      return 24
    #else
      return 12
    #endif
  }
}

/// Computes x ← x · a + b in registers, `rounds` times in every chain.
///
/// The chain runs through the factor, not through the summand, because without a fused instruction the compiler would
/// compute a product of two constants once.
///
/// - Returns: The number of floating-point operations.
@inline(never)
func runMultiplyAdds(_ rounds: Int, seed: Float, sink: UnsafeMutablePointer<Float>) -> Int {
  let factor = Vector(repeating: seed)
  let summand = Vector(repeating: 1 - seed)
  runChains(rounds, seed: seed, sink: sink) { summand.adding(product: $0, factor) }
  return rounds * chainCount * laneCount * 2
}

#if ISA_AVX512BF16
  /// Adds dot products of pairs of bf16 numbers in registers, `rounds` times in every chain.
  ///
  /// - Returns: The number of floating-point operations.
  @inline(never)
  func runPairProducts(_ rounds: Int, seed: Float, sink: UnsafeMutablePointer<Float>) -> Int {
    let pairs = Vector(repeating: seed)
    runChains(rounds, seed: seed, sink: sink) { kernel_add_pair_products($0, pairs, pairs) }
    return rounds * chainCount * laneCount * 4
  }
#endif

#if ISA_AMX
  /// Adds products of tiles of bf16 numbers in the matrix unit, `rounds` times in each of four tiles of sums.
  ///
  /// - Returns: The number of floating-point operations.
  @inline(never)
  func runTileProducts(_ rounds: Int, seed: Float, sink: UnsafeMutablePointer<Float>) -> Int {
    Vector(repeating: seed).store(at: sink)
    kernel_configure_tiles()
    for sums in 0..<4 { kernel_zero_tile(Int32(sums)) }
    // Every row is the same vector.
    kernel_load_tile(6, sink, 0)
    kernel_load_tile(7, sink, 0)
    var round = 0
    while round < rounds {
      for sums in 0..<4 { kernel_multiply_tiles(Int32(sums), 6, 7) }
      round += 1
    }
    // A result, as the other ceilings have one.
    kernel_store_tile(0, sink, 0)
    kernel_release_tiles()
    return rounds * 4 * laneCount * laneCount * laneCount * 4
  }
#endif

/// Replaces the value of every chain by its successor, `rounds` times, without leaving the registers.
@inline(__always)
private func runChains(
  _ rounds: Int, seed: Float, sink: UnsafeMutablePointer<Float>, _ successor: (Vector) -> Vector
) {
  var chains = Accumulators.zeros
  // Different values, because the compiler would compute equal chains once.
  for chain in 0..<chainCount { chains[chain] = Vector(repeating: seed * Float(chain)) }
  var round = 0
  while round < rounds {
    for chain in 0..<chainCount { chains[chain] = successor(chains[chain]) }
    round += 1
  }
  storeSum(of: chains, count: chainCount, at: sink)
}

/// Reads `count` fp32 numbers, a multiple of ``readStep``, as several streams side by side.
///
/// One stream keeps fewer reads from main memory in flight than a core can, because prefetchers stop at the end of a
/// page: on Zen 3 four streams read 1.25 times as fast as one.
@inline(never)
func readAll(_ start: UnsafePointer<Float>, count: Int, sink: UnsafeMutablePointer<Float>) {
  let distance = count / 4
  // Addresses of their own, so that none is computed from another in every round.
  let streams: InlineArray<4, UnsafePointer<Float>> = [
    kernel_opaque(start), kernel_opaque(start + distance), kernel_opaque(start + 2 * distance),
    kernel_opaque(start + 3 * distance),
  ]
  var sums = Accumulators.zeros
  var position = 0
  while position < distance {
    for stream in 0..<4 {
      for vector in 0..<2 {
        let index = 2 * stream + vector
        sums[index] = sums[index] + Vector(at: streams[stream] + position + vector * laneCount)
      }
    }
    position += 2 * laneCount
  }
  storeSum(of: sums, count: 8, at: sink)
}

/// The numbers that one round of ``readAll(_:count:sink:)`` takes in: two vectors of each stream.
var readStep: Int { 8 * laneCount }

/// Stores a result that depends on every accumulator, so that none of the work is without effect.
@inline(__always)
private func storeSum(of values: Accumulators, count: Int, at sink: UnsafeMutablePointer<Float>) {
  var sum = Vector.zeros
  for index in 0..<count { sum = sum + values[index] }
  sum.store(at: sink)
}

import CUDAKernels
import PTX
import Testing

@Suite("The budget of a step")
struct ForwardBudgetTests {
  private func kernel(_ dimension: Int, _ tile: ForwardTile, _ band: ForwardKernel.Band = .full) -> ForwardKernel {
    ForwardKernel(
      element: .bfloat16, headDimension: dimension, valueDimension: dimension, band: band, tile: tile)
  }

  @Test("Products take rows × keys × (D + Dv) multiply-adds at the rate of the instruction set")
  func tensor() {
    let warpgroups = ForwardTile(rows: 128, keys: 128, engine: .warpgroups(stages: 2))
    #expect(kernel(128, warpgroups).budget.tensor == 128 * 128 * 256 / 2048)
    let warps = ForwardTile(rows: 128, keys: 64, engine: .warps(fragments: 1))
    #expect(kernel(128, warps).budget.tensor == 128 * 64 * 256 / 1024)
    // D = 40 is computed as 64.
    #expect(kernel(40, warps).budget.tensor == 128 * 64 * 128 / 1024)
  }

  /// Each warp computes 16 rows: keys / 2 exponentials a thread, and one for each of its two rows.
  @Test("Every score has an exponential, and every row one more")
  func exponentials() {
    for keys in [64, 128] {
      let tile = ForwardTile(rows: 128, keys: keys, engine: .warpgroups(stages: 2))
      #expect(kernel(128, tile).budget.exponential == Double(keys / 2 + 2) * 8 * 2)
    }
  }

  /// K and V of a step pass from shared memory to each of eight warps, which keep Q, and the tiles of K and V into it.
  @Test("Fragments of warps take shared memory 128 bytes a cycle")
  func shared() {
    let tile = ForwardTile(rows: 128, keys: 64, engine: .warps(fragments: 1))
    let keys = 64 * 128 * 2
    #expect(kernel(128, tile).budget.shared == Double(8 * 2 * keys + 2 * keys) / 128)
  }

  @Test("A band costs a step inside of it nothing but a comparison")
  func band() {
    let tile = ForwardTile(rows: 128, keys: 128, engine: .warpgroups(stages: 2))
    let (full, banded) = (kernel(128, tile).budget, kernel(128, tile, .both).budget)
    #expect(banded.tensor == full.tensor && banded.exponential == full.exponential)
    #expect(banded.issue - full.issue <= 16)
  }
}

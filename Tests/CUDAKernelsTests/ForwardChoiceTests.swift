import CUDAKernels
import PTX
import Testing

@Suite("Which kernel a problem gets")
struct ForwardChoiceTests {
  /// D and Dv in every class of 32 that the kernels tell apart.
  @Test(
    "Every pair of dimensions with every feature is written, and fits the shared memory of its device",
    arguments: [32, 64, 96, 128, 160, 192, 224, 256])
  func dimensions(headDimension: Int) {
    for (name, traits) in GPUTraits.named {
      for valueDimension in stride(from: 32, through: 256, by: 32) {
        for change in ForwardVariants.features {
          var request = ForwardVariants.request(headDimension, valueDimension)
          change(&request)
          let kernel = ForwardChoice(request, on: traits).kernel
          #expect(kernel.sharedBytes <= traits.sharedBytesPerBlock, "\(kernel.name) on \(name)")
          #expect(kernel.module.instructionCount > 0)
        }
      }
    }
  }

  @Test("The registers of a block of warpgroups are no more than those it begins with", arguments: [64, 128, 192])
  func registers(rows: Int) {
    let tile = ForwardTile(rows: rows, keys: 64, engine: .warpgroups(stages: 2))
    let text = ForwardKernel(element: .bfloat16, headDimension: 64, valueDimension: 64, tile: tile).module.text
    func count(_ word: String) -> Int {
      text.split(separator: "\n").first { $0.contains(word) }
        .flatMap { Int($0.split(separator: " ").last?.dropLast() ?? "") } ?? 0
    }
    let consumers = rows / 64
    // By eights, as the assembler deals them out to the threads of a block.
    let initial = min(65_536 / (128 * (consumers + 1)) / 8 * 8, 256)
    let (producer, consumer) = (count("setmaxnreg.dec"), count("setmaxnreg.inc"))
    #expect(producer >= 24 && consumer > producer)
    #expect(producer + consumers * consumer <= initial * (consumers + 1))
  }

  @Test("Keys are split where tiles leave multiprocessors idle and there are enough of them")
  func splits() throws {
    let traits = try #require(GPUTraits.named.first { $0.name == "sm_90" }).traits
    func splits(batch: Int, keys: Int) -> Int {
      var request = ForwardVariants.request(128, 128)
      (request.batch, request.queryLength, request.keyLength) = (batch, 1, keys)
      return ForwardChoice(request, on: traits).splits
    }
    #expect(splits(batch: 1, keys: 32_768) > 8)
    #expect(splits(batch: 64, keys: 32_768) == 1)
    // Two steps.
    #expect(splits(batch: 1, keys: 2 * 128) == 1)
  }
}

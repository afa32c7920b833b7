import CUDAKernels
import PTX

/// Requests of the forward pass that between them choose every entry of the table of tiles, with few features and with
/// all.
enum ForwardVariants {
  struct Variant: Sendable {
    let device: String
    let choice: ForwardChoice
  }

  /// D and Dv.
  private static let dimensions = [
    (32, 32), (64, 64), (96, 96), (128, 128), (160, 160), (192, 128), (192, 192), (256, 256), (128, 96),
  ]

  static let features: [@Sendable (inout ForwardRequest) -> Void] = [
    { _ in },
    { $0.element = .float16 },
    { $0.keyLength = 8192 },
    // Two tiles of 128 rows rather than of 192.
    {
      $0.batch = 64
      $0.queryLength = 200
    },
    { $0.band = .upper },
    {
      $0.band = .both
      $0.isCapped = true
    },
    { everything(&$0, bias: .float32) },
    // Keys are split among many rows, with and without a band.
    {
      manyRows(&$0)
      $0.band = .upper
    },
    { manyRows(&$0) },
    // Decoding: few rows, of which a group's heads share a tile.
    {
      $0.queryLength = 1
      $0.keyLength = 32_768
    },
    {
      $0.queryLength = 4
      $0.keyLength = 32_768
      everything(&$0, bias: .bfloat16)
    },
    {
      $0.queryLength = 1
      $0.keyLength = 32_768
      $0.band = .upper
    },
    {
      $0.queryLength = 2
      $0.keyLength = 32_768
      everything(&$0, bias: .float32)
    },
    // Decoding by many batches.
    {
      $0.batch = 128
      $0.queryLength = 1
      $0.band = .upper
    },
    // A group of six does not fill the rows of a warpgroup.
    {
      $0.queryHeads = 6
      $0.keyValueHeads = 1
      $0.queryLength = 3
    },
    {
      $0.hasPositiveScale = false
      $0.layout = ForwardRequest.RowLayout(access: .chunks(bytes: 4), isMappable: false)
    },
    {
      everything(&$0, bias: .float16)
      $0.layout = ForwardRequest.RowLayout(access: .elements, isMappable: false)
    },
  ]

  private static func everything(_ request: inout ForwardRequest, bias: ForwardKernel.BiasType) {
    request.band = .both
    request.isCapped = true
    request.bias = bias
    request.isMasked = true
  }

  private static func manyRows(_ request: inout ForwardRequest) {
    request.batch = 1
    request.queryHeads = 2
    request.keyValueHeads = 2
    request.queryLength = 500
  }

  /// Four batches of 4096 tokens, 16 heads on 4.
  static func request(_ headDimension: Int, _ valueDimension: Int) -> ForwardRequest {
    ForwardRequest(
      element: .bfloat16, batch: 4, queryHeads: 16, keyValueHeads: 4, queryLength: 4096, keyLength: 4096,
      headDimension: headDimension, valueDimension: valueDimension)
  }

  static let all: [Variant] = GPUTraits.named.filter { ["sm_80", "sm_90"].contains($0.name) }.flatMap { name, traits in
    dimensions.flatMap { headDimension, valueDimension in
      features.map { change in
        var request = request(headDimension, valueDimension)
        change(&request)
        return Variant(device: name, choice: ForwardChoice(request, on: traits))
      }
    }
  }
  // Kernels of single warps are the same on both.
  .reduce(into: []) { variants, variant in
    if !variants.contains(where: { $0.choice.kernel == variant.choice.kernel }) { variants.append(variant) }
  }
}

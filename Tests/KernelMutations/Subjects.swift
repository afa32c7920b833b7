import CUDAKernels

/// Kernels that between them have every piece: both instruction sets, all features, split keys, several tiles for a
/// block.
enum Subjects {
  private static func request(
    _ queryLength: Int, _ keyLength: Int, _ dimension: Int, heads: (Int, Int) = (1, 1), batch: Int = 1,
    _ change: (inout ForwardRequest) -> Void = { _ in }
  ) -> ForwardRequest {
    var request = ForwardRequest(
      element: .bfloat16, batch: batch, queryHeads: heads.0, keyValueHeads: heads.1, queryLength: queryLength,
      keyLength: keyLength, headDimension: dimension, valueDimension: dimension)
    change(&request)
    return request
  }

  private static func allFeatures(_ request: inout ForwardRequest) {
    request.band = .both
    request.isCapped = true
    request.bias = .float32
    request.isMasked = true
  }

  static func all() throws -> [Subject] {
    [
      try Subject(
        "warps, causal", on: "sm_80", multiprocessors: 1,
        [
          request(150, 200, 64, heads: (2, 1)) { $0.band = .upper },
          request(131, 131, 64, heads: (2, 1), batch: 2) { $0.band = .upper },
          // The first tile sees nothing.
          request(300, 77, 64, heads: (2, 1)) { $0.band = .upper },
          request(150, 200, 64, heads: (2, 1)) { $0.band = .upper },
        ]),
      try Subject(
        "warps, every feature, parts", on: "sm_80", multiprocessors: 8,
        [
          request(5, 700, 64, heads: (4, 2), allFeatures), request(9, 593, 64, heads: (4, 2), batch: 2, allFeatures),
          request(7, 800, 64, heads: (4, 2), allFeatures),
        ]),
      try Subject(
        "warps, elements one by one", on: "sm_80", multiprocessors: 1, layout: .scattered,
        [
          request(70, 100, 95) { $0.band = .upper }, request(140, 70, 95, heads: (2, 2)) { $0.band = .upper },
          request(150, 130, 95, batch: 2) { $0.band = .upper },
        ]),
      try Subject(
        "warpgroups, causal", on: "sm_90", multiprocessors: 1,
        [
          // The last step of the last tile is full.
          request(400, 640, 64, heads: (2, 1)) { $0.band = .upper },
          request(385, 193, 64, heads: (3, 1), batch: 2) { $0.band = .upper },
          request(500, 300, 64, heads: (2, 2)) { $0.band = .upper },
          request(300, 500, 64, heads: (2, 2)) { $0.band = .upper },
        ]),
      try Subject(
        "warpgroups, every feature", on: "sm_90", multiprocessors: 1,
        [
          request(300, 400, 64, heads: (4, 2), allFeatures),
          request(131, 300, 64, heads: (4, 2), batch: 2, allFeatures),
          request(260, 410, 64, heads: (4, 2), allFeatures),
        ]),
      try Subject(
        "warpgroups, few rows, parts", on: "sm_90", multiprocessors: 6,
        [
          request(5, 1500, 64, heads: (4, 2)) { $0.band = .upper },
          request(16, 1100, 64, heads: (4, 2), batch: 2) { $0.band = .upper },
          request(6, 2000, 64, heads: (4, 2)) { $0.band = .upper },
        ]),
      try Subject(
        "warpgroups, few rows, merged", on: "sm_90", multiprocessors: 6,
        [
          request(4, 1500, 64, heads: (4, 2)) { $0.band = .upper },
          request(3, 1100, 64, heads: (4, 2), batch: 2) { $0.band = .upper },
          request(1, 2000, 64, heads: (4, 2)) { $0.band = .upper },
        ]),
    ]
  }
}

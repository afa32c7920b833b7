// swift-tools-version: 6.2
import PackageDescription

/// A module of kernels: the bodies in Sources/KernelBodies compiled for one instruction set.
///
/// Kernels are optimised as a whole module in every configuration, because unspecialised vector code is hundreds of
/// times slower, and unchecked, because their index arithmetic is bounded by the plan.
func kernels(_ name: String, conditions: [String] = [], processor: [String] = []) -> Target {
  .target(
    name: name,
    dependencies: ["KernelIntrinsics"],
    swiftSettings: [
      .unsafeFlags(
        ["-Ounchecked", "-whole-module-optimization", "-num-threads", "2", "-disable-batch-mode"]
          + processor.flatMap { ["-Xcc", $0] })
    ] + conditions.map { .define($0) }
  )
}

#if arch(x86_64)
  let vectorKernels = [
    kernels("KernelsAVX2", conditions: ["ISA_AVX2"], processor: ["-march=x86-64-v3"]),
    kernels("KernelsAVX512", conditions: ["ISA_AVX512"], processor: ["-march=x86-64-v4"]),
    kernels(
      "KernelsAVX512BF16", conditions: ["ISA_AVX512", "ISA_AVX512BF16", "ISA_AMX"],
      // Every processor with the matrix unit has the dot product. The compiler does not use the unit by itself, so that
      // its kernels can live beside those for processors without it.
      processor: ["-march=x86-64-v4", "-mavx512bf16", "-mamx-tile", "-mamx-bf16"]),
  ]
#else
  let vectorKernels: [Target] = []
#endif

let package = Package(
  name: "swift-flash-attention",
  products: [
    .library(name: "FlashAttention", targets: ["FlashAttention"]),
    .library(name: "Tensors", targets: ["Tensors"]),
    // Streams and contexts, for those who call attention on device memory.
    .library(name: "CUDADriver", targets: ["CUDADriver"]),
    // The entry point of flash_attention.h, for programs in C.
    .library(name: "flash_attention", type: .dynamic, targets: ["FlashAttentionEntry"]),
    .executable(name: "flash", targets: ["flash"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    .target(name: "KernelIntrinsics"),
    kernels("KernelsPortable"),
    .target(name: "Tensors"),
    .target(name: "PTX"),
    .target(name: "CUDAKernels", dependencies: ["PTX"]),
    // Runs PTX without a GPU: for the tests, never a part of the product. Optimised in every configuration, as it
    // interprets millions of instructions.
    .target(
      name: "PTXSimulator",
      swiftSettings: [
        .unsafeFlags(["-O", "-whole-module-optimization", "-num-threads", "2", "-disable-batch-mode"])
      ]),
    // The driver's C types, in headers only.
    .target(name: "CUDAInterface"),
    .target(name: "CUDADriver", dependencies: ["Tensors", "CUDAInterface"]),
    .target(
      name: "FlashAttention",
      dependencies: ["Tensors", "KernelIntrinsics", "KernelsPortable", "PTX", "CUDAKernels", "CUDADriver"]
        + vectorKernels.map { .target(name: $0.name) }),
    // The entry point for C: its header, and what it does.
    .target(name: "FlashAttentionC"),
    .target(name: "FlashAttentionEntry", dependencies: ["FlashAttention", "FlashAttentionC", "CUDADriver"]),
    // The fp64 oracle: for the tests and for the error column of the tool, never a part of the product.
    .target(
      name: "ReferenceAttention", dependencies: ["FlashAttention"],
      swiftSettings: [
        .unsafeFlags(["-O", "-whole-module-optimization", "-num-threads", "2", "-disable-batch-mode"])
      ]),
    // The command-line tool: all of it in a library, so that it can be tested, and an executable that calls it.
    .target(
      name: "FlashTool",
      dependencies: [
        "FlashAttention", "ReferenceAttention", "CUDADriver",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(name: "flash", dependencies: ["FlashTool"]),
    // Counts allocations and locks of the tests' process. Its debug information is of a version that the valgrind of
    // scripts/test-as-avx2 reads.
    .target(name: "CallCounters", path: "Tests/CallCounters", cSettings: [.unsafeFlags(["-gdwarf-4"])]),
    .testTarget(name: "TensorsTests", dependencies: ["Tensors"]),
    .testTarget(name: "CUDADriverTests", dependencies: ["CUDADriver", "CUDAInterface", "Tensors"]),
    .target(
      name: "SimulatedAttention", dependencies: ["CUDADriver", "CUDAKernels", "PTX", "PTXSimulator"],
      path: "Tests/SimulatedAttention"),
    // Changes kernels one instruction at a time and counts what the simulator notices; see docs/gpu.md.
    .executableTarget(
      name: "mutate-kernels",
      dependencies: [
        "SimulatedAttention", "CUDAKernels", "PTX", "PTXSimulator",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Tests/KernelMutations"),
    .target(name: "PTXAssembler", dependencies: ["PTX"], path: "Tests/PTXAssembler"),
    // Kernels that are none of attention: a sum and two matrix products.
    .target(name: "TestKernels", dependencies: ["PTX"], path: "Tests/TestKernels"),
    .testTarget(name: "PTXTests", dependencies: ["PTX", "PTXAssembler", "TestKernels"]),
    .testTarget(
      name: "PTXSimulatorTests", dependencies: ["PTXSimulator", "PTX", "PTXAssembler", "TestKernels"],
      exclude: ["Triton/Kernels"]),
    .testTarget(
      name: "CUDAKernelsTests", dependencies: ["CUDAKernels", "PTXAssembler"], exclude: ["kernels.tsv"]),
    .testTarget(
      name: "FlashAttentionTests",
      dependencies: [
        "FlashAttention", "FlashAttentionC", "FlashAttentionEntry", "ReferenceAttention", "CallCounters", "CUDADriver",
        "CUDAInterface", "CUDAKernels", "PTX", "PTXSimulator", "SimulatedAttention",
      ]),
    .testTarget(
      name: "FlashToolTests",
      dependencies: ["FlashTool", "CUDADriver", "ReferenceAttention", "SimulatedAttention", "flash"]),
  ] + vectorKernels,
  swiftLanguageModes: [.v6]
)

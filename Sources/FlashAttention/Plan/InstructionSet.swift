import KernelIntrinsics

/// An instruction set that the CPU kernels are compiled for, in rising order of speed.
///
/// The raw value is the name that the command-line tool uses.
public enum InstructionSet: String, Sendable, Hashable, CaseIterable {
  /// What the compiler may assume of every processor of the architecture.
  case portable
  /// AVX2, FMA and F16C: x86-64-v3.
  case avx2
  /// AVX-512 F, BW, CD, DQ and VL: x86-64-v4.
  case avx512
  /// x86-64-v4 with the bf16 dot product.
  case avx512bf16
  /// The same with the matrix unit for bf16, AMX, which also multiplies fp16 and fp32 numbers, as sums of bf16 numbers.
  ///
  /// Linux lets a process use the unit once it has asked, which the first look at instruction sets does on processors
  /// that have it. From then on alternate signal stacks (`sigaltstack`) need room for 8 KiB more.
  case amx

  /// The bf16 numbers as whose sum a back end multiplies a number of a call's operands in the matrix unit; 0 where it
  /// does not.
  ///
  /// Backward, fp32 numbers are no faster in the unit. There multiply-adds sum the scores again, and the more terms a
  /// sum has, the further the rounding of a long chain of them is from that of the unit, which adds up tiles. Up to 128
  /// dimensions scores are no further apart than the last place of the greatest ones.
  func matrixUnitParts(
    _ descriptor: AttentionDescriptor, _ backend: ProcessorBackend, _ direction: AttentionDirection
  ) -> Int {
    if self != .amx || backend != .cpu { return 0 }
    switch descriptor.elementType {
    case .bfloat16: return 1
    case .float16: return 2
    case .float32: return direction == .forward && descriptor.shape.headDimension <= 128 ? 3 : 0
    }
  }

  /// Why this machine cannot run the instruction set, or nil where it can.
  public var refusal: String? { ProcessorFeatures.current.refusal(of: self) }

  /// The instruction sets that this machine can run, in rising order of speed.
  public static var usable: [InstructionSet] { allCases.filter { $0.refusal == nil } }
}

/// What the processor offers and the operating system has enabled, read once.
///
/// CPUID alone is not enough: the operating system must also save the wide registers, which XCR0 tells.
struct ProcessorFeatures: Sendable {
  static let current = ProcessorFeatures()

  /// Whether AMD made the processor.
  let isAMD: Bool
  /// Whether an instruction of 512 bits takes a unit of half that width twice: on Zen 4, AMD's family 25 with AVX-512.
  let halvesWideVectors: Bool

  /// The missing feature that stands in the way of each instruction set.
  private let missing: [InstructionSet: String]

  func refusal(of set: InstructionSet) -> String? { missing[set] }

  #if arch(x86_64)
    private init() {
      let basic = processor_cpuid(1, 0)
      let extended = processor_cpuid(7, 0)
      let extended1 = processor_cpuid(7, 1)
      let long = processor_cpuid(0x8000_0001, 0)
      func has(_ register: UInt32, _ bit: UInt32) -> Bool { register >> bit & 1 == 1 }
      let xcr0 = has(basic.ecx, 27) ? processor_xgetbv() : 0

      // In the order in which they are checked: the first that is missing is named.
      let avx2: [(String, Bool)] = [
        ("XSAVE enabled by the operating system", has(basic.ecx, 27)),
        ("256-bit registers saved by the operating system", xcr0 & 0x6 == 0x6),
        ("AVX", has(basic.ecx, 28)), ("AVX2", has(extended.ebx, 5)), ("FMA", has(basic.ecx, 12)),
        ("F16C", has(basic.ecx, 29)), ("BMI1", has(extended.ebx, 3)), ("BMI2", has(extended.ebx, 8)),
        ("LZCNT", has(long.ecx, 5)), ("MOVBE", has(basic.ecx, 22)),
      ]
      let avx512: [(String, Bool)] =
        avx2 + [
          ("512-bit registers saved by the operating system", xcr0 & 0xe6 == 0xe6),
          ("AVX512F", has(extended.ebx, 16)), ("AVX512DQ", has(extended.ebx, 17)),
          ("AVX512CD", has(extended.ebx, 28)), ("AVX512BW", has(extended.ebx, 30)),
          ("AVX512VL", has(extended.ebx, 31)),
        ]
      let avx512bf16 = avx512 + [("AVX512_BF16", has(extended1.eax, 5))]
      let unit = [
        ("AMX-TILE", has(extended.edx, 24)), ("AMX-BF16", has(extended.edx, 22)),
        ("tiles saved by the operating system", xcr0 & 0x6_0000 == 0x6_0000),
      ]
      // Only where all else is there, because the request is made to the operating system, and for the whole process.
      let isGranted = (avx512bf16 + unit).allSatisfy(\.1) && processor_request_tiles()
      let amx = avx512bf16 + unit + [("permission of the operating system to use tiles", isGranted)]

      var missing: [InstructionSet: String] = [:]
      for (set, features) in [(InstructionSet.avx2, avx2), (.avx512, avx512), (.avx512bf16, avx512bf16), (.amx, amx)] {
        if let first = features.first(where: { !$0.1 }) { missing[set] = "the processor lacks \(first.0)" }
      }
      self.missing = missing
      // "AuthenticAMD" begins in EBX.
      isAMD = processor_cpuid(0, 0).ebx == 0x6874_7541
      halvesWideVectors = isAMD && Self.family(basic.eax) == 25 && missing[.avx512] == nil
    }

    /// The family of a processor whose CPUID leaf 1 has `signature` in EAX: what two fields say together.
    static func family(_ signature: UInt32) -> UInt32 { (signature >> 8 & 0xf) + (signature >> 20 & 0xff) }
  #else
    private init() {
      isAMD = false
      halvesWideVectors = false
      missing = Dictionary(
        uniqueKeysWithValues: [InstructionSet.avx2, .avx512, .avx512bf16, .amx].map {
          ($0, "it is an x86-64 extension")
        })
    }
  #endif
}

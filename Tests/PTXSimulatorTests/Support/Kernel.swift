import PTXAssembler
import PTXSimulator
import Testing

/// A kernel in PTX by hand, in a frame that declares registers and loads its two pointers.
///
/// `%rd0` points to what it reads, `%rd1` to what it writes, `%r0` is the thread's number, and `shared` lies in shared
/// memory.
struct Kernel {
  let text: String
  let program: PTXProgram

  /// - Parameter maps: The number of tensor maps among its parameters: `map0`, `map1` and so on.
  init(_ body: String, sharedBytes: Int = 4096, threads: Int = 32, maps: Int = 0) throws {
    text = Self.frame(body, sharedBytes: sharedBytes, threads: threads, maps: maps)
    if let assembler = Assembler.installed { try #expect(assembler.complaint(about: text) == nil) }
    program = try PTXProgram(parsing: text)
  }

  static func frame(_ body: String, sharedBytes: Int = 4096, threads: Int = 32, maps: Int = 0) -> String {
    let parameters =
      ["  .param .u64 input", "  .param .u64 output"] + (0..<maps).map { "  .param .align 64 .b8 map\($0)[128]" }
    return """
      .version 8.0
      .target sm_90a
      .address_size 64
      .visible .entry kernel(
      \(parameters.joined(separator: ",\n"))
      )
      .maxntid \(threads), 1, 1
      {
        .reg .pred %p<16>;
        .reg .b16 %h<32>;
        .reg .b32 %r<64>;
        .reg .b64 %rd<32>;
        .reg .f32 %f<160>;
        .reg .f64 %d<8>;
        .shared .align 1024 .b8 shared[\(sharedBytes)];
        ld.param.u64 %rd0, [input];
        ld.param.u64 %rd1, [output];
        mov.u32 %r0, %tid.x;
      \(body)
        ret;
      }
      """
  }

  /// Runs the kernel and returns what it wrote.
  @discardableResult
  func run<Input: BitwiseCopyable, Output: BitwiseCopyable>(
    _ input: [Input], output count: Int, of type: Output.Type = Output.self, startingFrom start: Output? = nil,
    blocks: Int = 1, threads: Int = 32, maps: [(DeviceBuffer, DeviceBuffer) throws -> TensorMapDescription] = [],
    options: LaunchOptions = LaunchOptions()
  ) throws -> [Output] {
    let device = SimulatedDevice()
    let source = device.allocate("input", copying: input)
    let target = device.allocate("output", byteCount: count * MemoryLayout<Output>.stride)
    if let start { device.write(Array(repeating: start, count: count), to: target) }
    try device.launch(
      program, kernel: "kernel", grid: Dimensions(blocks), block: Dimensions(threads),
      arguments: [.pointer(source), .pointer(target)] + maps.map { .tensorMap(try $0(source, target)) },
      options: options)
    return device.read(type, from: target)
  }
}

/// All orders in which warps can run, with all moments at which asynchronous operations can happen.
struct Mode: CustomTestStringConvertible, Sendable {
  let schedule: Schedule
  let delivery: Delivery

  static let all = (Schedule.all + [.random(seed: 2), .random(seed: 3)]).flatMap { schedule in
    Delivery.allCases.map { Mode(schedule: schedule, delivery: $0) }
  }

  var options: LaunchOptions { LaunchOptions(schedule: schedule, delivery: delivery, instructionBudget: 200_000) }

  var testDescription: String { "\(schedule), \(delivery)" }
}

/// A stream of numbers that look random and are the same in every run (SplitMix64).
struct Numbers {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func bits() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
    return bits ^ (bits >> 31)
  }

  /// A multiple of 1/8 between −2 and 2, so that sums of products are exact.
  mutating func eighth() -> Float { Float(Int(bits() % 33) - 16) / 8 }
}

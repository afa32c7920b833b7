import CUDADriver
import FlashAttention

/// Everything that a check of a device does, as a queue of cases.
final class GPUCheck {
  /// The parts that can be asked for alone.
  enum Part: String, CaseIterable {
    case correctness
    case kernels
    case timing
  }

  private let device: CheckedDevice
  private let isQuick: Bool
  private let normalFloat16: NormalNumbers
  private let normalBFloat16: NormalNumbers
  /// Made by the first timing, because correctness needs none.
  private var deviceNumbers: DeviceNumbers?
  /// Bytes a second of a copy, once it has been measured.
  private var copyRate: Double?

  init(_ device: CheckedDevice, isQuick: Bool) {
    self.device = device
    self.isQuick = isQuick
    // An odd number, so that rows of a tensor do not repeat each other.
    normalFloat16 = NormalNumbers(.float16, count: (1 << 18) + 7)
    normalBFloat16 = NormalNumbers(.bfloat16, count: isQuick ? (1 << 18) + 7 : (1 << 21) + 7)
  }

  /// The cases in the order in which they matter: what the rest stands on, what the targets are about, and the rest.
  func items(_ part: Part?) throws -> [CheckItem] {
    let wants = { (asked: Part) in part == nil || part == asked }
    var first: [CheckItem] = []
    var second: [CheckItem] = []
    if wants(.timing) { first.append(item("first call", limit: 60) { [try HostTimes(device: $0.device).firstCall()] }) }
    if wants(.correctness) {
      first += correctness(isQuick ? try CorrectnessGrid.quick() : try CorrectnessGrid.essentials())
      if !isQuick { second += correctness(try CorrectnessGrid.rest()) }
    }
    if wants(.timing) {
      let forward = isQuick ? try TimingGrid.quick() : try TimingGrid.forward()
      let decoding = isQuick ? [] : try TimingGrid.decoding()
      // Half of each is enough to judge the targets.
      first += hostAndCopy() + timings(forward.prefix((forward.count + 1) / 2))
      first += timings(decoding.prefix((decoding.count + 1) / 2))
      second += timings(forward.dropFirst((forward.count + 1) / 2))
      second += timings(decoding.dropFirst((decoding.count + 1) / 2))
    }
    if wants(.kernels) {
      let kernels = try kernels()
      let count = isQuick ? 2 : kernels.count / 3
      first += kernels.prefix(count)
      if !isQuick { second += kernels.dropFirst(count) }
    }
    return first + second
  }

  private func item(
    _ name: String, limit: Double, _ run: @escaping (GPUCheck) throws -> [CheckLine]
  ) -> CheckItem {
    CheckItem(name: name, limit: limit) { try run(self) }
  }

  // MARK: Parts

  private func correctness(_ cases: [CorrectnessCase]) -> [CheckItem] {
    cases.enumerated().flatMap { index, posed in
      device.device.families.reversed().filter { $0 == .ampere || posed.isMappable }.map { family in
        // Split and unsplit take turns, the other way round for the other family.
        let check = CorrectnessCheck(
          device: device, posed: posed, family: family, splitsKeys: (index % 2 == 0) == (family == .hopper),
          numbers: posed.element == .float16 ? normalFloat16 : normalBFloat16)
        return item(check.name, limit: 20) { _ in [try check.line()] }
      }
    }
  }

  private func kernels() throws -> [CheckItem] {
    try KernelVariant.all(on: device).map { variant in
      item("kernel \(variant.name)", limit: 20) { try KernelAssembly(device: $0.device).lines(variant) }
    }
  }

  private func hostAndCopy() -> [CheckItem] {
    [
      item("planned call", limit: 20) { [try HostTimes(device: $0.device).launch()] },
      item("copy within device memory", limit: 20) { check in
        let (line, rate) = try CopyBandwidth(device: check.device, runs: check.isQuick ? 3 : 20).measure()
        check.copyRate = rate
        return [line]
      },
    ]
  }

  private func timings(_ cases: some Sequence<TimingCase>) -> [CheckItem] {
    cases.map { posed in
      item("\(posed.isDecoding ? "decode" : "forward") \(posed.name)", limit: 30) { check in
        try TimingCheck(device: check.device, numbers: check.numbersOnDevice(), isQuick: check.isQuick)
          .lines(posed, copyRate: check.copyRate)
      }
    }
  }

  private func numbersOnDevice() throws -> DeviceNumbers {
    if let deviceNumbers { return deviceNumbers }
    let made = try DeviceNumbers(normalBFloat16, on: device.stream)
    deviceNumbers = made
    return made
  }
}

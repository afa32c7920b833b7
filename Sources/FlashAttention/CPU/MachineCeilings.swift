/// What the machine can do at most, measured: the roofs over every kernel in the roofline model.
///
/// Williams, Waterman and Patterson, *Roofline: an insightful visual performance model for multicore architectures*,
/// CACM 52(4), 2009.
package struct MachineCeilings: Sendable {
  package let instructionSet: InstructionSet
  /// The number of threads that all figures hold for, together.
  package let threads: Int
  /// fp32 multiply-adds in registers, in floating-point operations a second.
  package let multiplyAdds: Double
  /// Dot products of bf16 pairs in registers, in floating-point operations a second; nil where there are none.
  package let pairProducts: Double?
  /// Bytes read a second from each core's first-level cache.
  package let level1: Double
  /// Bytes read a second from each core's second-level cache.
  package let level2: Double
  /// Bytes read a second from the last-level cache; nil where the threads' second-level caches are as large.
  package let level3: Double?
  /// Bytes read a second from main memory.
  package let memory: Double

  /// Measures the machine, which takes about a second.
  ///
  /// - Parameters:
  ///   - instructionSet: One that the machine can run.
  ///   - threads: At most one for each core.
  package init(measuring instructionSet: InstructionSet, threads: Int, on processor: Processor = .current) {
    let kernels = KernelSet.kernels(for: instructionSet)
    let level3Share = 4 * processor.level2Cache
    let memoryShare = Self.memoryBytes(processor) / threads
    let reader = CeilingReader(kernels: kernels, threads: threads, capacity: max(memoryShare, level3Share))
    self.instructionSet = instructionSet
    self.threads = threads
    multiplyAdds = Self.arithmeticRate(kernels.repeatMultiplyAdds, threads: threads)
    pairProducts = kernels.repeatPairProducts.map { Self.arithmeticRate($0, threads: threads) }
    // Half a cache, which leaves room for what else is in it.
    level1 = reader.rate(bytesPerThread: processor.level1Cache / 2)
    level2 = reader.rate(bytesPerThread: processor.level2Cache / 2)
    level3 =
      threads * level3Share <= processor.level3Cache / 2 ? reader.rate(bytesPerThread: level3Share) : nil
    memory = reader.rate(bytesPerThread: memoryShare)
  }

  /// Several times the last-level cache, as far as it can be touched in short time.
  private static func memoryBytes(_ processor: Processor) -> Int {
    min(max(4 * processor.level3Cache, 128 << 20), processor.memory / 4, 1 << 30)
  }

  private static func arithmeticRate(
    _ kernel: @Sendable (_ rounds: Int, _ seed: Float, _ sink: KernelSet.Floats) -> Int, threads: Int
  ) -> Double {
    GreatestRate.measure(threads: threads) { _, rounds, sink in
      // Values that stay finite however long the sums are.
      Double(kernel(rounds << 10, 0.5, sink))
    }
  }
}

/// Memory that several threads read, each a part of its own. Its pages are like those of a tensor.
private struct CeilingReader: ~Copyable {
  private let kernels: KernelSet
  private let threads: Int
  private let numbersPerThread: Int
  private let numbers: UnsafeMutablePointer<Float>

  init(kernels: KernelSet, threads: Int, capacity: Int) {
    self.kernels = kernels
    self.threads = threads
    numbersPerThread = capacity / 64 * 64 / MemoryLayout<Float>.stride
    let count = threads * numbersPerThread
    // On the boundary of a cache line, which no vector crosses then.
    let bytes = UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<Float>.stride, alignment: 64)
    // Written, because pages that nobody has written to share one page of zeros.
    numbers = bytes.initializeMemory(as: Float.self, repeating: 0, count: count)
  }

  deinit { numbers.deallocate() }

  /// The bytes read a second by all threads together, each reading the same bytes over and over.
  func rate(bytesPerThread: Int) -> Double {
    let step = kernels.readGranularity
    let count = max(bytesPerThread / MemoryLayout<Float>.stride / step, 1) * step
    let (read, numbers, stride) = (kernels.readMemory, numbers, numbersPerThread)
    return GreatestRate.measure(threads: threads) { thread, rounds, sink in
      for _ in 0..<rounds { read(numbers + thread * stride, count, sink) }
      return Double(rounds * count * MemoryLayout<Float>.stride)
    }
  }
}

/// The greatest rate of work that was seen: whatever else runs on the machine can only lower it.
private enum GreatestRate {
  private static let trials = 3...10
  /// The time after which no trial beyond the least number begins, in seconds.
  private static let longestMeasurement = 0.2
  /// The time that a trial takes at least, in seconds: many times what starting the threads takes.
  private static let shortestTrial = 0.005

  /// - Parameter work: Does a number of rounds of one thread's work and returns its amount.
  /// - Returns: The amount a second of all threads together.
  static func measure(
    threads: Int, _ work: (_ thread: Int, _ rounds: Int, _ sink: KernelSet.Floats) -> Double
  ) -> Double {
    var rounds = 1
    while trial(threads, rounds, work).seconds < shortestTrial { rounds *= 2 }
    var (greatest, total) = (0.0, 0.0)
    for index in 0..<trials.upperBound where index < trials.lowerBound || total < longestMeasurement {
      let (amount, seconds) = trial(threads, rounds, work)
      greatest = max(greatest, amount / seconds)
      total += seconds
    }
    return greatest
  }

  private static func trial(
    _ threads: Int, _ rounds: Int, _ work: (_ thread: Int, _ rounds: Int, _ sink: KernelSet.Floats) -> Double
  ) -> (amount: Double, seconds: Double) {
    let amounts = UnsafeMutableBufferPointer<Double>.allocate(capacity: threads)
    defer { amounts.deallocate() }
    let start = ContinuousClock.now
    Parallel.forEach(threads, threads: threads, workspaceSize: 64) { thread, workspace in
      amounts[thread] = work(thread, rounds, workspace.assumingMemoryBound(to: Float.self))
    }
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    return (amounts.reduce(0, +), Double(seconds) + Double(attoseconds) * 1e-18)
  }
}

import CUDAKernels
import PTX
import PTXSimulator

/// Runs the forward pass of a case in the simulator, as a device would be asked to.
public struct SimulatedForward: Sendable {
  public let problem: ForwardCase
  public let choice: ForwardChoice

  /// Chooses kernels for a device.
  public init(_ problem: ForwardCase, on device: GPUTraits) {
    self.problem = problem
    var request = problem.request
    request.layout = problem.rowLayout
    choice = ForwardChoice(request, on: device)
  }

  /// What a run gives.
  public struct Result: Sendable {
    /// The bits of the output, [B, Hq, Sq, Dv].
    public let output: [UInt16]
    /// [B, Hq, Sq].
    public let logSumExp: [Float]
    /// What each launch did: one, or two where a kernel merges parts.
    public let reports: [LaunchReport]
  }

  /// What a kernel did that is not a wrong number.
  public enum Failure: Error, Sendable {
    /// It left elements of its results unwritten, or wrote something else.
    case incomplete(String)
  }

  /// Runs the kernels.
  ///
  /// - Parameter text: The text of the main kernel, where it is not its own.
  public func run(_ options: LaunchOptions = LaunchOptions(), text: String? = nil) throws -> Result {
    try run(
      options, main: PTXProgram(parsing: text ?? choice.kernel.module.text),
      combine: choice.combine.map { try PTXProgram(parsing: $0.module.text) })
  }

  /// Runs kernels whose text has been read.
  public func run(_ options: LaunchOptions, main: PTXProgram, combine: PTXProgram?) throws -> Result {
    let request = problem.request
    let device = SimulatedDevice()
    let sequence = [request.batch, request.keyValueHeads, request.keyLength]
    let rows = [request.batch, request.queryHeads, request.queryLength]
    let rowCount = rows.reduce(1, *)
    let output = LaidOutTensor(rows + [request.valueDimension], problem.layout)

    var operands: [ForwardParameter.Operand: ForwardProblem.Operand] = [:]
    for (operand, elements, sizes) in [
      (ForwardParameter.Operand.query, problem.queries, rows + [request.headDimension]),
      (.key, problem.keys, sequence + [request.headDimension]),
      (.value, problem.values, sequence + [request.valueDimension]),
    ] {
      operands[operand] = place(elements, LaidOutTensor(sizes, problem.layout), operand.rawValue, device)
    }
    if let mask = problem.mask {
      let buffer = device.allocate("mask", copying: mask.elements, isReadOnly: true)
      operands[.mask] = ForwardProblem.Operand(address: buffer.address, strides: mask.strides)
    }
    if let bias = problem.bias {
      switch bias.elements {
      case .float32(let elements):
        let buffer = device.allocate("bias", copying: elements, isReadOnly: true)
        operands[.bias] = ForwardProblem.Operand(address: buffer.address, strides: bias.strides.map { $0 * 4 })
      case .half(let elements):
        let buffer = device.allocate("bias", copying: elements, isReadOnly: true)
        operands[.bias] = ForwardProblem.Operand(address: buffer.address, strides: bias.strides.map { $0 * 2 })
      }
    }
    let outputBuffer = device.allocate("output", byteCount: output.count * 2)
    let logSumExp = device.allocate("log-sum-exp", byteCount: rowCount * 4)
    operands[.output] = output.operand(at: outputBuffer.address)
    operands[.logSumExp] = ForwardProblem.Operand(address: logSumExp.address)

    var problem = ForwardProblem(
      batch: request.batch, queryHeads: request.queryHeads, keyValueHeads: request.keyValueHeads,
      queryLength: request.queryLength, keyLength: request.keyLength, scale: self.problem.scale,
      softcap: self.problem.softcap, diagonal: self.problem.diagonal, left: self.problem.left,
      right: self.problem.right, operands: operands, splits: choice.splits)
    let counter = device.allocate("counter", copying: [0 as UInt32])
    problem.counter = counter.address
    // One more than there are, so that it has an address.
    let arrivals = device.allocate("arrivals", copying: [UInt32](repeating: 0, count: choice.arrivalCount + 1))
    if choice.splits > 1 {
      let partialOutput = device.allocate(
        "partial output", byteCount: choice.splits * rowCount * request.valueDimension * 4)
      let partialLogSumExp = device.allocate("partial log-sum-exp", byteCount: choice.splits * rowCount * 4)
      problem.parts = ForwardProblem.Parts(
        output: partialOutput.address, logSumExp: partialLogSumExp.address, arrivals: arrivals.address)
    }
    var reports = [try launch(choice.launch(problem), main, device, options)]
    if let merge = choice.combine, let combine {
      reports.append(try launch(merge.launch(problem), combine, device, options))
    }

    let counters = device.read(UInt32.self, from: counter) + device.read(UInt32.self, from: arrivals)
    if counters.contains(where: { $0 != 0 }) { throw Failure.incomplete("a counter is not zero again") }
    let places = output.places
    for (buffer, written) in [(outputBuffer, places.count * 2), (logSumExp, rowCount * 4)] {
      let defined = buffer.byteCount - device.undefinedByteCount(of: buffer)
      if defined != written {
        throw Failure.incomplete("\(defined) bytes of the \(buffer.name) are written, \(written) belong to it")
      }
    }
    let elements = device.read(UInt16.self, from: outputBuffer)
    return Result(
      output: places.map { elements[$0] }, logSumExp: device.read(Float.self, from: logSumExp), reports: reports)
  }

  private func place(
    _ elements: [UInt16], _ tensor: LaidOutTensor, _ name: String, _ device: SimulatedDevice
  ) -> ForwardProblem.Operand {
    let buffer = device.allocate(name, byteCount: tensor.count * 2, isReadOnly: true)
    let places = tensor.places
    if places == Array(places.indices) {
      device.write(elements, to: buffer)
    } else {
      // What lies between stays undefined, so that a kernel that uses it is caught.
      for (element, place) in zip(elements, places) { device.write([element], to: buffer, atByte: place * 2) }
    }
    return tensor.operand(at: buffer.address)
  }

  private func launch(
    _ launch: KernelLaunch, _ program: PTXProgram, _ device: SimulatedDevice, _ options: LaunchOptions
  ) throws -> LaunchReport {
    try device.launch(
      program, kernel: launch.name, grid: Dimensions(launch.blocks), block: Dimensions(launch.threads),
      sharedBytes: launch.sharedBytes, arguments: try launch.arguments.map { try $0.simulated }, options: options)
  }
}

extension ForwardCase {
  /// What a plan is told of the layout.
  var rowLayout: ForwardRequest.RowLayout {
    switch layout {
    case .dense, .headsWithinRows:
      .dense(headDimension: request.headDimension, valueDimension: request.valueDimension)
    case .scattered: ForwardRequest.RowLayout(access: .elements, isMappable: false)
    }
  }
}

extension LaunchArgument {
  fileprivate var simulated: KernelArgument {
    get throws {
      switch self {
      case .word64(let word): .uint64(word)
      case .word32(let word): .uint32(word)
      case .map(let map):
        .tensorMap(
          try TensorMapDescription(
            address: map.address, element: map.element == .float16 ? .float16 : .bfloat16, sizes: map.sizes,
            strides: map.strides, box: map.box, swizzle: map.swizzle.simulated))
      }
    }
  }
}

extension Swizzle {
  fileprivate var simulated: TensorMapDescription.Swizzle {
    switch self {
    case .none: .none
    case .bytes32: .bytes32
    case .bytes64: .bytes64
    case .bytes128: .bytes128
    }
  }
}

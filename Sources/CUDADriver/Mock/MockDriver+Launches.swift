import CUDAInterface

extension MockDriver {
  public func launch(
    _ function: FunctionHandle, configuration: UnsafePointer<DriverLaunchConfiguration>,
    parameters: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  ) throws(DriverFailure) {
    let kernel = try callInContext(.cuLaunchKernelEx) { state, _ throws(DriverFailure) in
      guard let loaded = state.functions[function.rawValue], let module = state.modules[loaded.module] else {
        throw DriverFailure(.cuLaunchKernelEx, .invalidHandle)
      }
      state.milliseconds += launchMilliseconds
      return LaunchedKernel(module: module, function: loaded)
    }
    let shape = try self.shape(of: configuration.pointee)
    guard shape.sharedBytes <= kernel.function.dynamicSharedBytes else {
      throw DriverFailure(.cuLaunchKernelEx, .invalidValue)
    }
    let record = LaunchRecord(
      moduleText: kernel.module.text, kernel: kernel.function.name, device: devices[kernel.module.device],
      stream: StreamHandle(rawValue: configuration.pointee.stream), shape: shape,
      arguments: try arguments(of: kernel.function.signature, at: parameters))
    do {
      try launchHandler(record, self)
    } catch {
      let status = (error as? DriverFailure)?.status ?? .launchFailed
      state.withLock { state in
        state.stickyStatus = status
        state.launchError = "\(error)"
      }
    }
  }

  private struct LaunchedKernel: Sendable {
    let module: MockState.Module
    let function: MockState.Function
  }

  /// The size of a launch, with its attributes read back by their numbers.
  private func shape(of configuration: DriverLaunchConfiguration) throws(DriverFailure) -> LaunchShape {
    var shape = LaunchShape(
      grid: LaunchExtent(Int(configuration.gridX), Int(configuration.gridY), Int(configuration.gridZ)),
      block: LaunchExtent(Int(configuration.blockX), Int(configuration.blockY), Int(configuration.blockZ)),
      sharedBytes: Int(configuration.sharedBytes))
    let attributes = UnsafeBufferPointer(start: configuration.attributes, count: Int(configuration.attributeCount))
    for attribute in attributes {
      switch LaunchAttribute(rawValue: attribute.identifier) {
      case .clusterDimension:
        let cluster = attribute.value.clusterDimension
        shape.cluster = LaunchExtent(Int(cluster.x), Int(cluster.y), Int(cluster.z))
      case .programmaticStreamSerialization:
        shape.overlapsPredecessor = attribute.value.programmaticStreamSerializationAllowed != 0
      case nil:
        throw DriverFailure(.cuLaunchKernelEx, .invalidValue)
      }
    }
    return shape
  }

  /// Reads as many bytes of each argument as the kernel's text declares, from where it must lie by its alignment.
  private func arguments(
    of signature: KernelSignature, at parameters: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  ) throws(DriverFailure) -> [LaunchRecord.Argument] {
    var arguments: [LaunchRecord.Argument] = []
    for (index, parameter) in signature.parameters.enumerated() {
      guard let address = parameters[index], UInt(bitPattern: address).isMultiple(of: UInt(parameter.alignment))
      else {
        throw DriverFailure(.cuLaunchKernelEx, .invalidValue)
      }
      let bytes = UnsafeRawBufferPointer(start: address, count: parameter.byteCount)
      arguments.append(LaunchRecord.Argument(name: parameter.name, bytes: Array(bytes)))
    }
    return arguments
  }
}

extension CUDADevice {
  /// Asks the driver everything about the device at a position.
  init(at ordinal: Int32, of driver: some DriverInterface) throws(DriverFailure) {
    let device = try driver.device(at: ordinal)
    let capability = ComputeCapability(
      Int(try driver.attribute(.capabilityMajor, ofDevice: device)),
      Int(try driver.attribute(.capabilityMinor, ofDevice: device)))
    let restriction: DeviceRestriction? =
      if capability < .ampere {
        .capability(capability)
      } else if try driver.attribute(.computeMode, ofDevice: device) == DriverFlags.prohibitedMode {
        .computeProhibited
      } else if try driver.attribute(.memoryPoolsSupported, ofDevice: device) == 0 {
        .noMemoryPools
      } else {
        nil
      }
    self.init(
      ordinal: Int(ordinal),
      handle: device,
      name: try driver.name(ofDevice: device),
      identifier: try driver.identifier(ofDevice: device),
      capability: capability,
      multiprocessors: Int(try driver.attribute(.multiprocessorCount, ofDevice: device)),
      memoryBytes: try driver.memoryBytes(ofDevice: device),
      secondLevelCacheBytes: Int(try driver.attribute(.secondLevelCacheBytes, ofDevice: device)),
      maximumSharedBytes: Int(try driver.attribute(.maximumSharedBytes, ofDevice: device)),
      maximumSharedBytesOptIn: Int(try driver.attribute(.maximumSharedBytesOptIn, ofDevice: device)),
      sharedBytesPerMultiprocessor: Int(try driver.attribute(.sharedBytesPerMultiprocessor, ofDevice: device)),
      driverVersion: try driver.version(),
      restriction: restriction)
  }
}

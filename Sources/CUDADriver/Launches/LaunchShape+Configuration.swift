import CUDAInterface

extension LaunchShape {
  /// The most attributes that a launch has.
  static let maximumAttributes = 2

  /// The launch in the driver's form, without a stream. Writes its attributes into `attributes`, which must outlive it.
  func configuration(
    attributes: UnsafeMutableBufferPointer<DriverLaunchAttribute>
  ) -> DriverLaunchConfiguration {
    var count = 0
    func append(_ kind: LaunchAttribute, _ write: (inout DriverLaunchAttributeValue) -> Void) {
      attributes[count].identifier = kind.rawValue
      write(&attributes[count].value)
      count += 1
    }
    if let cluster {
      append(.clusterDimension) {
        $0.clusterDimension = DriverExtent(x: UInt32(cluster.x), y: UInt32(cluster.y), z: UInt32(cluster.z))
      }
    }
    if overlapsPredecessor {
      append(.programmaticStreamSerialization) { $0.programmaticStreamSerializationAllowed = 1 }
    }
    var configuration = DriverLaunchConfiguration()
    configuration.gridX = UInt32(grid.x)
    configuration.gridY = UInt32(grid.y)
    configuration.gridZ = UInt32(grid.z)
    configuration.blockX = UInt32(block.x)
    configuration.blockY = UInt32(block.y)
    configuration.blockZ = UInt32(block.z)
    configuration.sharedBytes = UInt32(sharedBytes)
    configuration.attributes = attributes.baseAddress
    configuration.attributeCount = UInt32(count)
    return configuration
  }
}

extension AttentionPlan {
  /// How much work makes one more thread pay.
  private enum PayingWork {
    /// Operations for each thread. Two threads finished two items together sooner than one thread did alone from about
    /// 12 µs of work on, of which waking the second takes 8 µs, on a virtual AMD EPYC; a core does 2 MFLOP in 20 to 30
    /// µs.
    static let operations = 2e6
    /// How many operations a core does in the time in which it reads one byte that is not in its caches: short queries
    /// are bound by reading keys and values.
    static let operationsPerByte = 8.0
  }

  /// The number of threads that a call has enough work for; at least 1.
  static func payingThreads(_ descriptor: AttentionDescriptor, _ direction: AttentionDirection) -> Int {
    let shape = descriptor.shape
    let rows =
      Double(shape.batch)
      * (Double(shape.queryHeads) * Double(shape.queryLength)
        + Double(shape.keyValueHeads) * Double(shape.keyLength))
    let bytes =
      rows * Double(shape.headDimension + shape.valueDimension) * Double(descriptor.elementType.byteCount)
    let work = AttentionCost.operations(descriptor, direction) + bytes * PayingWork.operationsPerByte
    return Int(min(max(work / PayingWork.operations, 1), Double(Int32.max)))
  }
}

import CUDADriver

/// Attention on device memory of any owner, so that another library's tensors are worked on where they are.
public enum CUDAAttention {
  /// Plans a forward call for operands where they lie, and queues it.
  ///
  /// Code that makes the same call again and again prepares a ``CUDAAttentionPlan`` instead.
  ///
  /// - Parameters:
  ///   - descriptor: What is asked.
  ///   - operands: Where the operands lie. Whoever passes them vouches for their sizes, and keeps them alive and inputs
  ///     unchanged until the stream has got there.
  ///   - stream: The stream to queue the work on; another library's is wrapped in a `CUDAStream(foreign:in:)`.
  /// - Throws: ``AttentionError`` that names the operand that does not fit, or says why the device cannot serve the
  ///   call.
  public static func enqueue(
    _ descriptor: AttentionDescriptor, _ operands: CUDAOperands, on stream: CUDAStream
  ) throws(AttentionError) {
    let plan = try CUDAAttentionPlan(
      descriptor, layout: CUDARowLayout(operands, descriptor.shape), on: CUDADeviceTraits(stream.context.device))
    var prepared = try plan.prepare(on: stream)
    try prepared.enqueue(operands)
  }
}

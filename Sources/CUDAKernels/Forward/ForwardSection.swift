/// The parts of a kernel of the forward pass whose instructions are counted.
enum ForwardSection: String {
  /// A step of the loop over keys, as one warp runs it.
  case step
  /// What of a step runs only in blocks on the edge of a band or at the end of the keys.
  case edge
}

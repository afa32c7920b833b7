import FlashAttention
import FlashAttentionC

/// What the function of `flash_attention.h` does.
@_cdecl("flash_attention_forward_cuda")
public func forwardOnDevice(
  _ call: UnsafePointer<flash_attention_call>?, _ message: UnsafeMutablePointer<CChar>?, _ capacity: Int
) -> CInt {
  do {
    try ForeignCall(reading: call).enqueue()
    return CInt(FLASH_ATTENTION_SUCCESS)
  } catch {
    write("\(error)", to: message, capacity)
    switch error {
    case AttentionError.unavailable, AttentionError.deviceFailure: return CInt(FLASH_ATTENTION_UNAVAILABLE)
    default: return CInt(FLASH_ATTENTION_BAD_ARGUMENT)
    }
  }
}

/// Writes as many whole characters of a text as fit, and a zero byte.
private func write(_ text: String, to message: UnsafeMutablePointer<CChar>?, _ capacity: Int) {
  guard let message, capacity > 0 else { return }
  var count = 0
  for character in text {
    let bytes = character.utf8
    guard count + bytes.count < capacity else { break }
    for byte in bytes {
      message[count] = CChar(bitPattern: byte)
      count += 1
    }
  }
  message[count] = 0
}

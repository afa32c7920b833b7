import Tensors
import Testing

@testable import CUDADriver

@Suite("A tensor map is checked before the driver sees it")
struct TensorMapTests {
  /// A bf16 tensor of 2 × 8 heads × 1000 rows × 128, and a box of 64 columns of 128 rows.
  static let valid = TensorMapDescription(
    element: .bfloat16, address: DevicePointer(rawValue: 0x1000), sizes: [128, 1000, 8, 2],
    strides: [256, 256_000, 2_048_000], box: [64, 128, 1, 1], swizzle: .bytes128, promotion: .bytes128)

  private static func changed(_ change: (inout TensorMapDescription) -> Void) -> TensorMapDescription {
    var description = valid
    change(&description)
    return description
  }

  @Test("A valid description is encoded, and the mock gets it back from the bytes")
  func roundTrip() throws {
    let context = try CUDARuntime.context(of: MockDriver())
    let map = try TensorMap(Self.valid, in: context)
    let bytes = withUnsafeBytes(of: map.encoded) { Array($0) }
    #expect(bytes.count == 128)
    #expect(MockTensorMap.decode(bytes) == Self.valid)
    #expect(MockTensorMap.decode([UInt8](repeating: 0, count: 128)) == nil)
  }

  @Test("Every field survives the mock's encoding")
  func fields() {
    for element in TensorMapDescription.Element.allCases {
      for swizzle in TensorMapDescription.Swizzle.allCases {
        let description = TensorMapDescription(
          element: element, address: DevicePointer(rawValue: 1 << 47), sizes: [1 << 32, 2, 3, 4, 5],
          strides: [16, 32, 48, (1 << 40) - 16], box: [256, 1, 2, 3, 256], elementStrides: [1, 2, 4, 8, 1],
          swizzle: swizzle, promotion: .bytes256, fill: .nan)
        let bytes = withUnsafeBytes(of: MockTensorMap.encode(description)) { Array($0) }
        #expect(MockTensorMap.decode(bytes) == description)
      }
    }
  }

  @Test(
    "A field that the driver would refuse is named",
    arguments: [
      (changed { $0.address = DevicePointer(rawValue: 0x1008) }, "address: was 0x1008, expected a multiple of 16"),
      (changed { $0.address = DevicePointer(rawValue: 0) }, "address: was 0x0, expected a multiple of 16"),
      (changed { $0.sizes = [] }, "sizes: was 0 dimensions, expected 1 to 5 dimensions"),
      (changed { $0.sizes = [1, 1, 1, 1, 1, 1] }, "sizes: was 6 dimensions, expected 1 to 5 dimensions"),
      (changed { $0.strides = [256] }, "strides: was 1 values, expected 3 for 4 dimensions"),
      (changed { $0.box = [64] }, "box: was 1 values, expected 4 for 4 dimensions"),
      (changed { $0.elementStrides = [1] }, "elementStrides: was 1 values, expected 4 for 4 dimensions"),
      (changed { $0.sizes[1] = 0 }, "sizes[1]: was 0, expected 1 to 2^32"),
      (changed { $0.sizes[3] = 1 << 33 }, "sizes[3]: was 8589934592, expected 1 to 2^32"),
      (changed { $0.strides[1] = 40 }, "strides[1]: was 40, expected a positive multiple of 16 below 2^40"),
      (
        changed { $0.strides[2] = 1 << 40 },
        "strides[2]: was 1099511627776, expected a positive multiple of 16 below 2^40"
      ),
      (changed { $0.strides[0] = 0 }, "strides[0]: was 0, expected a positive multiple of 16 below 2^40"),
      (changed { $0.box[1] = 257 }, "box[1]: was 257, expected 1 to 256"),
      (changed { $0.box[2] = 0 }, "box[2]: was 0, expected 1 to 256"),
      (changed { $0.box[0] = 4 }, "box[0]: was 8 bytes, expected a multiple of 16 bytes"),
      (changed { $0.box[0] = 72 }, "box[0]: was 144 bytes, expected at most the swizzle's 128 bytes"),
      (changed { $0.swizzle = .bytes64 }, "box[0]: was 128 bytes, expected at most the swizzle's 64 bytes"),
      (changed { $0.elementStrides[1] = 9 }, "elementStrides[1]: was 9, expected 1 to 8"),
      (
        changed {
          $0.element = .uint16
          $0.fill = .nan
        }, "fill: was nan, expected zero for elements of type uint16"
      ),
    ])
  func refusals(description: TensorMapDescription, text: String) throws {
    let mock = MockDriver()
    let context = try CUDARuntime.context(of: mock)
    #expect(message { _ = try TensorMap(description, in: context) } == "tensor map " + text)
    #expect(!mock.calls.contains(.cuTensorMapEncodeTiled))
  }

  @Test("Without a swizzle the innermost box may be as wide as 256 elements")
  func wideBox() throws {
    let context = try CUDARuntime.context(of: MockDriver())
    let description = Self.changed {
      $0.swizzle = .none
      $0.box[0] = 128
    }
    #expect(message { _ = try TensorMap(description, in: context) } == nil)
  }

  @Test(
    "A device or driver without tensor maps is named",
    arguments: [
      (MockDevice.ampere, DriverVersion(12, 4), "8.0", "12.4"), (.hopper, DriverVersion(11, 8), "9.0", "11.8"),
    ])
  func unsupported(device: MockDevice, version: DriverVersion, capability: String, driver: String) throws {
    let context = try CUDARuntime.context(of: MockDriver(devices: [device], version: version))
    #expect(
      message { _ = try TensorMap(Self.valid, in: context) }
        == "tensor maps is not available: CUDA device 0 (\(device.name)) has compute capability \(capability) and a "
        + "driver of CUDA \(driver); 9.0 and 12.0 are needed")
  }
}

/// The driver's names for the statuses that a mock is told to fail with.
enum MockStatusNames {
  static let names: [DriverStatus: String] = [
    .invalidValue: "CUDA_ERROR_INVALID_VALUE",
    .outOfMemory: "CUDA_ERROR_OUT_OF_MEMORY",
    .notInitialized: "CUDA_ERROR_NOT_INITIALIZED",
    .noDevice: "CUDA_ERROR_NO_DEVICE",
    .invalidContext: "CUDA_ERROR_INVALID_CONTEXT",
    .noBinaryForDevice: "CUDA_ERROR_NO_BINARY_FOR_GPU",
    .invalidPTX: "CUDA_ERROR_INVALID_PTX",
    .unsupportedPTXVersion: "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
    .invalidHandle: "CUDA_ERROR_INVALID_HANDLE",
    .notFound: "CUDA_ERROR_NOT_FOUND",
    .illegalAddress: "CUDA_ERROR_ILLEGAL_ADDRESS",
    .launchOutOfResources: "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
    .launchTimeout: "CUDA_ERROR_LAUNCH_TIMEOUT",
    .launchFailed: "CUDA_ERROR_LAUNCH_FAILED",
    .notSupported: "CUDA_ERROR_NOT_SUPPORTED",
    .invalidClusterSize: "CUDA_ERROR_INVALID_CLUSTER_SIZE",
  ]
}

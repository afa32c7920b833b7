/// An entry point of the driver that this package calls, by the driver's own name.
public enum EntryPoint: String, CaseIterable, Hashable, Sendable {
  case cuInit
  case cuDriverGetVersion
  case cuGetErrorName
  case cuGetErrorString
  case cuDeviceGetCount
  case cuDeviceGet
  case cuDeviceGetName
  case cuDeviceGetUuid
  case cuDeviceGetAttribute
  case cuDeviceTotalMem
  case cuDevicePrimaryCtxRetain
  case cuDevicePrimaryCtxRelease
  case cuCtxGetCurrent
  case cuCtxSetCurrent
  case cuModuleLoadDataEx
  case cuModuleUnload
  case cuModuleGetFunction
  case cuFuncGetAttribute
  case cuFuncSetAttribute
  case cuLaunchKernelEx
  case cuTensorMapEncodeTiled
  case cuMemAllocAsync
  case cuMemFreeAsync
  case cuMemHostAlloc
  case cuMemFreeHost
  case cuMemcpyHtoDAsync
  case cuMemcpyDtoHAsync
  case cuMemcpyDtoDAsync
  case cuMemsetD8Async
  case cuPointerGetAttribute
  case cuStreamCreate
  case cuStreamDestroy
  case cuStreamSynchronize
  case cuStreamQuery
  case cuStreamWaitEvent
  case cuEventCreate
  case cuEventDestroy
  case cuEventRecord
  case cuEventSynchronize
  case cuEventElapsedTime

  /// The version of the driver that introduced the form of this entry point that is declared in `CUDAInterface`.
  ///
  /// The driver keeps every form that an entry point ever had and returns the newest that is not newer than the version
  /// asked for, so the version asked for must be exactly that of the declaration.
  public var version: DriverVersion {
    switch self {
    case .cuInit, .cuDeviceGetCount, .cuDeviceGet, .cuDeviceGetName, .cuDeviceGetAttribute, .cuModuleUnload,
      .cuModuleGetFunction, .cuMemFreeHost, .cuStreamCreate, .cuStreamSynchronize, .cuStreamQuery, .cuEventCreate,
      .cuEventRecord, .cuEventSynchronize, .cuEventElapsedTime:
      DriverVersion(2, 0)
    case .cuModuleLoadDataEx:
      DriverVersion(2, 1)
    case .cuDriverGetVersion, .cuFuncGetAttribute, .cuMemHostAlloc:
      DriverVersion(2, 2)
    case .cuDeviceTotalMem, .cuMemcpyHtoDAsync, .cuMemcpyDtoHAsync, .cuMemcpyDtoDAsync, .cuMemsetD8Async,
      .cuStreamWaitEvent:
      DriverVersion(3, 2)
    case .cuCtxGetCurrent, .cuCtxSetCurrent, .cuPointerGetAttribute, .cuStreamDestroy, .cuEventDestroy:
      DriverVersion(4, 0)
    case .cuGetErrorName, .cuGetErrorString:
      DriverVersion(6, 0)
    case .cuDevicePrimaryCtxRetain:
      DriverVersion(7, 0)
    case .cuFuncSetAttribute:
      DriverVersion(9, 0)
    case .cuDevicePrimaryCtxRelease:
      DriverVersion(11, 0)
    case .cuMemAllocAsync, .cuMemFreeAsync:
      DriverVersion(11, 2)
    case .cuDeviceGetUuid:
      DriverVersion(11, 4)
    case .cuLaunchKernelEx:
      DriverVersion(11, 6)
    case .cuTensorMapEncodeTiled:
      DriverVersion(12, 0)
    }
  }
}

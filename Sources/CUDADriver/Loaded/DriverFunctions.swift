import CUDAInterface

/// The addresses of the driver's entry points, each looked up once when the driver is opened.
struct DriverFunctions {
  let cuInit: DriverFunction_cuInit
  let cuGetErrorName: DriverFunction_cuGetErrorName
  let cuGetErrorString: DriverFunction_cuGetErrorString
  let cuDeviceGetCount: DriverFunction_cuDeviceGetCount
  let cuDeviceGet: DriverFunction_cuDeviceGet
  let cuDeviceGetName: DriverFunction_cuDeviceGetName
  let cuDeviceGetUuid: DriverFunction_cuDeviceGetUuid
  let cuDeviceGetAttribute: DriverFunction_cuDeviceGetAttribute
  let cuDeviceTotalMem: DriverFunction_cuDeviceTotalMem
  let cuDevicePrimaryCtxRetain: DriverFunction_cuDevicePrimaryCtxRetain
  let cuDevicePrimaryCtxRelease: DriverFunction_cuDevicePrimaryCtxRelease
  let cuCtxGetCurrent: DriverFunction_cuCtxGetCurrent
  let cuCtxSetCurrent: DriverFunction_cuCtxSetCurrent
  let cuModuleLoadDataEx: DriverFunction_cuModuleLoadDataEx
  let cuModuleUnload: DriverFunction_cuModuleUnload
  let cuModuleGetFunction: DriverFunction_cuModuleGetFunction
  let cuFuncGetAttribute: DriverFunction_cuFuncGetAttribute
  let cuFuncSetAttribute: DriverFunction_cuFuncSetAttribute
  let cuLaunchKernelEx: DriverFunction_cuLaunchKernelEx
  /// Absent before 12.0, whose devices of compute capability 9.0 then run `sm_80` text.
  let cuTensorMapEncodeTiled: DriverFunction_cuTensorMapEncodeTiled?
  let cuMemAllocAsync: DriverFunction_cuMemAllocAsync
  let cuMemFreeAsync: DriverFunction_cuMemFreeAsync
  let cuMemHostAlloc: DriverFunction_cuMemHostAlloc
  let cuMemFreeHost: DriverFunction_cuMemFreeHost
  let cuMemcpyHtoDAsync: DriverFunction_cuMemcpyHtoDAsync
  let cuMemcpyDtoHAsync: DriverFunction_cuMemcpyDtoHAsync
  let cuMemcpyDtoDAsync: DriverFunction_cuMemcpyDtoDAsync
  let cuMemsetD8Async: DriverFunction_cuMemsetD8Async
  let cuPointerGetAttribute: DriverFunction_cuPointerGetAttribute
  let cuStreamCreate: DriverFunction_cuStreamCreate
  let cuStreamDestroy: DriverFunction_cuStreamDestroy
  let cuStreamSynchronize: DriverFunction_cuStreamSynchronize
  let cuStreamQuery: DriverFunction_cuStreamQuery
  let cuStreamWaitEvent: DriverFunction_cuStreamWaitEvent
  let cuEventCreate: DriverFunction_cuEventCreate
  let cuEventDestroy: DriverFunction_cuEventDestroy
  let cuEventRecord: DriverFunction_cuEventRecord
  let cuEventSynchronize: DriverFunction_cuEventSynchronize
  let cuEventElapsedTime: DriverFunction_cuEventElapsedTime

  /// Looks every entry point up; throws the name of the first that is missing.
  init(_ library: DriverLibrary) throws(DriverRefusal) {
    cuInit = try library.address(of: .cuInit, as: DriverFunction_cuInit.self)
    cuGetErrorName = try library.address(of: .cuGetErrorName, as: DriverFunction_cuGetErrorName.self)
    cuGetErrorString = try library.address(of: .cuGetErrorString, as: DriverFunction_cuGetErrorString.self)
    cuDeviceGetCount = try library.address(of: .cuDeviceGetCount, as: DriverFunction_cuDeviceGetCount.self)
    cuDeviceGet = try library.address(of: .cuDeviceGet, as: DriverFunction_cuDeviceGet.self)
    cuDeviceGetName = try library.address(of: .cuDeviceGetName, as: DriverFunction_cuDeviceGetName.self)
    cuDeviceGetUuid = try library.address(of: .cuDeviceGetUuid, as: DriverFunction_cuDeviceGetUuid.self)
    cuDeviceGetAttribute = try library.address(of: .cuDeviceGetAttribute, as: DriverFunction_cuDeviceGetAttribute.self)
    cuDeviceTotalMem = try library.address(of: .cuDeviceTotalMem, as: DriverFunction_cuDeviceTotalMem.self)
    cuDevicePrimaryCtxRetain = try library.address(
      of: .cuDevicePrimaryCtxRetain, as: DriverFunction_cuDevicePrimaryCtxRetain.self)
    cuDevicePrimaryCtxRelease = try library.address(
      of: .cuDevicePrimaryCtxRelease, as: DriverFunction_cuDevicePrimaryCtxRelease.self)
    cuCtxGetCurrent = try library.address(of: .cuCtxGetCurrent, as: DriverFunction_cuCtxGetCurrent.self)
    cuCtxSetCurrent = try library.address(of: .cuCtxSetCurrent, as: DriverFunction_cuCtxSetCurrent.self)
    cuModuleLoadDataEx = try library.address(of: .cuModuleLoadDataEx, as: DriverFunction_cuModuleLoadDataEx.self)
    cuModuleUnload = try library.address(of: .cuModuleUnload, as: DriverFunction_cuModuleUnload.self)
    cuModuleGetFunction = try library.address(of: .cuModuleGetFunction, as: DriverFunction_cuModuleGetFunction.self)
    cuFuncGetAttribute = try library.address(of: .cuFuncGetAttribute, as: DriverFunction_cuFuncGetAttribute.self)
    cuFuncSetAttribute = try library.address(of: .cuFuncSetAttribute, as: DriverFunction_cuFuncSetAttribute.self)
    cuLaunchKernelEx = try library.address(of: .cuLaunchKernelEx, as: DriverFunction_cuLaunchKernelEx.self)
    cuTensorMapEncodeTiled =
      if library.version >= EntryPoint.cuTensorMapEncodeTiled.version {
        try library.address(of: .cuTensorMapEncodeTiled, as: DriverFunction_cuTensorMapEncodeTiled.self)
      } else {
        nil
      }
    cuMemAllocAsync = try library.address(of: .cuMemAllocAsync, as: DriverFunction_cuMemAllocAsync.self)
    cuMemFreeAsync = try library.address(of: .cuMemFreeAsync, as: DriverFunction_cuMemFreeAsync.self)
    cuMemHostAlloc = try library.address(of: .cuMemHostAlloc, as: DriverFunction_cuMemHostAlloc.self)
    cuMemFreeHost = try library.address(of: .cuMemFreeHost, as: DriverFunction_cuMemFreeHost.self)
    cuMemcpyHtoDAsync = try library.address(of: .cuMemcpyHtoDAsync, as: DriverFunction_cuMemcpyHtoDAsync.self)
    cuMemcpyDtoHAsync = try library.address(of: .cuMemcpyDtoHAsync, as: DriverFunction_cuMemcpyDtoHAsync.self)
    cuMemcpyDtoDAsync = try library.address(of: .cuMemcpyDtoDAsync, as: DriverFunction_cuMemcpyDtoDAsync.self)
    cuMemsetD8Async = try library.address(of: .cuMemsetD8Async, as: DriverFunction_cuMemsetD8Async.self)
    cuPointerGetAttribute = try library.address(
      of: .cuPointerGetAttribute, as: DriverFunction_cuPointerGetAttribute.self)
    cuStreamCreate = try library.address(of: .cuStreamCreate, as: DriverFunction_cuStreamCreate.self)
    cuStreamDestroy = try library.address(of: .cuStreamDestroy, as: DriverFunction_cuStreamDestroy.self)
    cuStreamSynchronize = try library.address(of: .cuStreamSynchronize, as: DriverFunction_cuStreamSynchronize.self)
    cuStreamQuery = try library.address(of: .cuStreamQuery, as: DriverFunction_cuStreamQuery.self)
    cuStreamWaitEvent = try library.address(of: .cuStreamWaitEvent, as: DriverFunction_cuStreamWaitEvent.self)
    cuEventCreate = try library.address(of: .cuEventCreate, as: DriverFunction_cuEventCreate.self)
    cuEventDestroy = try library.address(of: .cuEventDestroy, as: DriverFunction_cuEventDestroy.self)
    cuEventRecord = try library.address(of: .cuEventRecord, as: DriverFunction_cuEventRecord.self)
    cuEventSynchronize = try library.address(of: .cuEventSynchronize, as: DriverFunction_cuEventSynchronize.self)
    cuEventElapsedTime = try library.address(of: .cuEventElapsedTime, as: DriverFunction_cuEventElapsedTime.self)
  }
}

#ifndef CUDA_INTERFACE_DRIVER_FUNCTIONS_H
#define CUDA_INTERFACE_DRIVER_FUNCTIONS_H

#include "DriverLaunch.h"
#include "DriverTensorMap.h"
#include "DriverTypes.h"

// The types of the driver's entry points that are used, each in the version that EntryPoint.swift asks for.

// Looking entry points up: the form of 11.3 and the form of 12.0, which also reports why a name was not found.
typedef DriverResult (*DriverFunction_cuGetProcAddress)(
    const char *name, void **function, int32_t version, uint64_t flags);
typedef DriverResult (*DriverFunction_cuGetProcAddress_v2)(
    const char *name, void **function, int32_t version, uint64_t flags, uint32_t *outcome);

// The driver itself.
typedef DriverResult (*DriverFunction_cuInit)(uint32_t flags);
typedef DriverResult (*DriverFunction_cuDriverGetVersion)(int32_t *version);
typedef DriverResult (*DriverFunction_cuGetErrorName)(DriverResult status, const char **text);
typedef DriverResult (*DriverFunction_cuGetErrorString)(DriverResult status, const char **text);

// Devices.
typedef DriverResult (*DriverFunction_cuDeviceGetCount)(int32_t *count);
typedef DriverResult (*DriverFunction_cuDeviceGet)(DriverDevice *device, int32_t ordinal);
typedef DriverResult (*DriverFunction_cuDeviceGetName)(char *name, int32_t capacity, DriverDevice device);
typedef DriverResult (*DriverFunction_cuDeviceGetUuid)(DriverIdentifier *identifier, DriverDevice device);
typedef DriverResult (*DriverFunction_cuDeviceGetAttribute)(int32_t *value, uint32_t attribute, DriverDevice device);
typedef DriverResult (*DriverFunction_cuDeviceTotalMem)(size_t *bytes, DriverDevice device);

// Contexts.
typedef DriverResult (*DriverFunction_cuDevicePrimaryCtxRetain)(DriverHandle *context, DriverDevice device);
typedef DriverResult (*DriverFunction_cuDevicePrimaryCtxRelease)(DriverDevice device);
typedef DriverResult (*DriverFunction_cuCtxGetCurrent)(DriverHandle *context);
typedef DriverResult (*DriverFunction_cuCtxSetCurrent)(DriverHandle context);

// Modules and functions.
typedef DriverResult (*DriverFunction_cuModuleLoadDataEx)(
    DriverHandle *module, const void *image, uint32_t optionCount, uint32_t *options, void **values);
typedef DriverResult (*DriverFunction_cuModuleUnload)(DriverHandle module);
typedef DriverResult (*DriverFunction_cuModuleGetFunction)(
    DriverHandle *function, DriverHandle module, const char *name);
typedef DriverResult (*DriverFunction_cuFuncGetAttribute)(int32_t *value, uint32_t attribute, DriverHandle function);
typedef DriverResult (*DriverFunction_cuFuncSetAttribute)(DriverHandle function, uint32_t attribute, int32_t value);
typedef DriverResult (*DriverFunction_cuLaunchKernelEx)(
    const DriverLaunchConfiguration *configuration, DriverHandle function, void **parameters, void **extra);
typedef DriverResult (*DriverFunction_cuTensorMapEncodeTiled)(
    DriverTensorMap *map, uint32_t elementType, uint32_t rank, void *address, const uint64_t *sizes,
    const uint64_t *strides, const uint32_t *box, const uint32_t *elementStrides, uint32_t interleave,
    uint32_t swizzle, uint32_t promotion, uint32_t fill);

// Memory.
typedef DriverResult (*DriverFunction_cuMemAllocAsync)(DriverAddress *address, size_t bytes, DriverHandle stream);
typedef DriverResult (*DriverFunction_cuMemFreeAsync)(DriverAddress address, DriverHandle stream);
typedef DriverResult (*DriverFunction_cuMemHostAlloc)(void **address, size_t bytes, uint32_t flags);
typedef DriverResult (*DriverFunction_cuMemFreeHost)(void *address);
typedef DriverResult (*DriverFunction_cuMemcpyHtoDAsync)(
    DriverAddress target, const void *source, size_t bytes, DriverHandle stream);
typedef DriverResult (*DriverFunction_cuMemcpyDtoHAsync)(
    void *target, DriverAddress source, size_t bytes, DriverHandle stream);
typedef DriverResult (*DriverFunction_cuMemcpyDtoDAsync)(
    DriverAddress target, DriverAddress source, size_t bytes, DriverHandle stream);
typedef DriverResult (*DriverFunction_cuMemsetD8Async)(
    DriverAddress target, uint8_t byte, size_t count, DriverHandle stream);
typedef DriverResult (*DriverFunction_cuPointerGetAttribute)(void *value, uint32_t attribute, DriverAddress address);

// Streams and events.
typedef DriverResult (*DriverFunction_cuStreamCreate)(DriverHandle *stream, uint32_t flags);
typedef DriverResult (*DriverFunction_cuStreamDestroy)(DriverHandle stream);
typedef DriverResult (*DriverFunction_cuStreamSynchronize)(DriverHandle stream);
typedef DriverResult (*DriverFunction_cuStreamQuery)(DriverHandle stream);
typedef DriverResult (*DriverFunction_cuStreamWaitEvent)(DriverHandle stream, DriverHandle event, uint32_t flags);
typedef DriverResult (*DriverFunction_cuEventCreate)(DriverHandle *event, uint32_t flags);
typedef DriverResult (*DriverFunction_cuEventDestroy)(DriverHandle event);
typedef DriverResult (*DriverFunction_cuEventRecord)(DriverHandle event, DriverHandle stream);
typedef DriverResult (*DriverFunction_cuEventSynchronize)(DriverHandle event);
typedef DriverResult (*DriverFunction_cuEventElapsedTime)(float *milliseconds, DriverHandle start, DriverHandle end);

#endif

#ifndef CUDA_INTERFACE_DRIVER_TYPES_H
#define CUDA_INTERFACE_DRIVER_TYPES_H

#include <stddef.h>
#include <stdint.h>

// Plain C types of NVIDIA's driver interface, under names of our own so that they never meet the vendor's header in one
// program. Enumerations travel as their 32-bit values; the values themselves are listed once, in Swift.

/// A status (CUresult): 0 is success.
typedef uint32_t DriverResult;

/// A device's number (CUdevice).
typedef int32_t DriverDevice;

/// An address in the memory of a device (CUdeviceptr, second version).
typedef uint64_t DriverAddress;

/// An opaque pointer that the driver hands out (CUcontext, CUmodule, CUfunction, CUstream, CUevent), as its bits: an
/// integer of a pointer's size is passed exactly as the pointer is, and may cross threads.
typedef uintptr_t DriverHandle;

/// The 16 bytes that identify a device (CUuuid).
typedef struct {
  uint8_t bytes[16];
} DriverIdentifier;

_Static_assert(sizeof(void *) == 8, "the driver interface is declared for 64-bit hosts only");
_Static_assert(sizeof(DriverIdentifier) == 16, "CUuuid has 16 bytes");

#endif

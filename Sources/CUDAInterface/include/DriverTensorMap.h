#ifndef CUDA_INTERFACE_DRIVER_TENSOR_MAP_H
#define CUDA_INTERFACE_DRIVER_TENSOR_MAP_H

#include "DriverTypes.h"

/// An encoded tensor map (CUtensorMap): 128 bytes that only the driver and the hardware read.
///
/// The driver asks for an address that is a multiple of 64. The type does not carry that alignment, because Swift does
/// not keep it for values; whoever hands one to the driver places it.
typedef struct {
  uint64_t words[16];
} DriverTensorMap;

_Static_assert(sizeof(DriverTensorMap) == 128, "CUtensorMap has 128 bytes");

#endif

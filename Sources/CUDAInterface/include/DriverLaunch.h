#ifndef CUDA_INTERFACE_DRIVER_LAUNCH_H
#define CUDA_INTERFACE_DRIVER_LAUNCH_H

#include "DriverTypes.h"

/// Three extents, as the cluster dimension of a launch attribute holds them.
typedef struct {
  uint32_t x;
  uint32_t y;
  uint32_t z;
} DriverExtent;

/// The value of a launch attribute (CUlaunchAttributeValue): 64 bytes, of which we write the members below.
typedef union {
  uint64_t words[8];
  DriverExtent clusterDimension;
  int32_t programmaticStreamSerializationAllowed;
} DriverLaunchAttributeValue;

/// One attribute of a launch (CUlaunchAttribute): the attribute's number, padded to 8 bytes, and its value.
typedef struct {
  uint32_t identifier;
  uint32_t padding;
  DriverLaunchAttributeValue value;
} DriverLaunchAttribute;

/// Where and how large a kernel runs (CUlaunchConfig).
typedef struct {
  uint32_t gridX;
  uint32_t gridY;
  uint32_t gridZ;
  uint32_t blockX;
  uint32_t blockY;
  uint32_t blockZ;
  uint32_t sharedBytes;
  DriverHandle stream;
  DriverLaunchAttribute *attributes;
  uint32_t attributeCount;
} DriverLaunchConfiguration;

_Static_assert(sizeof(DriverLaunchAttributeValue) == 64, "CUlaunchAttributeValue has 64 bytes");
_Static_assert(offsetof(DriverLaunchAttribute, value) == 8, "the value follows 8 bytes of number and padding");
_Static_assert(sizeof(DriverLaunchAttribute) == 72, "CUlaunchAttribute has 72 bytes");
_Static_assert(offsetof(DriverLaunchConfiguration, blockX) == 12, "the block follows the grid");
_Static_assert(offsetof(DriverLaunchConfiguration, sharedBytes) == 24, "shared memory follows the block");
_Static_assert(offsetof(DriverLaunchConfiguration, stream) == 32, "the stream is aligned to 8 bytes");
_Static_assert(offsetof(DriverLaunchConfiguration, attributes) == 40, "the attributes follow the stream");
_Static_assert(offsetof(DriverLaunchConfiguration, attributeCount) == 48, "their count is last");
_Static_assert(sizeof(DriverLaunchConfiguration) == 56, "CUlaunchConfig has 56 bytes");

#endif

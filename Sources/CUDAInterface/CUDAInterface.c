// The target is headers only; the build system asks for one source file.
#include "DriverFunctions.h"

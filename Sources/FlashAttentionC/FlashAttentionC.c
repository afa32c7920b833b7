// The target is a header only; the build system asks for one source file.
#include "flash_attention.h"

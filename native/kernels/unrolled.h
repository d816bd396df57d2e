#pragma once

// GCC keeps an array in registers only where the loops over it are gone early; Clang does so by itself.
#if defined(__clang__)
#define UNROLLED
#else
#define UNROLLED _Pragma("GCC unroll 16")
#endif

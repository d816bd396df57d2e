// CRC-32C (Castagnoli), the checksum of iSCSI (RFC 3720, appendix B.4) and of ext4: finds every change of
// up to 32 neighbouring bits, and any other but for one in four billion.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace likeness {

// Takes up a checksum where the last call left it: crc32c(crc32c(0, a), b) is the checksum of a and b.
using Crc32cFn = std::uint32_t (*)(std::uint32_t crc, const void* data, std::size_t size);

std::uint32_t crc32c(std::uint32_t crc, const void* data, std::size_t size);

struct Crc32cKernel {
  const char* name;
  Crc32cFn run;
};
// Every way this CPU has, best first; the last is the portable one. `crc32c` takes the first.
const std::vector<Crc32cKernel>& crc32c_kernels();

}  // namespace likeness

#include "crc32c.h"

#include <array>
#include <cstring>
#if defined(__x86_64__)
#include <nmmintrin.h>
#define LIKENESS_CRC __attribute__((target("sse4.2")))
#elif defined(__aarch64__)
#include <arm_acle.h>
#if defined(__clang__)
#define LIKENESS_CRC __attribute__((target("crc")))
#else
#define LIKENESS_CRC __attribute__((target("+crc")))
#endif
#if defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif
#endif

namespace likeness {
namespace {

// The polynomial, its lowest power in the highest bit.
constexpr std::uint32_t kPolynomial = 0x82f63b78u;

using Table = std::array<std::uint32_t, 256>;

// tables[0] takes in a byte; tables[k] does so and k zero bytes after it.
const std::array<Table, 8>& byte_tables() {
  static const std::array<Table, 8> tables = [] {
    std::array<Table, 8> made{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
      std::uint32_t crc = byte;
      for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? (crc >> 1) ^ kPolynomial : crc >> 1;
      made[0][byte] = crc;
    }
    for (std::size_t k = 1; k < made.size(); ++k)
      for (std::size_t byte = 0; byte < 256; ++byte) {
        const std::uint32_t last = made[k - 1][byte];
        made[k][byte] = (last >> 8) ^ made[0][last & 0xff];
      }
    return made;
  }();
  return tables;
}

std::uint64_t word_at(const std::uint8_t* data) {
  std::uint64_t word;
  std::memcpy(&word, data, sizeof word);
  return word;
}

// Eight bytes at a time ("slicing by eight", Kounavis and Berry 2005).
std::uint32_t crc32c_portable(std::uint32_t crc, const void* data, std::size_t size) {
  const auto& tables = byte_tables();
  const auto* at = static_cast<const std::uint8_t*>(data);
  crc = ~crc;
  for (; size >= 8; size -= 8, at += 8) {
    const std::uint64_t word = word_at(at) ^ crc;
    crc = 0;
    for (std::size_t i = 0; i < 8; ++i) crc ^= tables[7 - i][(word >> (8 * i)) & 0xff];
  }
  for (; size > 0; --size) crc = (crc >> 8) ^ tables[0][(crc ^ *at++) & 0xff];
  return ~crc;
}

#if defined(LIKENESS_CRC)
// What many zero bytes make of a checksum: linear, so one table a byte of it.
class Zeros {
 public:
  explicit Zeros(std::size_t bytes) {
    const Table& step = byte_tables()[0];
    std::array<std::uint32_t, 32> of_bit;
    for (std::size_t bit = 0; bit < 32; ++bit) {
      std::uint32_t crc = 1u << bit;
      for (std::size_t i = 0; i < bytes; ++i) crc = (crc >> 8) ^ step[crc & 0xff];
      of_bit[bit] = crc;
    }
    for (std::size_t k = 0; k < 4; ++k)
      for (std::size_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = 0;
        for (std::size_t bit = 0; bit < 8; ++bit)
          if (byte >> bit & 1) crc ^= of_bit[8 * k + bit];
        tables_[k][byte] = crc;
      }
  }
  std::uint32_t operator()(std::uint32_t crc) const {
    return tables_[0][crc & 0xff] ^ tables_[1][crc >> 8 & 0xff] ^ tables_[2][crc >> 16 & 0xff] ^
           tables_[3][crc >> 24];
  }

 private:
  std::array<Table, 4> tables_;
};

#if defined(__x86_64__)
LIKENESS_CRC inline std::uint64_t take_word(std::uint64_t crc, std::uint64_t word) { return _mm_crc32_u64(crc, word); }
LIKENESS_CRC inline std::uint32_t take_byte(std::uint32_t crc, std::uint8_t byte) { return _mm_crc32_u8(crc, byte); }
#else
LIKENESS_CRC inline std::uint64_t take_word(std::uint64_t crc, std::uint64_t word) {
  return __crc32cd(static_cast<std::uint32_t>(crc), word);
}
LIKENESS_CRC inline std::uint32_t take_byte(std::uint32_t crc, std::uint8_t byte) { return __crc32cb(crc, byte); }
#endif

// The instruction gives its result three cycles later but starts every cycle, so three blocks are taken
// in at once and put together as if zeros had followed the earlier ones (Adler's crc32c.c).
constexpr std::size_t kBlock = 2048;

LIKENESS_CRC std::uint32_t crc32c_instruction(std::uint32_t crc, const void* data, std::size_t size) {
  static const Zeros zeros(kBlock);
  const auto* at = static_cast<const std::uint8_t*>(data);
  std::uint64_t a = static_cast<std::uint32_t>(~crc);
  for (; size >= 3 * kBlock; size -= 3 * kBlock, at += 3 * kBlock) {
    std::uint64_t b = 0, c = 0;
    for (std::size_t i = 0; i < kBlock; i += 8) {
      a = take_word(a, word_at(at + i));
      b = take_word(b, word_at(at + kBlock + i));
      c = take_word(c, word_at(at + 2 * kBlock + i));
    }
    a = zeros(static_cast<std::uint32_t>(a)) ^ b;
    a = zeros(static_cast<std::uint32_t>(a)) ^ c;
  }
  for (; size >= 8; size -= 8, at += 8) a = take_word(a, word_at(at));
  auto last = static_cast<std::uint32_t>(a);
  for (; size > 0; --size) last = take_byte(last, *at++);
  return ~last;
}

bool has_instruction() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  return __builtin_cpu_supports("sse4.2");
#elif defined(__linux__)
  return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0;
#else
  // Every Apple computer of this architecture has it.
  return true;
#endif
}
#endif

}  // namespace

const std::vector<Crc32cKernel>& crc32c_kernels() {
  static const std::vector<Crc32cKernel> kernels = [] {
    std::vector<Crc32cKernel> table;
#if defined(LIKENESS_CRC)
    if (has_instruction()) table.push_back({"instruction", crc32c_instruction});
#endif
    table.push_back({"portable", crc32c_portable});
    return table;
  }();
  return kernels;
}

std::uint32_t crc32c(std::uint32_t crc, const void* data, std::size_t size) {
  static const Crc32cFn run = crc32c_kernels().front().run;
  return run(crc, data, size);
}

}  // namespace likeness

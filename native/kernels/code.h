// Dot product of int8 codes: a float vector kept in a quarter of its bytes, good enough to say which
// rows may be among the best and how wrong that can be, never to decide a match.
//
// A row's codes are unsigned (value + 128) and a query's signed, because that is the pair of operands
// AVX-512 VNNI multiplies. Up to kMaxCodeDimension values no sum of products overflows 32 bits.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "encode.h"
#include "panel.h"

namespace likeness {

// sum of (code[i] - 128) * query[i], exactly; query_sum = sum of query[i], as encode_query gives it.
using CodeDotFn = std::int32_t (*)(const std::uint8_t* code, const std::int8_t* query,
                                   std::int32_t query_sum, std::size_t n);

// The same for several codes at once, which need not lie side by side: out[i] is the score of codes[i].
// Rows of a graph, each somewhere in memory: while one is multiplied the next is on its way.
using CodeDotsFn = void (*)(const std::uint8_t* const* codes, const std::int8_t* query,
                            std::int32_t query_sum, std::size_t n, std::size_t count, std::int32_t* out);

std::int32_t code_dot_scalar(const std::uint8_t* code, const std::int8_t* query,
                             std::int32_t query_sum, std::size_t n);
#if defined(__x86_64__)
std::int32_t code_dot_avx2(const std::uint8_t* code, const std::int8_t* query,
                           std::int32_t query_sum, std::size_t n);
std::int32_t code_dot_avx512vnni(const std::uint8_t* code, const std::int8_t* query,
                                 std::int32_t query_sum, std::size_t n);
void code_dots_avx512vnni(const std::uint8_t* const* codes, const std::int8_t* query,
                          std::int32_t query_sum, std::size_t n, std::size_t count, std::int32_t* out);
void code_panel_avx512vnni(const PanelRows& rows, const Panel& panel, const float* bars, std::size_t n,
                           const PanelScores& out);
#elif defined(__aarch64__)
std::int32_t code_dot_neondot(const std::uint8_t* code, const std::int8_t* query,
                              std::int32_t query_sum, std::size_t n);
#endif

// One by one, for kernels that gain nothing from several at once.
template <CodeDotFn dot>
void code_dots(const std::uint8_t* const* codes, const std::int8_t* query, std::int32_t query_sum,
               std::size_t n, std::size_t count, std::int32_t* out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = dot(codes[i], query, query_sum, n);
}

template <CodeDotFn dot>
void code_panel(const PanelRows& rows, const Panel& panel, const float* bars, std::size_t n, const PanelScores& out) {
  for (std::size_t r = 0; r < rows.count; ++r) {
    std::int32_t* const dots = out.dots + r * kPanelQueries;
    std::uint32_t wanted = 0;
    for (std::size_t q = 0; q < kPanelQueries; ++q) {
      dots[q] = dot(rows.codes[r], panel.codes[q], panel.sums[q], n);
      const float most = static_cast<float>(dots[q]) * (panel.scales[q] * rows.scales[r]) +
                         (panel.per_error[q] * rows.errors[r] + panel.rest[q]);
      wanted |= static_cast<std::uint32_t>(!(most < bars[q])) << q;
    }
    out.wanted[r] = static_cast<std::uint16_t>(wanted);
  }
}

struct CodeKernel {
  const char* name;
  CodeDotFn dot;
  CodeDotsFn dots;
  PanelFn panel;
  // Whether this CPU runs it: true for every entry of code_kernels().
  bool supported;
};

// What this CPU can run, best first; the scalar kernel is always the last.
const std::vector<CodeKernel>& code_kernels();

}  // namespace likeness

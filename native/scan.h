// What a kernel is used for: many rows against one query. Nothing is checked here and nothing is
// allocated; the binding has checked every pointer, length and ordinal before.
#pragma once
#include <cstddef>
#include <cstdint>

#include "best.h"
#include "coded_scan.h"
#include "kernels/code.h"
#include "kernels/dot.h"

namespace likeness {

// scores[i] = query . row i, for `count` rows laid end to end.
void dot_many(DotFn dot, const float* query, std::size_t dim, const float* rows, std::size_t count,
              float* scores);

// scores[i] = query . row ordinals[i].
void dot_gather(DotFn dot, const float* query, std::size_t dim, const float* rows,
                const std::uint32_t* ordinals, std::size_t count, float* scores);

// Fills `best` with the rows of highest score among those with live[i] != 0 and score >= floor;
// of equal scores the lower ordinal is better. Returns how many. A NaN score is never found.
std::size_t top_k(DotFn dot, const float* query, std::size_t dim, const float* rows,
                  const std::uint8_t* live, std::size_t count, double floor, Best best);

// The kernels one scan uses.
struct CodedScan {
  DotFn dot;
  CodeDotFn code_dot;
  CodeDotsFn code_dots;
  PanelFn code_panel;
};

// The products of rows' codes with the two codes of a query, for sift_coded.
struct Products {
  const CodedScan& kernels;
  const std::int8_t* first_codes;
  const std::int8_t* second_codes;
  const CodedQuery& query;
  std::size_t dim;
  std::int32_t first(const std::uint8_t* code) const {
    return kernels.code_dot(code, first_codes, query.first.sum, dim);
  }
  void first(const std::uint8_t* const* codes, std::size_t count, std::int32_t* dots) const {
    kernels.code_dots(codes, first_codes, query.first.sum, dim, count, dots);
  }
  std::int32_t second(const std::uint8_t* code) const {
    return kernels.code_dot(code, second_codes, query.second.sum, dim);
  }
};

// Exactly what top_k finds in `floats`, reading those only of rows whose codes leave a doubt.
// `dim` is at most kMaxCodeDimension.
std::size_t top_k_coded(const CodedScan& kernels, const float* query, std::size_t dim,
                        const float* floats, const CodedRows& rows, double floor, Best best);

}  // namespace likeness

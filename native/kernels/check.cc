// Holds every kernel that a machine can run to the scalar ones and to sums in double, without Node: for instruction sets
// that no machine at hand has, under an emulator (check.sh).
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include "../all_pairs.h"
#include "../coded_scan.h"
#include "../kernel_set.h"

namespace {

using namespace likeness;

// Scores of unit vectors may be this far from the double sum.
constexpr double kTolerance = 3e-7;

int failures = 0;

void expect(bool holds, const char* what, const char* kernel, std::size_t dim) {
  if (holds) return;
  std::fprintf(stderr, "%s of %s is wrong at dimension %zu\n", what, kernel, dim);
  if (++failures == 20) std::exit(1);
}

std::vector<float> units(std::mt19937& random, std::size_t count, std::size_t dim) {
  std::normal_distribution<float> normal;
  std::vector<float> rows(count * dim);
  for (std::size_t i = 0; i < count; ++i) {
    double squared = 0;
    for (std::size_t k = 0; k < dim; ++k) {
      rows[i * dim + k] = normal(random);
      squared += static_cast<double>(rows[i * dim + k]) * rows[i * dim + k];
    }
    for (std::size_t k = 0; k < dim; ++k) rows[i * dim + k] /= static_cast<float>(std::sqrt(squared));
  }
  return rows;
}

void check_dots(const KernelSet& set, const std::vector<float>& rows, std::size_t dim) {
  // Not aligned.
  std::vector<float> moved(dim + 1);
  std::memcpy(moved.data() + 1, rows.data(), dim * sizeof(float));
  for (std::size_t i = 0; (i + 1) * dim <= rows.size(); ++i) {
    double exact = 0;
    for (std::size_t k = 0; k < dim; ++k) exact += static_cast<double>(rows[k]) * rows[i * dim + k];
    const double score = static_cast<double>(set.run.dot(moved.data() + 1, rows.data() + i * dim, dim));
    expect(std::fabs(score - exact) < kTolerance, "a dot product", set.name, dim);
  }
}

struct Coded {
  std::vector<std::uint8_t> codes;
  std::vector<float> scales, errors;
  std::vector<const std::uint8_t*> at;

  Coded(const std::vector<float>& rows, std::size_t dim, std::size_t stride) : codes(rows.size() / dim * stride, 128) {
    for (std::size_t i = 0; (i + 1) * dim <= rows.size(); ++i) {
      std::uint8_t* const code = codes.data() + i * stride;
      scales.push_back(encode_row(rows.data() + i * dim, dim, code));
      errors.push_back(code_error(rows.data() + i * dim, code, scales[i], dim));
      at.push_back(code);
    }
  }
};

void check_codes(const KernelSet& set, const std::vector<float>& rows, std::size_t dim) {
  const CodeKernel& scalar = code_kernels().back();
  const std::size_t stride = (dim + 3) / 4 * 4;
  const Coded coded(rows, dim, stride);
  const std::size_t count = coded.at.size();
  std::vector<std::int8_t> codes(count * stride, 0), second(count * stride, 0);
  std::vector<CodedQuery> queries(count);
  std::vector<const CodedQuery*> query_at;
  std::vector<const std::int8_t*> codes_at;
  for (std::size_t q = 0; q < count; ++q) {
    encode(rows.data() + q * dim, dim, codes.data() + q * stride, second.data() + q * stride, queries[q]);
    query_at.push_back(&queries[q]);
    codes_at.push_back(codes.data() + q * stride);
  }
  std::vector<std::int32_t> dots(count), wanted_dots(count);
  for (std::size_t q = 0; q < count; ++q) {
    scalar.dots(coded.at.data(), codes_at[q], queries[q].first.sum, stride, count, wanted_dots.data());
    set.run.code_dots(coded.at.data(), codes_at[q], queries[q].first.sum, stride, count, dots.data());
    expect(dots == wanted_dots, "a product of codes", set.code_name, dim);
    for (std::size_t r = 0; r < count; ++r) {
      const std::int32_t dot = set.run.code_dot(coded.at[r], codes_at[q], queries[q].first.sum, stride);
      expect(dot == wanted_dots[r], "one product of codes", set.code_name, dim);
    }
  }
  for (const std::size_t panelled : {std::size_t{1}, std::size_t{5}, kPanelQueries}) {
    std::vector<std::int8_t> values(kPanelQueries * stride);
    Panel panel;
    fill_panel(query_at.data(), codes_at.data(), panelled, stride, values.data(), panel);
    float bars[kPanelQueries];
    for (std::size_t q = 0; q < kPanelQueries; ++q) bars[q] = q < panelled ? static_cast<float>(q) / 16 - 0.5f : INFINITY;
    std::int32_t out[2][kBlockRows * kPanelQueries];
    std::uint16_t wanted[2][kBlockRows];
    const PanelRows some = {coded.at.data(), coded.scales.data(), coded.errors.data(), std::min(count, kBlockRows)};
    set.run.code_panel(some, panel, bars, stride, {out[0], wanted[0]});
    scalar.panel(some, panel, bars, stride, {out[1], wanted[1]});
    for (std::size_t r = 0; r < some.count; ++r) {
      expect(wanted[0][r] == wanted[1][r], "who wants a row", set.code_name, dim);
      for (std::size_t q = 0; q < kPanelQueries; ++q) {
        const std::size_t place = r * kPanelQueries + q;
        if (wanted[0][r] >> q & 1) expect(out[0][place] == out[1][place], "a score of a panel", set.code_name, dim);
      }
    }
  }
}

void check_tiles(const KernelSet& set, const std::vector<float>& rows, std::size_t dim) {
  const AllRows all = {rows.data(), rows.size() / dim, dim};
  const PairBlock block = {0, all.count, 0, all.count};
  const auto counts = count_pairs(set.tile, all, block, 777);
  expect(counts == count_pairs(kTileScalar, all, block, 777), "the histogram of all pairs", set.tile.name, dim);
}

}  // namespace

int main() {
  std::mt19937 random(1);
  for (const KernelSet& set : kernel_sets()) {
    std::printf("%s with %s codes and %s tiles\n", set.name, set.code_name, set.tile.name);
    for (std::size_t dim = 1; dim <= 1030; dim += dim < 140 ? 1 : 89) {
      const std::vector<float> rows = units(random, 37, dim);
      check_dots(set, rows, dim);
      check_codes(set, rows, dim);
      check_tiles(set, rows, dim);
    }
  }
  return failures == 0 ? 0 : 1;
}

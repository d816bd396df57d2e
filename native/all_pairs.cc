#include "all_pairs.h"

#include <algorithm>
#include <cmath>
#include <memory>

namespace likeness {
namespace {

// How far the float score of a tile may be from the double one: this, and that much of the score's
// magnitude. Not proven but measured, on unit vectors of 64 to 2048 floats, alike, unlike and made to
// cancel: at most 0.83 of it.
constexpr double kTileError = 4e-7, kTileErrorGrowth = 1e-6;

// Counts are kept several times over, so that two pairs of one bin need not wait for each other.
constexpr std::size_t kCopies = 8;

// Columns are packed in groups of this size, which stay in the L2 cache while all row panels meet them.
constexpr std::size_t kGroupFloats = (1 << 19) / sizeof(float);

constexpr std::size_t kLineFloats = 16;

// Floats that begin with a cache line: or else every load of the widest registers would touch two.
class Lines {
 public:
  explicit Lines(std::size_t count) : memory_(count + kLineFloats) {
    void* start = memory_.data();
    std::size_t room = memory_.size() * sizeof(float);
    start_ = static_cast<float*>(
        std::align(kLineFloats * sizeof(float), count * sizeof(float), start, room));
  }

  float* at(std::size_t index) { return start_ + index; }

 private:
  std::vector<float> memory_;
  float* start_;
};

// Packs `width` rows from row `begin` on; rows beyond the last are zeros.
void pack(const AllRows& all, std::size_t begin, std::size_t width, float* panel) {
  const std::size_t rows = begin < all.count ? std::min(width, all.count - begin) : 0;
  const float* first = all.rows + begin * all.dim;
  if (rows < width) std::fill_n(panel, width * all.dim, 0.0f);
  // A few floats of every row at a time: their cache lines are still there for the next.
  for (std::size_t k = 0; k < all.dim; k += kLineFloats) {
    const std::size_t end = std::min(k + kLineFloats, all.dim);
    for (std::size_t at = k; at < end; ++at) {
      for (std::size_t r = 0; r < rows; ++r) panel[at * width + r] = first[r * all.dim + at];
    }
  }
}

double dot_double(const float* a, const float* b, std::size_t dim) {
  // Several sums, so that the compiler may use registers of several numbers.
  double sums[8] = {};
  std::size_t k = 0;
  for (; k + 8 <= dim; k += 8) {
    for (std::size_t lane = 0; lane < 8; ++lane) {
      sums[lane] += static_cast<double>(a[k + lane]) * b[k + lane];
    }
  }
  for (; k < dim; ++k) sums[0] += static_cast<double>(a[k]) * b[k];
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

class Counter {
 public:
  Counter(const TileKernel& kernel, const AllRows& all, const PairBlock& block, std::size_t bins)
      : kernel_(kernel),
        all_(all),
        block_(block),
        bins_(bins),
        binning_{static_cast<float>(bins) / 2, static_cast<std::int32_t>(bins) - 1,
                 // The last term is the rounding of the place itself.
                 static_cast<float>(bins * (kTileError / 2 + 1.0 / (1 << 24))),
                 static_cast<float>(bins * kTileErrorGrowth / 2)},
        counts_(bins * kCopies) {}

  std::vector<std::uint32_t> run() {
    const std::size_t height = kernel_.height, width = kernel_.width, dim = all_.dim;
    const std::size_t tiles = (block_.row_end - block_.row_begin + height - 1) / height;
    const std::size_t panel = width * dim, group = std::max<std::size_t>(1, kGroupFloats / panel);
    Lines rows(tiles * height * dim), columns(group * panel), scores(group * height * width);
    for (std::size_t t = 0; t < tiles; ++t) {
      pack(all_, block_.row_begin + t * height, height, rows.at(t * height * dim));
    }
    for (std::size_t begin = block_.column_begin; begin < block_.column_end; begin += group * width) {
      const std::size_t end = std::min(begin + group * width, block_.column_end);
      // Nothing but pairs whose row comes first is counted.
      if (end <= block_.row_begin + 1) continue;
      for (std::size_t c = begin; c < end; c += width) {
        pack(all_, c, width, columns.at((c - begin) / width * panel));
      }
      for (std::size_t t = 0; t < tiles; ++t) {
        const std::size_t row = block_.row_begin + t * height;
        if (end <= row + 1) break;
        // Panels before this one have no pair whose row comes first.
        const std::size_t skipped = row + 1 > begin ? (row + 1 - begin) / width : 0;
        const std::size_t panels = (end - begin + width - 1) / width - skipped;
        const float* next = t + 1 < tiles ? rows.at((t + 1) * height * dim) : nullptr;
        score(rows.at(t * height * dim), columns.at(skipped * panel), panels, scores.at(0), next);
        for (std::size_t c = 0; c < panels; ++c) {
          count(scores.at(c * height * width), row, begin + (skipped + c) * width);
        }
      }
    }
    for (std::size_t b = 0; b < bins_; ++b) {
      for (std::size_t copy = 1; copy < kCopies; ++copy) counts_[b] += counts_[copy * bins_ + b];
    }
    counts_.resize(bins_);
    return std::move(counts_);
  }

 private:
  // Writes the scores of a row panel with each of `panels` column panels, tile by tile. The row panel after
  // it, `next` or none, comes from beyond the L2 cache: it is asked for meanwhile.
  void score(const float* row, const float* columns, std::size_t panels, float* scores,
             const float* next) {
    const std::size_t height = kernel_.height, width = kernel_.width, dim = all_.dim;
    std::fill_n(scores, panels * height * width, 0.0f);
    for (std::size_t k = 0; k < dim; k += kTileRun) {
      const std::size_t length = std::min(kTileRun, dim - k), share = height * length / panels;
      for (std::size_t c = 0; c < panels; ++c) {
        for (std::size_t i = 0; next != nullptr && i < share; i += kLineFloats) {
          __builtin_prefetch(next + k * height + c * share + i, 0, 2);
        }
        kernel_.add_run(row + k * height, columns + (c * dim + k) * width, length,
                        scores + c * height * width);
      }
    }
  }

  // Counts a tile whose first pair is (row, column).
  void count(const float* scores, std::size_t row, std::size_t column) {
    const std::size_t width = kernel_.width, size = kernel_.height * width;
    const std::size_t doubts = kernel_.bin(scores, size, binning_, found_, doubtful_);
    for (std::size_t d = 0; d < doubts; ++d) {
      const auto at = static_cast<std::size_t>(doubtful_[d]);
      const std::size_t i = row + at / width, j = column + at % width;
      if (wanted(i, j)) found_[at] = exact_bin(i, j);
    }
    const bool whole = row + kernel_.height <= std::min(block_.row_end, column) &&
                       column + width <= block_.column_end;
    if (whole) {
      for (std::size_t at = 0; at < size; at += kCopies) {
        for (std::size_t copy = 0; copy < kCopies; ++copy) {
          ++counts_[copy * bins_ + static_cast<std::size_t>(found_[at + copy])];
        }
      }
      return;
    }
    for (std::size_t at = 0; at < size; ++at) {
      if (wanted(row + at / width, column + at % width)) {
        ++counts_[static_cast<std::size_t>(found_[at])];
      }
    }
  }

  bool wanted(std::size_t row, std::size_t column) const {
    return row < column && row < block_.row_end && column < block_.column_end;
  }

  std::int32_t exact_bin(std::size_t row, std::size_t column) const {
    const double score =
        dot_double(all_.rows + row * all_.dim, all_.rows + column * all_.dim, all_.dim);
    const double place = std::floor((score + 1) * (static_cast<double>(bins_) / 2));
    return static_cast<std::int32_t>(
        std::min(std::max(place, 0.0), static_cast<double>(binning_.last)));
  }

  const TileKernel& kernel_;
  const AllRows& all_;
  const PairBlock& block_;
  const std::size_t bins_;
  const Binning binning_;
  std::vector<std::uint32_t> counts_;
  alignas(64) std::int32_t found_[kMaxTileScores + 16];
  std::int32_t doubtful_[kMaxTileScores + 16];
};

}  // namespace

std::size_t first_not_unit(const AllRows& all, std::size_t begin, std::size_t end) {
  for (std::size_t row = begin; row < end; ++row) {
    const float* floats = all.rows + row * all.dim;
    if (!(dot_double(floats, floats, all.dim) <= kMaxRowLength * kMaxRowLength)) return row;
  }
  return end;
}

std::vector<std::uint32_t> count_pairs(const TileKernel& kernel, const AllRows& all,
                                       const PairBlock& block, std::size_t bins) {
  return Counter(kernel, all, block, bins).run();
}

}  // namespace likeness

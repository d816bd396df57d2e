#include "all_pairs.h"

#include <algorithm>
#include <cmath>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace likeness {
namespace {

// How far the float score of a tile may be from the double one: this, and that much of the score's
// magnitude. Not proven but measured, on unit vectors of 64 to 2048 floats, alike, unlike and made to
// cancel: at most 0.83 of it.
constexpr double kTileError = 4e-7, kTileErrorGrowth = 1e-6;

// Columns are packed in groups of this size, which stay in the L2 cache while all row panels meet them.
constexpr std::size_t kGroupFloats = (1 << 19) / sizeof(float);

constexpr std::size_t kLineFloats = 16;

// Working memory that begins with a cache line, or else every load of the widest registers would touch two,
// and lies in huge pages where the system has them: it is gone through again and again. Undefined contents.
class Scratch {
 public:
  explicit Scratch(std::size_t floats)
      : bytes_((floats * sizeof(float) + kHugePage - 1) / kHugePage * kHugePage),
        next_(static_cast<float*>(::operator new(bytes_, std::align_val_t{kHugePage}))),
        start_(next_) {
#if defined(MADV_HUGEPAGE)
    madvise(start_, bytes_, MADV_HUGEPAGE);
#endif
  }
  ~Scratch() { ::operator delete(start_, std::align_val_t{kHugePage}); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  // What `floats` floats take of it.
  static std::size_t room(std::size_t floats) {
    return (floats + kLineFloats - 1) / kLineFloats * kLineFloats;
  }

  float* take(std::size_t floats) {
    float* const taken = next_;
    next_ += room(floats);
    return taken;
  }

 private:
  static constexpr std::size_t kHugePage = std::size_t{2} << 20;
  const std::size_t bytes_;
  float* next_;
  float* const start_;
};

// Packs `width` rows from row `begin` on; rows beyond the last are zeros.
void pack(const AllRows& all, std::size_t begin, std::size_t width, float* panel) {
  const std::size_t rows = begin < all.count ? std::min(width, all.count - begin) : 0;
  const float* first = all.rows + begin * all.dim;
  if (rows < width) std::fill_n(panel, width * all.dim, 0.0f);
  // A cache line of a few rows at a time: of more rows, whose floats lie a power of two apart, they would
  // drive each other out.
  constexpr std::size_t kRows = 8;
  for (std::size_t r = 0; r < rows; r += kRows) {
    const std::size_t few = std::min(kRows, rows - r);
    for (std::size_t k = 0; k < all.dim; ++k) {
      for (std::size_t i = 0; i < few; ++i) panel[k * width + r + i] = first[(r + i) * all.dim + k];
    }
  }
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
        panel_(kernel.width * all.dim),
        group_(std::max<std::size_t>(1, kGroupFloats / panel_)),
        tile_(kernel.height * kernel.width),
        scratch_(Scratch::room(group_ * panel_) + Scratch::room(group_ * tile_) +
                 Scratch::room(kernel.height * all.dim)),
        columns_(scratch_.take(group_ * panel_)),
        scores_(scratch_.take(group_ * tile_)),
        last_rows_(scratch_.take(kernel.height * all.dim)),
        counts_(bins * kCopies),
        places_(group_ * tile_ + kMaxTileScores + 16),
        next_place_(places_.data()),
        end_place_(places_.data()) {}

  std::vector<std::uint32_t> run() {
    const std::size_t step = group_ * kernel_.width;
    for (std::size_t begin = block_.column_begin; begin < block_.column_end; begin += step) {
      const std::size_t end = std::min(begin + step, block_.column_end);
      // Nothing but pairs whose row comes first is counted.
      if (end <= block_.row_begin + 1) continue;
      for (std::size_t c = begin; c < end; c += kernel_.width) {
        pack(all_, c, kernel_.width, columns_ + (c - begin) / kernel_.width * panel_);
      }
      count_group(begin, end);
    }
    count_places();
    for (std::size_t b = 0; b < bins_; ++b) {
      for (std::size_t copy = 1; copy < kCopies; ++copy) counts_[b] += counts_[copy * bins_ + b];
    }
    counts_.resize(bins_);
    return std::move(counts_);
  }

 private:
  struct Doubt {
    std::uint32_t row, column, place;
  };

  // Counts all rows of the block with the packed columns [begin, end).
  void count_group(std::size_t begin, std::size_t end) {
    const std::size_t height = kernel_.height, width = kernel_.width;
    for (std::size_t row = block_.row_begin; row < block_.row_end && row + 1 < end; row += height) {
      // Panels before this one have no pair whose row comes first.
      const std::size_t skipped = row + 1 > begin ? (row + 1 - begin) / width : 0;
      const std::size_t panels = (end - begin + width - 1) / width - skipped;
      score(row, columns_ + skipped * panel_, panels);
      count_places();
      for (std::size_t c = 0; c < panels; ++c) {
        count(scores_ + c * tile_, row, begin + (skipped + c) * width);
      }
      settle();
    }
  }

  // The rows of a tile, end to end; those beyond the last of all are zeros.
  const float* rows_at(std::size_t row) {
    if (row + kernel_.height <= all_.count) return all_.rows + row * all_.dim;
    const std::size_t floats = (all_.count - row) * all_.dim;
    std::copy_n(all_.rows + row * all_.dim, floats, last_rows_);
    std::fill_n(last_rows_ + floats, kernel_.height * all_.dim - floats, 0.0f);
    return last_rows_;
  }

  // Writes the scores of the rows of a tile with each of `panels` column panels, tile by tile.
  void score(std::size_t row, const float* columns, std::size_t panels) {
    const std::size_t width = kernel_.width, dim = all_.dim;
    const float* const rows = rows_at(row);
    const float* ahead = rows + kernel_.height * dim;
    for (std::size_t k = 0; k < dim; k += kTileRun) {
      const std::size_t length = std::min(kTileRun, dim - k);
      for (std::size_t c = 0; c < panels; ++c) {
        kernel_.add_run({rows + k, dim, columns + (c * dim + k) * width, length, k == 0,
                         take_places(length * kernel_.counts_per_step), counts_.data(), ahead},
                        scores_ + c * tile_);
        ahead += length / kAskEvery * kAskFloats;
      }
    }
  }

  // The next places to be counted, or none where so many are not left.
  const std::uint32_t* take_places(std::size_t count) {
    if (count == 0 || count > static_cast<std::size_t>(end_place_ - next_place_)) return nullptr;
    const std::uint32_t* places = next_place_;
    next_place_ += count;
    return places;
  }

  // Counts the places that no run has taken, and makes room for others.
  void count_places() {
    for (; next_place_ != end_place_; ++next_place_) ++counts_[*next_place_];
    next_place_ = end_place_ = places_.data();
  }

  // Finds the places of a tile whose first pair is (row, column). They are counted with the next tiles'
  // scores, or at once where not all of its pairs are wanted.
  void count(const float* scores, std::size_t row, std::size_t column) {
    const std::size_t width = kernel_.width;
    const std::size_t doubts = kernel_.bin(scores, tile_, binning_, end_place_, doubtful_);
    for (std::size_t d = 0; d < doubts; ++d) {
      const std::size_t at = doubtful_[d];
      note_doubt(row + at / width, column + at % width, end_place_[at]);
    }
    const bool whole = row + kernel_.height <= std::min(block_.row_end, column) &&
                       column + width <= block_.column_end;
    if (whole) {
      end_place_ += tile_;
      return;
    }
    for (std::size_t at = 0; at < tile_; ++at) {
      if (wanted(row + at / width, column + at % width)) ++counts_[end_place_[at]];
    }
  }

  bool wanted(std::size_t row, std::size_t column) const {
    return row < column && row < block_.row_end && column < block_.column_end;
  }

  // A pair whose bin is to be settled later. Its column's row left the caches when it was packed.
  void note_doubt(std::size_t row, std::size_t column, std::uint32_t place) {
    if (!wanted(row, column)) return;
    const float* floats = all_.rows + column * all_.dim;
    for (std::size_t k = 0; k < all_.dim; k += kLineFloats) __builtin_prefetch(floats + k);
    doubts_.push_back({static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(column), place});
  }

  // Moves the doubtful pairs counted since the last call to the bins of their double scores.
  void settle() {
    for (const Doubt& doubt : doubts_) {
      const double score = kernel_.dot(all_.rows + doubt.row * all_.dim,
                                       all_.rows + doubt.column * all_.dim, all_.dim);
      const double place = std::floor((score + 1) * (static_cast<double>(bins_) / 2));
      const double bin = std::min(std::max(place, 0.0), static_cast<double>(binning_.last));
      --counts_[doubt.place];
      ++counts_[static_cast<std::size_t>(bin)];
    }
    doubts_.clear();
  }

  const TileKernel& kernel_;
  const AllRows& all_;
  const PairBlock& block_;
  const std::size_t bins_;
  const Binning binning_;
  // Floats of a packed panel, panels of a group, scores of a tile.
  const std::size_t panel_, group_, tile_;
  Scratch scratch_;
  float *const columns_, *const scores_, *const last_rows_;
  std::vector<std::uint32_t> counts_;
  std::vector<Doubt> doubts_;
  // Places not yet counted are those from next_place_ to end_place_.
  std::vector<std::uint32_t> places_;
  std::uint32_t *next_place_, *end_place_;
  std::uint32_t doubtful_[kMaxTileScores + 16];
};

}  // namespace

std::size_t first_not_unit(const TileKernel& kernel, const AllRows& all, std::size_t begin,
                           std::size_t end) {
  for (std::size_t row = begin; row < end; ++row) {
    const float* floats = all.rows + row * all.dim;
    if (!(kernel.dot(floats, floats, all.dim) <= kMaxRowLength * kMaxRowLength)) return row;
  }
  return end;
}

std::vector<std::uint32_t> count_pairs(const TileKernel& kernel, const AllRows& all,
                                       const PairBlock& block, std::size_t bins) {
  return Counter(kernel, all, block, bins).run();
}

}  // namespace likeness

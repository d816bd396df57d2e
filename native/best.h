// The best rows found so far, in two arrays of the caller's, as a heap whose worst entry stands first:
// it is the one to beat and the one to leave.
#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>

namespace likeness {

// The best rows found, best first; a caller's two arrays of `capacity` each.
struct Best {
  std::uint32_t* ordinals;
  float* scores;
  std::size_t capacity;
};

class BestHeap {
 public:
  // Takes only scores of at least `floor`; a capacity of 0 takes none.
  BestHeap(Best best, double floor) : best_(best), floor_(floor) {}

  // Whether a row of this score, offered after all rows of lower ordinals, would be kept. False for NaN.
  bool takes(double score) const {
    if (!(score >= floor_) || best_.capacity == 0) return false;
    return size_ < best_.capacity || score > best_.scores[0];
  }

  // Rows must come by rising ordinal: of equal scores the lower one stays.
  void offer(float score, std::size_t ordinal) {
    if (!takes(score)) return;
    const bool full = size_ == best_.capacity;
    const std::size_t at = full ? 0 : size_++;
    best_.scores[at] = score;
    best_.ordinals[at] = static_cast<std::uint32_t>(ordinal);
    if (full) {
      sift_down(size_);
    } else {
      sift_up(at);
    }
  }

  // Orders the entries best first, of equal scores the lower ordinal first, and returns their number.
  std::size_t finish() {
    for (std::size_t size = size_; size > 1;) {
      swap(0, --size);
      sift_down(size);
    }
    return size_;
  }

 private:
  bool worse(std::size_t a, std::size_t b) const {
    if (best_.scores[a] != best_.scores[b]) return best_.scores[a] < best_.scores[b];
    return best_.ordinals[a] > best_.ordinals[b];
  }

  void swap(std::size_t a, std::size_t b) {
    std::swap(best_.scores[a], best_.scores[b]);
    std::swap(best_.ordinals[a], best_.ordinals[b]);
  }

  void sift_up(std::size_t at) {
    while (at > 0) {
      const std::size_t parent = (at - 1) / 2;
      if (!worse(at, parent)) return;
      swap(at, parent);
      at = parent;
    }
  }

  void sift_down(std::size_t size) {
    for (std::size_t at = 0;;) {
      std::size_t child = 2 * at + 1;
      if (child >= size) return;
      if (child + 1 < size && worse(child + 1, child)) ++child;
      if (!worse(child, at)) return;
      swap(child, at);
      at = child;
    }
  }

  Best best_;
  double floor_;
  std::size_t size_ = 0;
};

}  // namespace likeness

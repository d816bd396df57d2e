// The best rows found so far, in two arrays of the caller's, as a heap whose worst entry stands first:
// it is the one to beat and the one to leave. Uses no library, so that it is also part of the WebAssembly
// build.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace likeness {

// The best rows found, best first; a caller's two arrays of `capacity` each.
struct Best {
  uint32_t* ordinals;
  float* scores;
  size_t capacity;
};

class BestHeap {
 public:
  // Takes only scores of at least `floor`; a capacity of 0 takes none.
  BestHeap(Best best, double floor) : best_(best), floor_(floor) {}
  BestHeap() : BestHeap({nullptr, nullptr, 0}, 0) {}

  // Whether a row of this score, offered after all rows of lower ordinals, would be kept. False for NaN.
  bool takes(double score) const {
    if (!(score >= floor_) || best_.capacity == 0) return false;
    return size_ < best_.capacity || score > best_.scores[0];
  }

  // Takes only scores of at least this from now on, unless it already asks for more.
  void raise(double floor) {
    if (floor > floor_) floor_ = floor;
  }

  // Rows of a lower score are not kept.
  double bar() const { return full() && best_.scores[0] > floor_ ? best_.scores[0] : floor_; }

  size_t capacity() const { return best_.capacity; }
  bool full() const { return size_ > 0 && size_ == best_.capacity; }
  // The worst of those kept; there is one.
  float worst() const { return best_.scores[0]; }

  // Rows must come by rising ordinal: of equal scores the lower one stays.
  void offer(float score, size_t ordinal) {
    if (!takes(score)) return;
    const bool full = size_ == best_.capacity;
    const size_t at = full ? 0 : size_++;
    best_.scores[at] = score;
    best_.ordinals[at] = static_cast<uint32_t>(ordinal);
    if (full) {
      sift_down(size_);
    } else {
      sift_up(at);
    }
  }

  // Orders the entries best first, of equal scores the lower ordinal first, and returns their number.
  size_t finish() {
    for (size_t size = size_; size > 1;) {
      swap(0, --size);
      sift_down(size);
    }
    return size_;
  }

 private:
  bool worse(size_t a, size_t b) const {
    if (best_.scores[a] != best_.scores[b]) return best_.scores[a] < best_.scores[b];
    return best_.ordinals[a] > best_.ordinals[b];
  }

  void swap(size_t a, size_t b) {
    const float score = best_.scores[a];
    const uint32_t ordinal = best_.ordinals[a];
    best_.scores[a] = best_.scores[b];
    best_.ordinals[a] = best_.ordinals[b];
    best_.scores[b] = score;
    best_.ordinals[b] = ordinal;
  }

  void sift_up(size_t at) {
    while (at > 0) {
      const size_t parent = (at - 1) / 2;
      if (!worse(at, parent)) return;
      swap(at, parent);
      at = parent;
    }
  }

  void sift_down(size_t size) {
    for (size_t at = 0;;) {
      size_t child = 2 * at + 1;
      if (child >= size) return;
      if (child + 1 < size && worse(child + 1, child)) ++child;
      if (!worse(child, at)) return;
      swap(child, at);
      at = child;
    }
  }

  Best best_;
  double floor_;
  size_t size_ = 0;
};

}  // namespace likeness

// Rows of a scan that may be among the best, by what their codes say. Their floats lie where nothing could foresee
// it; they are read in the end, when it is known which few of them still may be.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "../coded_scan.h"

namespace likeness {

// A row that scores `upper` at most.
struct Contender {
  std::uint32_t ordinal;
  double upper;
};

// What has passed so far, in two arrays of the caller's.
class Sieve {
 public:
  // Contenders that find room besides two for each row that is wanted.
  static constexpr std::size_t kRoom = 1024;

  // The best `limit` of the rows that score at least `floor` are wanted; `lower` has room for as many,
  // `contenders` for room_for(limit).
  Sieve(std::size_t limit, double floor, double* lower, Contender* contenders)
      : limit_(limit), floor_(floor), lower_(lower), contenders_(contenders) {}
  static std::size_t room_for(std::size_t limit) { return kRoom + 2 * limit; }

  // Rows that score less are not among the best.
  double bar() const { return sure() && lower_[0] > floor_ ? lower_[0] : floor_; }
  // Whether as many rows as are wanted are known to score at least the bar.
  bool sure() const { return known_ == limit_ && limit_ > 0; }
  std::size_t limit() const { return limit_; }
  // Takes only scores of at least this from now on, unless it already asks for more.
  void raise(double floor) {
    if (floor > floor_) floor_ = floor;
  }

  // There must be room.
  void add(std::uint32_t ordinal, const Bounds& bounds) {
    contenders_[size_++] = {ordinal, bounds.upper};
    if (!(bounds.lower > bar()) && sure()) return;
    if (bounds.lower != bounds.lower) return;
    const auto higher = std::greater<double>();
    if (known_ == limit_) std::pop_heap(lower_, lower_ + known_--, higher);
    lower_[known_++] = bounds.lower;
    std::push_heap(lower_, lower_ + known_, higher);
  }
  bool full() const { return size_ == room_for(limit_); }

  // Drops those that the bar has left behind.
  void prune() {
    const double least = bar();
    const auto fallen = [least](const Contender& contender) { return contender.upper < least; };
    size_ = static_cast<std::size_t>(std::remove_if(contenders_, contenders_ + size_, fallen) - contenders_);
  }
  void clear() {
    size_ = 0;
    cleared_ = true;
  }
  // Whether it still holds every row that passed and is not below the bar.
  bool whole() const { return !cleared_; }
  std::size_t size() const { return size_; }
  const Contender* begin() const { return contenders_; }
  const Contender* end() const { return contenders_ + size_; }
  // The lower bounds of the best of them, in no order.
  const double* lower() const { return lower_; }
  std::size_t known() const { return known_; }

 private:
  std::size_t limit_;
  double floor_;
  // A heap of the highest lower bounds, the least of them first.
  double* lower_;
  std::size_t known_ = 0;
  Contender* contenders_;
  std::size_t size_ = 0;
  bool cleared_ = false;
};

}  // namespace likeness

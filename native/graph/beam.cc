#include "beam.h"

#include <cstring>

namespace likeness {

std::size_t Beam::add(float score, std::uint32_t id, bool dead) {
  if (size_ == entries_.size()) entries_.resize(entries_.size() * 2);
  Candidate* const entries = entries_.data();
  // Behind all that are at least as near. Halving without a branch, which could not be predicted.
  Candidate* at = entries;
  for (std::size_t left = size_; left > 0;) {
    const std::size_t half = (left + 1) / 2;
    at += at[half - 1].score >= score ? half : 0;
    left -= half;
  }
  std::memmove(at + 1, at, static_cast<std::size_t>(entries + size_ - at) * sizeof(Candidate));
  *at = {score, id | (dead ? kDead : 0)};
  ++size_;
  if (!dead) ++live_;
  while (live_ > ef_)
    if ((entries[--size_].id & kDead) == 0) --live_;
  // Deleted ones behind the last that counts lead nowhere nearer.
  while (live_ == ef_ && (entries[size_ - 1].id & kDead)) --size_;
  return static_cast<std::size_t>(at - entries);
}

}  // namespace likeness

#include "beam.h"

#include <algorithm>
#include <cstring>

namespace likeness {

std::size_t Beam::add(float score, std::uint32_t id, bool dead) {
  if (size_ == entries_.size()) entries_.resize(entries_.size() * 2);
  Candidate* const entries = entries_.data();
  Candidate* const at =
      std::upper_bound(entries, entries + size_, score,
                       [](float value, const Candidate& entry) { return value > entry.score; });
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

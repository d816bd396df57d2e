#pragma once
#include <cstddef>

namespace likeness {

constexpr std::size_t kLine = 64;

// `bytes` rounded up to whole cache lines.
constexpr std::size_t lines(std::size_t bytes) { return (bytes + kLine - 1) / kLine * kLine; }

// Asks for huge pages where memory of somebody else's is touched for the first time. Only what lies in it as
// whole huge pages can have them; what was touched before is moved into them if `move`, which takes its time.
void prefer_huge_pages(const void* start, std::size_t bytes, bool move = false);

// Has the system bring memory that nobody has touched yet. What lies in it stays, whoever may be writing there.
void touch_pages(const void* start, std::size_t bytes);

// Zeroed memory that begins with a cache line; a large piece lies in huge pages where the system has them.
class Pages {
 public:
  // std::bad_alloc when there is no memory.
  explicit Pages(std::size_t bytes);
  ~Pages();
  Pages(const Pages&) = delete;
  Pages& operator=(const Pages&) = delete;
  void* data() const { return data_; }

 private:
  void* base_ = nullptr;
  void* data_ = nullptr;
  // 0: of malloc.
  std::size_t mapped_ = 0;
};

}  // namespace likeness

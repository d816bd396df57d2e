#include "pool.h"

#include <algorithm>
#include <exception>
#include <system_error>
#include <utility>

namespace likeness {
namespace {

// How much may wait: searches, and batches of inserts. At half a millisecond a search this many are two
// seconds on one thread.
constexpr std::array<std::size_t, 2> kMostWaiting = {4096, 1024};

}  // namespace

WorkList::WorkList(WorkList&& other) noexcept
    : first_(std::exchange(other.first_, nullptr)),
      last_(std::exchange(other.last_, nullptr)),
      weight_(std::exchange(other.weight_, 0)) {}

WorkList::~WorkList() {
  while (first_) delete pop();
}

void WorkList::push(Work* work) {
  (first_ ? last_->behind_ : first_) = work;
  last_ = work;
  weight_ += work->weight_;
}

Work* WorkList::pop() {
  Work* const work = first_;
  first_ = std::exchange(work->behind_, nullptr);
  weight_ -= work->weight_;
  return work;
}

Pool::Pool(std::size_t threads, std::function<void()> wake)
    : wanted_threads_(std::max<std::size_t>(1, threads)), wake_(std::move(wake)) {}

void Pool::start() {
  if (!threads_.empty()) return;
  threads_.reserve(wanted_threads_);
  try {
    while (threads_.size() < wanted_threads_) threads_.emplace_back([this] { serve(); });
  } catch (const std::system_error&) {
    if (threads_.empty()) throw;
  }
}

bool Pool::submit(Lane lane, std::unique_ptr<Work>& work) {
  const bool alone = work->units_ == 1;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    WorkList& queue = lanes_[static_cast<std::size_t>(lane)];
    if (stopped_ || queue.weight() >= kMostWaiting[static_cast<std::size_t>(lane)]) return false;
    start();
    queue.push(work.release());
  }
  if (alone)
    something_to_do_.notify_one();
  else
    something_to_do_.notify_all();
  return true;
}

WorkList Pool::take_finished() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::move(finished_);
}

void Pool::stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
  }
  something_to_do_.notify_all();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

// The next part of the first search, or else of the first build; nullptr when there is none.
Work* Pool::next(std::uint32_t& unit) {
  for (WorkList& queue : lanes_) {
    Work* const work = queue.front();
    if (!work) continue;
    unit = work->next_++;
    if (work->next_ == work->units_) queue.pop();
    return work;
  }
  return nullptr;
}

void Pool::finish(Work* work, std::unique_lock<std::mutex>& lock) {
  const bool wake = !finished_.front();
  finished_.push(work);
  if (!wake) return;
  lock.unlock();
  wake_();
  lock.lock();
}

void Pool::serve() {
  Scratch scratch;
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopped_) {
    std::uint32_t unit = 0;
    Work* const work = next(unit);
    if (!work) {
      something_to_do_.wait(lock);
      continue;
    }
    lock.unlock();
    if (!work->failed_) {
      try {
        work->run(unit, scratch);
      } catch (const std::exception&) {
        // Only memory can run out here.
        work->failed_ = true;
      }
    }
    lock.lock();
    if (--work->unfinished_ == 0) finish(work, lock);
  }
}

}  // namespace likeness

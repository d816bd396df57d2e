// The threads that search, and that build graphs: a lane for searches before a lane for builds.
//
// The pool knows nothing of JavaScript. Finished work waits in a list until its owner takes it.
#pragma once
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "beam.h"

namespace likeness {

// Something to do in `units` parts, which may run on several threads at once. `weight` is what it counts for
// where work that waits is bounded.
class Work {
 public:
  explicit Work(std::uint32_t units, std::size_t weight = 1)
      : units_(units), weight_(weight), unfinished_(units) {}
  virtual ~Work() = default;
  // May throw; then the work has failed, and its other parts are left out.
  virtual void run(std::uint32_t unit, Scratch& scratch) = 0;
  bool failed() const { return failed_; }
  std::uint32_t units() const { return units_; }

 private:
  friend class Pool;
  friend class WorkList;
  const std::uint32_t units_;
  const std::size_t weight_;
  // Both guarded by the mutex of the pool.
  std::uint32_t next_ = 0;
  std::uint32_t unfinished_;
  // Behind it in the list it is in.
  Work* behind_ = nullptr;
  std::atomic<bool> failed_{false};
};

// Works one behind the other, owned by the list. Putting one in never fails.
class WorkList {
 public:
  WorkList() = default;
  ~WorkList();
  WorkList(WorkList&& other) noexcept;
  WorkList& operator=(WorkList&&) = delete;
  void push(Work* work);
  // nullptr when there is none.
  Work* front() const { return first_; }
  // The first, owned by the caller.
  Work* pop();
  std::size_t weight() const { return weight_; }

 private:
  Work* first_ = nullptr;
  Work* last_ = nullptr;
  std::size_t weight_ = 0;
};

enum class Lane : std::size_t { search, build };

class Pool {
 public:
  // `wake` is called by any thread when finished work has come where none was waiting.
  Pool(std::size_t threads, std::function<void()> wake);
  // Waits for the parts that are running, forgets the rest.
  ~Pool() { stop(); }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // False, and the work untouched, when its lane is full or the pool has stopped. Starts the threads the
  // first time: std::system_error when not one could be.
  bool submit(Lane lane, std::unique_ptr<Work>& work);
  WorkList take_finished();
  // For the owner alone, and no submit after it.
  void stop();

 private:
  void start();
  void serve();
  Work* next(std::uint32_t& unit);
  void finish(Work* work, std::unique_lock<std::mutex>& lock);

  const std::size_t wanted_threads_;
  const std::function<void()> wake_;
  std::mutex mutex_;
  std::condition_variable something_to_do_;
  // A work stays in its lane until its last part is handed out; then the threads that run it own it.
  std::array<WorkList, 2> lanes_;
  WorkList finished_;
  std::vector<std::thread> threads_;
  bool stopped_ = false;
};

}  // namespace likeness

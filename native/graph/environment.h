// What one JavaScript environment (the main thread or a worker thread) shares among its tables and
// graphs: the pool, the wake-up that brings finished work back, and the memory of searches made on its own thread.
#pragma once
#include <node_api.h>

#include <cstddef>
#include <memory>

#include "pool.h"

namespace likeness {

// Work that was asked for by JavaScript and answers a promise.
class Asked : public Work {
 public:
  using Work::Work;
  // Runs all parts here and now.
  void run_all(Scratch& scratch) {
    for (std::uint32_t unit = 0; unit < units(); ++unit) run(unit, scratch);
  }
  // Called on the thread of the environment: settles the promise.
  void settle(napi_env env);

 protected:
  // What the promise is resolved with; nullptr where it cannot be made.
  virtual napi_value result(napi_env env) = 0;

 private:
  friend class Environment;
  napi_deferred deferred_ = nullptr;
};

class Environment {
 public:
  explicit Environment(napi_env env) : env_(env) {}

  // The promise of what it comes to; nullptr when the lane is full, with an exception pending in JavaScript.
  napi_value submit(Lane lane, std::unique_ptr<Asked> asked);
  Scratch& scratch() { return scratch_; }
  // Tells the garbage collector what native memory hangs on its objects.
  void account(std::ptrdiff_t bytes);

 private:
  void open();
  static void settle_finished(napi_env env, napi_value, void* context, void*);
  static void close(void* environment);

  napi_env env_;
  napi_threadsafe_function wake_ = nullptr;
  std::unique_ptr<Pool> pool_;
  // Promises not settled yet; while there are some the event loop stays alive.
  std::size_t pending_ = 0;
  Scratch scratch_;
};

constexpr const char* kNoMemory = "there is not enough memory for the vectors";

// Raises a JavaScript Error with a code: VECTORS_BUSY, VECTORS_DISPOSED or VECTORS_MEMORY. Returns nullptr.
napi_value fail_coded(napi_env env, const char* code, const char* message);

// Defines a class in exports whose constructor finds a shared pointer to the environment in its callback
// info. False with an exception pending.
bool define_class(napi_env env, napi_value exports, const char* name, napi_callback constructor,
                  const napi_property_descriptor* members, std::size_t count,
                  const std::shared_ptr<Environment>& environment);

}  // namespace likeness

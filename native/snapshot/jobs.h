// Long work on a thread of its own, answered by a promise.
#pragma once
#include <napi.h>

#include <functional>
#include <memory>

#include "container.h"

namespace likeness {

struct Job {
  // Runs on the thread; what it throws rejects the promise, a SnapshotError with its code. Destroyed there.
  std::function<void(const Cancel& cancel)> work;
  // What the promise is resolved with, made on the thread of JavaScript; undefined where it is missing.
  std::function<Napi::Value(Napi::Env)> result;
  // To give way to everything else that runs on the machine, on the processor and on the disk.
  bool background = false;
  // Kept from the garbage collector until the work is done.
  Napi::Object kept;
};

// Starts it at once. When the environment ends, the work is cancelled and waited for.
Napi::Promise start_job(Napi::Env env, Job job);

// The Error of JavaScript for what was caught: code and message.
Napi::Error error_of(Napi::Env env, const std::exception_ptr& caught);

}  // namespace likeness

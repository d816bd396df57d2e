#include "jobs.h"

#include <exception>
#include <new>
#include <system_error>
#include <thread>
#if defined(__linux__)
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace likeness {
namespace {

// The thread's own: on Linux a nice value is a thread's. What is refused changes nothing but the manners.
void give_way() {
#if defined(__linux__)
  const auto thread = static_cast<id_t>(syscall(SYS_gettid));
  setpriority(PRIO_PROCESS, thread, 19);
  constexpr int kWhoProcess = 1, kClassIdle = 3, kClassShift = 13;
  syscall(SYS_ioprio_set, kWhoProcess, 0, kClassIdle << kClassShift);
#endif
}

// Lives until its wake-up has been let go of, which is after the thread has ended.
struct Running {
  Running(Napi::Env env, Job given)
      : job(std::move(given)), deferred(Napi::Promise::Deferred::New(env)) {
    if (!job.kept.IsEmpty()) kept = Napi::Persistent(job.kept);
  }
  Job job;
  Napi::Promise::Deferred deferred;
  Napi::ObjectReference kept;
  napi_threadsafe_function wake = nullptr;
  std::thread thread;
  Cancel cancel{false};
  std::exception_ptr failure;
};

void stop(void* data) {
  auto* const running = static_cast<Running*>(data);
  running->cancel.store(true, std::memory_order_relaxed);
  if (running->thread.joinable()) running->thread.join();
}

void settle(napi_env raw_env, napi_value, void* context, void*) {
  // The environment is ending, and nobody waits any more.
  if (!raw_env) return;
  const Napi::Env env(raw_env);
  auto* const running = static_cast<Running*>(context);
  running->thread.join();
  napi_remove_env_cleanup_hook(env, stop, running);
  if (running->failure) {
    running->deferred.Reject(error_of(env, running->failure).Value());
    return;
  }
  try {
    running->deferred.Resolve(running->job.result ? running->job.result(env) : env.Undefined());
  } catch (...) {
    running->deferred.Reject(error_of(env, std::current_exception()).Value());
  }
}

void serve(Running* running) {
  if (running->job.background) give_way();
  try {
    running->job.work(running->cancel);
  } catch (...) {
    running->failure = std::current_exception();
  }
  running->job.work = nullptr;
  napi_call_threadsafe_function(running->wake, nullptr, napi_tsfn_nonblocking);
  napi_release_threadsafe_function(running->wake, napi_tsfn_release);
}

}  // namespace

Napi::Error error_of(Napi::Env env, const std::exception_ptr& caught) {
  const auto coded = [env](const std::string& code, const std::string& message) {
    Napi::Error error = Napi::Error::New(env, message);
    error.Set("code", code);
    return error;
  };
  try {
    std::rethrow_exception(caught);
  } catch (const SnapshotError& error) {
    return coded(error.code(), error.what());
  } catch (const std::bad_alloc&) {
    return coded("SNAPSHOT_MEMORY", "there is not enough memory for the snapshot");
  } catch (const Napi::Error& error) {
    return error;
  } catch (const std::exception& error) {
    return coded("SNAPSHOT_MEMORY", error.what());
  }
}

Napi::Promise start_job(Napi::Env env, Job job) {
  auto running = std::make_unique<Running>(env, std::move(job));
  const Napi::Promise promise = running->deferred.Promise();
  const auto forget = [](napi_env, void* data, void*) { delete static_cast<Running*>(data); };
  if (napi_create_threadsafe_function(env, nullptr, nullptr, Napi::String::New(env, "likeness snapshot"), 0, 1,
                                      running.get(), forget, running.get(), settle, &running->wake) != napi_ok)
    throw Napi::Error::New(env);
  // Owned by its wake-up from here on.
  Running* const started = running.release();
  try {
    started->thread = std::thread(serve, started);
  } catch (const std::system_error&) {
    started->deferred.Reject(error_of(env, std::current_exception()).Value());
    napi_release_threadsafe_function(started->wake, napi_tsfn_release);
    return promise;
  }
  napi_add_env_cleanup_hook(env, stop, started);
  return promise;
}

}  // namespace likeness

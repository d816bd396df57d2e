#include "environment.h"

#include <algorithm>
#include <stdexcept>

namespace likeness {
namespace {

constexpr std::size_t kMostThreads = 64;

napi_value error_of(napi_env env, const char* code, const char* message) {
  napi_value name = nullptr, text = nullptr, error = nullptr;
  napi_create_string_utf8(env, code, NAPI_AUTO_LENGTH, &name);
  napi_create_string_utf8(env, message, NAPI_AUTO_LENGTH, &text);
  napi_create_error(env, name, text, &error);
  return error;
}

}  // namespace

napi_value fail_coded(napi_env env, const char* code, const char* message) {
  napi_throw_error(env, code, message);
  return nullptr;
}

void Asked::settle(napi_env env) {
  napi_value value = failed() ? nullptr : result(env);
  if (value) {
    napi_resolve_deferred(env, deferred_, value);
    return;
  }
  // An exception that making the result may have left behind must not escape into the event loop.
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (pending) napi_get_and_clear_last_exception(env, &value);
  napi_reject_deferred(env, deferred_,
                       error_of(env, "VECTORS_MEMORY", kNoMemory));
}

void Environment::open() {
  if (pool_) return;
  napi_value name = nullptr;
  napi_create_string_utf8(env_, "likeness vectors", NAPI_AUTO_LENGTH, &name);
  const napi_status status =
      napi_create_threadsafe_function(env_, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this,
                                      settle_finished, &wake_);
  if (status != napi_ok) throw std::runtime_error("no wake-up could be made for the search threads");
  napi_unref_threadsafe_function(env_, wake_);
  const std::size_t threads = std::thread::hardware_concurrency();
  pool_ = std::make_unique<Pool>(std::min(threads, kMostThreads), [this] {
    napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking);
  });
  // Hooks run in reverse order, so the threads end before what they wake up with goes.
  napi_add_env_cleanup_hook(env_, close, this);
}

void Environment::close(void* environment) {
  static_cast<Environment*>(environment)->pool_->stop();
}

napi_value Environment::submit(Lane lane, std::unique_ptr<Asked> asked) {
  open();
  Asked* const kept = asked.get();
  std::unique_ptr<Work> work = std::move(asked);
  if (!pool_->submit(lane, work))
    return fail_coded(env_, "VECTORS_BUSY", "too much is waiting for the search threads");
  // It is settled on this very thread, so not before this call has returned.
  napi_value promise = nullptr;
  napi_create_promise(env_, &kept->deferred_, &promise);
  if (pending_++ == 0) napi_ref_threadsafe_function(env_, wake_);
  return promise;
}

void Environment::settle_finished(napi_env env, napi_value, void* context, void*) {
  if (!env) return;
  auto* const self = static_cast<Environment*>(context);
  WorkList finished = self->pool_->take_finished();
  while (finished.front()) {
    const std::unique_ptr<Work> work(finished.pop());
    napi_handle_scope scope = nullptr;
    napi_open_handle_scope(env, &scope);
    static_cast<Asked&>(*work).settle(env);
    napi_close_handle_scope(env, scope);
    if (--self->pending_ == 0) napi_unref_threadsafe_function(env, self->wake_);
  }
}

void Environment::account(std::ptrdiff_t bytes) {
  std::int64_t total = 0;
  napi_adjust_external_memory(env_, bytes, &total);
}

bool define_class(napi_env env, napi_value exports, const char* name, napi_callback constructor,
                  const napi_property_descriptor* members, std::size_t count,
                  const std::shared_ptr<Environment>& environment) {
  using Shared = std::shared_ptr<Environment>;
  auto shared = std::make_unique<Shared>(environment);
  napi_value defined = nullptr;
  if (napi_define_class(env, name, NAPI_AUTO_LENGTH, constructor, shared.get(), count, members, &defined) !=
          napi_ok ||
      napi_set_named_property(env, exports, name, defined) != napi_ok) {
    return false;
  }
  napi_add_env_cleanup_hook(
      env, [](void* data) { delete static_cast<Shared*>(data); }, shared.release());
  return true;
}

}  // namespace likeness

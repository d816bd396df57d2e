// What the classes that JavaScript sees have in common. The native side of an object is a handle: a struct
// with a type tag `kTag`, a name `kName` and `disposed()`.
#pragma once
#include <node_api.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <exception>
#include <memory>
#include <new>

#include "graph/environment.h"

namespace likeness {

// A search expected to take longer than this goes to the pool; the way there and back costs about a
// quarter of it.
constexpr double kInlineMicroseconds = 150;

// What a search costs for each row it looks at, as the last ones showed; for the thread of JavaScript.
struct Cost {
  double microseconds;
  void learn(double sample) {
    // A thread put aside by the system says nothing of the search.
    microseconds += 0.05 * (std::min(sample, 4 * microseconds) - microseconds);
  }
};

// Runs a callback; what it throws becomes a JavaScript exception.
template <napi_value (*Body)(napi_env, napi_callback_info)>
napi_value guarded(napi_env env, napi_callback_info info) {
  try {
    return Body(env, info);
  } catch (const std::bad_alloc&) {
    return fail_coded(env, "VECTORS_MEMORY", kNoMemory);
  } catch (const std::exception& error) {
    return fail_coded(env, "VECTORS_MEMORY", error.what());
  }
}

// The handle of an object; false, with an exception pending, where it is none of its kind or disposed.
template <typename Handle>
bool unwrap(napi_env env, napi_value object, Handle*& handle) {
  bool tagged = false;
  void* native = nullptr;
  if (napi_check_object_type_tag(env, object, &Handle::kTag, &tagged) != napi_ok || !tagged ||
      napi_unwrap(env, object, &native) != napi_ok) {
    // Asking something that is no object leaves an exception in newer versions of Node.
    bool pending = false;
    napi_is_exception_pending(env, &pending);
    if (!pending) napi_throw_type_error(env, nullptr, Handle::kName);
    return false;
  }
  handle = static_cast<Handle*>(native);
  if (!handle->disposed()) return true;
  fail_coded(env, "VECTORS_DISPOSED", "it was disposed");
  return false;
}

// A method's handle and arguments, undefined for those not given.
template <typename Handle, std::size_t N>
bool open_call(napi_env env, napi_callback_info info, Handle*& handle,
               std::array<napi_value, N>& arguments) {
  std::size_t count = N;
  napi_value self = nullptr;
  return napi_get_cb_info(env, info, &count, arguments.data(), &self, nullptr) == napi_ok &&
         unwrap(env, self, handle);
}

// The same for a constructor; `shared` is what the class was defined with.
template <std::size_t N>
bool open_construct(napi_env env, napi_callback_info info, napi_value& self,
                    std::array<napi_value, N>& arguments, void*& shared) {
  std::size_t count = N;
  napi_value target = nullptr;
  napi_get_cb_info(env, info, &count, arguments.data(), &self, &shared);
  napi_get_new_target(env, info, &target);
  if (target) return true;
  napi_throw_type_error(env, nullptr, "a class is called with new");
  return false;
}

template <typename Handle>
void finalize(napi_env, void* data, void*) {
  auto* const handle = static_cast<Handle*>(data);
  handle->dispose();
  delete handle;
}

// Ties a handle to a new object.
template <typename Handle>
napi_value wrap(napi_env env, napi_value self, std::unique_ptr<Handle> handle) {
  if (napi_type_tag_object(env, self, &Handle::kTag) != napi_ok ||
      napi_wrap(env, self, handle.get(), finalize<Handle>, nullptr, nullptr) != napi_ok) {
    napi_throw_type_error(env, nullptr, "not a new object");
    return nullptr;
  }
  handle.release();
  return self;
}

// dispose(): again it does nothing.
template <typename Handle>
napi_value dispose(napi_env env, napi_callback_info info) {
  Handle* handle = nullptr;
  std::array<napi_value, 1> arguments;
  if (open_call(env, info, handle, arguments)) {
    handle->dispose();
  } else if (handle) {
    napi_value error = nullptr;
    napi_get_and_clear_last_exception(env, &error);
  }
  return nullptr;
}

inline napi_property_descriptor method(const char* name, napi_callback callback) {
  return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_default_method, nullptr};
}

inline napi_property_descriptor getter(const char* name, napi_callback callback) {
  return {name, nullptr, nullptr, callback, nullptr, nullptr, napi_default, nullptr};
}

}  // namespace likeness

#include "values.h"

#include <cmath>
#include <cstring>
#include <string>

#include "../arguments.h"
#include "../objects.h"

namespace likeness {

bool read_count(napi_env env, napi_value value, const char* name, std::array<double, 2> bounds,
                std::uint32_t& count) {
  double number = 0;
  if (napi_get_value_double(env, value, &number) != napi_ok) {
    napi_throw_type_error(env, nullptr, (std::string(name) + " must be a number").c_str());
    return false;
  }
  if (!(number >= bounds[0] && number <= bounds[1]) || number != std::floor(number)) {
    const std::string text = std::string(name) + " must be a whole number from " +
                             std::to_string(static_cast<long long>(bounds[0])) + " to " +
                             std::to_string(static_cast<long long>(bounds[1]));
    return fail_range(env, text.c_str());
  }
  count = static_cast<std::uint32_t>(number);
  return true;
}

bool read_property(napi_env env, napi_value object, const char* name, std::array<double, 2> bounds,
                   std::uint32_t& count) {
  napi_value value = nullptr;
  if (napi_get_named_property(env, object, name, &value) != napi_ok) {
    bool pending = false;
    napi_is_exception_pending(env, &pending);
    if (!pending) napi_throw_type_error(env, nullptr, "expected an object");
    return false;
  }
  return read_count(env, value, name, bounds, count);
}

const KernelSet* read_kernel(napi_env env, napi_value object) {
  napi_value value = nullptr;
  napi_valuetype type = napi_undefined;
  if (napi_get_named_property(env, object, "kernel", &value) != napi_ok) return nullptr;
  napi_typeof(env, value, &type);
  if (type == napi_undefined) return &kernel_sets().front();
  std::array<char, 32> name{};
  std::size_t length = 0;
  napi_get_value_string_utf8(env, value, name.data(), name.size(), &length);
  for (const KernelSet& kernel : kernel_sets())
    if (std::strcmp(kernel.name, name.data()) == 0) return &kernel;
  fail_range(env, "kernel must be the name of a kernel of this host");
  return nullptr;
}

bool read_inline(napi_env env, napi_value object, double& microseconds) {
  napi_value value = nullptr;
  napi_valuetype type = napi_undefined;
  if (napi_get_named_property(env, object, "inlineMicroseconds", &value) != napi_ok) return false;
  napi_typeof(env, value, &type);
  microseconds = kInlineMicroseconds;
  if (type == napi_undefined || napi_get_value_double(env, value, &microseconds) == napi_ok) return true;
  napi_throw_type_error(env, nullptr, "inlineMicroseconds must be a number");
  return false;
}

}  // namespace likeness

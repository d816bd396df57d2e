#include "values.h"

#include <cmath>
#include <cstring>
#include <string>

#include "../arguments.h"

namespace likeness {
namespace {

// Magnitudes whose squares and whose 127th parts are ordinary float32 numbers.
constexpr float kLeast = 1e-18f;
constexpr float kMost = 1e18f;

}  // namespace

bool usable(const float* rows, std::size_t count, std::size_t dimension) {
  for (std::size_t i = 0; i < count; ++i) {
    float most = 0;
    bool finite = true;
    for (std::size_t j = 0; j < dimension; ++j) {
      const float magnitude = std::fabs(rows[i * dimension + j]);
      finite &= magnitude <= kMost;
      most = magnitude > most ? magnitude : most;
    }
    if (!finite || most < kLeast) return false;
  }
  return true;
}

bool fail_values(napi_env env) {
  return fail_range(env, "a vector must be of finite numbers, the largest between 1e-18 and 1e18");
}

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
    if (!pending) napi_throw_type_error(env, nullptr, "a graph is made from an object");
    return false;
  }
  return read_count(env, value, name, bounds, count);
}

const CodeKernel* read_kernel(napi_env env, napi_value object) {
  napi_value value = nullptr;
  napi_valuetype type = napi_undefined;
  napi_get_named_property(env, object, "kernel", &value);
  napi_typeof(env, value, &type);
  if (type == napi_undefined) return &code_kernels().front();
  std::array<char, 32> name{};
  std::size_t length = 0;
  napi_get_value_string_utf8(env, value, name.data(), name.size(), &length);
  for (const CodeKernel& kernel : code_kernels())
    if (std::strcmp(kernel.name, name.data()) == 0) return &kernel;
  fail_range(env, "kernel must be the name of a code kernel of this host");
  return nullptr;
}

}  // namespace likeness

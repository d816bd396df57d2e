#include "pages_binding.h"

#include "../snapshot/jobs.h"
#include "pages.h"

namespace likeness {
namespace {

// useHugePages(bytes, used) -> Promise<undefined>: huge pages where memory is touched for the first time, and the
// first `used` bytes of it touched by a thread of its own.
Napi::Value use_huge_pages(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsTypedArray() || info[0].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
    throw Napi::TypeError::New(env, "bytes must be a Uint8Array");
  const auto bytes = info[0].As<Napi::Uint8Array>();
  const std::uint8_t* const start = bytes.Data();
  const std::size_t length = bytes.ByteLength();
  if (!info[1].IsNumber()) throw Napi::TypeError::New(env, "used must be a number");
  const double used = info[1].As<Napi::Number>().DoubleValue();
  if (!(used >= 0 && used <= static_cast<double>(length)))
    throw Napi::RangeError::New(env, "used must be from 0 to bytes.length");
  prefer_huge_pages(start, length);
  Job job;
  job.work = [start, used](const Cancel&) { touch_pages(start, static_cast<std::size_t>(used)); };
  job.result = [](Napi::Env own) { return own.Undefined(); };
  job.kept = bytes;
  return start_job(env, std::move(job));
}

}  // namespace

void register_pages(Napi::Env env, Napi::Object exports) {
  exports.Set("useHugePages", Napi::Function::New(env, use_huge_pages, "useHugePages"));
}

}  // namespace likeness

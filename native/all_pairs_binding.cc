#include "all_pairs_binding.h"

#include <string>

#include "all_pairs.h"
#include "arguments.h"
#include "table/pages.h"

namespace likeness {
namespace {

// Counts one block on a thread of the pool and settles a promise with the counts.
class CountWork : public Napi::AsyncWorker {
 public:
  CountWork(Napi::Env env, const TileKernel& kernel, const AllRows& all, const PairBlock& block,
            std::size_t bins, Napi::Object rows)
      : Napi::AsyncWorker(env, "likeness.countPairs"),
        settled(Napi::Promise::Deferred::New(env)),
        rows_(Napi::Persistent(rows)),
        kernel_(kernel),
        all_(all),
        block_(block),
        bins_(bins) {}

  void Execute() override {
    prefer_rows(block_.row_begin, block_.row_end);
    prefer_rows(block_.column_begin, block_.column_end);
    const std::size_t row = first_not_unit(kernel_, all_, block_.row_begin, block_.row_end);
    const std::size_t column = first_not_unit(kernel_, all_, block_.column_begin, block_.column_end);
    if (row < block_.row_end || column < block_.column_end) {
      wrong_ = "row " + std::to_string(row < block_.row_end ? row : column) +
               " must be a vector of length at most 1.01";
      return;
    }
    counts_ = count_pairs(kernel_, all_, block_, bins_);
  }

  void OnOK() override {
    if (!wrong_.empty()) {
      settled.Reject(Napi::RangeError::New(Env(), wrong_).Value());
      return;
    }
    Napi::Uint32Array counts = Napi::Uint32Array::New(Env(), counts_.size());
    for (std::size_t i = 0; i < counts_.size(); ++i) counts[i] = counts_[i];
    settled.Resolve(counts);
  }

  void OnError(const Napi::Error& error) override { settled.Reject(error.Value()); }

  Napi::Promise::Deferred settled;

 private:
  // Rows are read once for each group of columns: huge pages pay for being moved into.
  void prefer_rows(std::size_t begin, std::size_t end) const {
    prefer_huge_pages(all_.rows + begin * all_.dim, (end - begin) * all_.dim * sizeof(float), true);
  }

  // Keeps the rows until the work is done.
  const Napi::ObjectReference rows_;
  const TileKernel& kernel_;
  const AllRows all_;
  const PairBlock block_;
  const std::size_t bins_;
  std::vector<std::uint32_t> counts_;
  std::string wrong_;
};

std::size_t whole(const Napi::Value& value, const char* name) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!value.IsNumber()) throw Napi::TypeError::New(value.Env(), std::string(name) + " must be a number");
  if (!(number >= 0 && number < 9007199254740992.0)) {
    throw Napi::RangeError::New(value.Env(), std::string(name) + " must be a whole number from 0 on");
  }
  return static_cast<std::size_t>(number);
}

void require(Napi::Env env, bool holds, const char* complaint) {
  if (!holds) throw Napi::RangeError::New(env, complaint);
}

// count(rows, dimension, bins, rowBegin, rowEnd, columnBegin, columnEnd) -> promise of a Uint32Array.
Napi::Value count(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  napi_typedarray_type type;
  std::size_t length = 0;
  void* data = nullptr;
  napi_value buffer = nullptr;
  if (napi_get_typedarray_info(env, info[0], &type, &length, &data, &buffer, nullptr) != napi_ok ||
      type != napi_float32_array) {
    throw Napi::TypeError::New(env, "rows must be a Float32Array");
  }
  // An ordinary buffer could be handed over to another thread, and freed, while the rows are read.
  bool ordinary = true;
  if (napi_is_arraybuffer(env, buffer, &ordinary) != napi_ok || ordinary) {
    throw Napi::TypeError::New(env, "rows must lie in a SharedArrayBuffer");
  }
  const std::size_t dim = whole(info[1], "dimension"), bins = whole(info[2], "bins");
  require(env, dim >= 1 && dim <= kMaxCodeDimension, "dimension must be 1 to 65536");
  require(env, bins >= 1 && bins <= kMaxBins, "bins must be 1 to 65536");
  require(env, length % dim == 0, "rows must hold a multiple of dimension floats");
  const AllRows all = {static_cast<const float*>(data), length / dim, dim};
  const PairBlock block = {whole(info[3], "rowBegin"), whole(info[4], "rowEnd"),
                           whole(info[5], "columnBegin"), whole(info[6], "columnEnd")};
  require(env, block.row_begin <= block.row_end && block.row_end <= all.count &&
                   block.row_end - block.row_begin <= kMaxBlockRows,
          "rowBegin to rowEnd must be at most 4096 of the rows");
  require(env, block.column_begin <= block.column_end && block.column_end <= all.count &&
                   block.column_end - block.column_begin <= kMaxBlockColumns,
          "columnBegin to columnEnd must be at most 65536 of the rows");
  const auto* set = static_cast<const KernelSet*>(info.Data());
  auto* work = new CountWork(env, set->tile, all, block, bins, info[0].As<Napi::Object>());
  const Napi::Promise promise = work->settled.Promise();
  work->Queue();
  return promise;
}

// saturate(rounds) -> floating-point operations.
Napi::Value saturate(const Napi::CallbackInfo& info) {
  const std::size_t rounds = whole(info[0], "rounds");
  require(info.Env(), rounds <= 100'000'000, "rounds must be at most 100,000,000");
  const auto* set = static_cast<const KernelSet*>(info.Data());
  return Napi::Number::New(info.Env(), set->tile.saturate(rounds));
}

}  // namespace

Napi::Object pair_functions(Napi::Env env, const KernelSet& set) {
  void* data = const_cast<KernelSet*>(&set);
  Napi::Object functions = Napi::Object::New(env);
  functions.Set("count", Napi::Function::New(env, count, "count", data));
  functions.Set("saturate", Napi::Function::New(env, saturate, "saturate", data));
  return functions;
}

}  // namespace likeness

// The class Table as JavaScript sees it. Types, sizes and values are checked here, once a call; queries are
// copied, so that no array of a call is read after it has returned.
#include "table_binding.h"

#include <chrono>
#include <cmath>
#include <cstring>
#include <string>

#include "../arguments.h"
#include "../graph/values.h"
#include "flat.h"

namespace likeness {
namespace {

using Shared = std::shared_ptr<Environment>;

constexpr std::size_t kMostQueries = 4096;

// A call's results may be this many.
constexpr double kMostResults = 1 << 24;

// new Table({ dimension, kernel?, inlineMicroseconds? })
napi_value construct(napi_env env, napi_callback_info info) {
  std::array<napi_value, 1> arguments;
  napi_value self = nullptr;
  void* shared = nullptr;
  std::uint32_t dimension = 0;
  if (!open_construct(env, info, self, arguments, shared) ||
      !read_property(env, arguments[0], "dimension", {1, kMaxDimension}, dimension)) {
    return nullptr;
  }
  const KernelSet* const kernel = read_kernel(env, arguments[0]);
  auto handle = std::make_unique<TableHandle>();
  if (!kernel || !read_inline(env, arguments[0], handle->inline_microseconds)) return nullptr;
  handle->environment = *static_cast<Shared*>(shared);
  handle->table = std::make_shared<Table>(dimension, kernel->run);
  // What reading the codes from memory costs on a current machine; corrected by the first searches.
  handle->cost = std::make_shared<Cost>(Cost{0.00004 * static_cast<double>(handle->table->stride())});
  return wrap(env, self, std::move(handle));
}

// What keeps an array of JavaScript from being collected while native code may read it.
std::shared_ptr<void> keep(napi_env env, napi_value value) {
  napi_ref reference = nullptr;
  if (napi_create_reference(env, value, 1, &reference) != napi_ok) throw std::bad_alloc();
  return {reference, [env](napi_ref kept) { napi_delete_reference(env, kept); }};
}

// addSegment(rows): room for the next rows, which stay in this array.
napi_value add_segment(napi_env env, napi_callback_info info) {
  TableHandle* handle = nullptr;
  std::array<napi_value, 1> arguments;
  Span<float> rows;
  if (!open_call(env, info, handle, arguments) ||
      !read(env, arguments[0], "rows must be a Float32Array", rows)) {
    return nullptr;
  }
  Table& table = *handle->table;
  const std::size_t wanted = segment_rows(table.segments()) * table.dimension();
  if (rows.length != wanted) {
    fail_range(env, ("rows must hold " + std::to_string(wanted) + " floats").c_str());
    return nullptr;
  }
  table.add_segment(rows.data, keep(env, arguments[0]));
  handle->account();
  return nullptr;
}

bool read_ordinal(napi_env env, napi_value value, std::uint32_t end, std::uint32_t& ordinal) {
  if (end == 0) return fail_range(env, "there is no row yet");
  return read_count(env, value, "ordinal", {0, static_cast<double>(end - 1)}, ordinal);
}

bool read_unit(napi_env env, napi_value value, const char* name, std::size_t dimension, Span<float>& vector) {
  if (!read(env, value, (std::string(name) + " must be a Float32Array").c_str(), vector)) return false;
  if (vector.length != dimension)
    return fail_range(env, (std::string(name) + " must have " + std::to_string(dimension) + " floats").c_str());
  return is_unit(vector.data, dimension) ||
         fail_range(env, (std::string(name) + " must be a vector of unit length").c_str());
}

// put(ordinal, vector): writes a row where none is.
napi_value put(napi_env env, napi_callback_info info) {
  TableHandle* handle = nullptr;
  std::array<napi_value, 2> arguments;
  std::uint32_t ordinal = 0;
  Span<float> vector;
  if (!open_call(env, info, handle, arguments) ||
      !read_ordinal(env, arguments[0], handle->table->capacity(), ordinal) ||
      !read_unit(env, arguments[1], "vector", handle->table->dimension(), vector)) {
    return nullptr;
  }
  if (handle->table->live(ordinal)) {
    fail_range(env, "there is a row at this ordinal");
    return nullptr;
  }
  handle->table->put(ordinal, vector.data);
  return nullptr;
}

// remove(ordinal) -> whether a row was there.
napi_value remove(napi_env env, napi_callback_info info) {
  TableHandle* handle = nullptr;
  std::array<napi_value, 1> arguments;
  std::uint32_t ordinal = 0;
  if (!open_call(env, info, handle, arguments) ||
      !read_ordinal(env, arguments[0], handle->table->capacity(), ordinal)) {
    return nullptr;
  }
  napi_value result = nullptr;
  napi_get_boolean(env, handle->table->remove(ordinal), &result);
  return result;
}

// score(query, ordinals) -> Float32Array: the score of each row, whether it is still there or not.
napi_value score(napi_env env, napi_callback_info info) {
  TableHandle* handle = nullptr;
  std::array<napi_value, 2> arguments;
  Span<float> query;
  Span<std::uint32_t> ordinals;
  if (!open_call(env, info, handle, arguments) ||
      !read_unit(env, arguments[0], "query", handle->table->dimension(), query) ||
      !read(env, arguments[1], "ordinals must be a Uint32Array", ordinals)) {
    return nullptr;
  }
  const Table& table = *handle->table;
  const std::uint32_t end = table.end();
  for (std::size_t i = 0; i < ordinals.length; ++i) {
    if (ordinals.data[i] < end) continue;
    fail_range(env, "an ordinal is not below the number of rows");
    return nullptr;
  }
  void* data = nullptr;
  napi_value buffer = nullptr, scores = nullptr;
  if (napi_create_arraybuffer(env, ordinals.length * sizeof(float), &data, &buffer) != napi_ok ||
      napi_create_typedarray(env, napi_float32_array, ordinals.length, buffer, 0, &scores) != napi_ok) {
    return nullptr;
  }
  auto* const out = static_cast<float*>(data);
  for (std::size_t i = 0; i < ordinals.length; ++i) out[i] = table.score(query.data, ordinals.data[i]);
  return scores;
}

class Scanning : public Asked {
 public:
  Scanning(const TableHandle& handle, std::unique_ptr<Queries> queries, std::unique_ptr<FlatSearch> search)
      : Asked(search->units(), queries->size()),
        table_(handle.table),
        cost_(handle.cost),
        queries_(std::move(queries)),
        search_(std::move(search)) {}
  void run(std::uint32_t unit, Scratch& scratch) override {
    const auto started = std::chrono::steady_clock::now();
    search_->run(unit, scratch);
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - started;
    nanoseconds_.fetch_add(static_cast<std::int64_t>(took.count() * 1e3), std::memory_order_relaxed);
  }
  napi_value result(napi_env env) override {
    // Of several queries each costs less.
    const auto looks = static_cast<double>(search_->rows());
    if (looks > 0 && queries_->size() == 1) cost_->learn(static_cast<double>(nanoseconds_.load()) / 1e3 / looks);
    return results_of(env, *queries_, std::vector<std::uint8_t>(queries_->size(), 1));
  }

 private:
  const std::shared_ptr<Table> table_;
  const std::shared_ptr<Cost> cost_;
  const std::unique_ptr<Queries> queries_;
  const std::unique_ptr<FlatSearch> search_;
  std::atomic<std::int64_t> nanoseconds_{0};
};

// search(queries, limits, floors, allowed?) -> results, or a promise of them where it takes long.
napi_value search(napi_env env, napi_callback_info info) {
  TableHandle* handle = nullptr;
  std::array<napi_value, 4> arguments;
  if (!open_call(env, info, handle, arguments)) return nullptr;
  auto queries = read_queries(env, *handle->table, arguments.data());
  if (!queries) return nullptr;
  auto flat = std::make_unique<FlatSearch>(*handle->table, *queries);
  const double looks = static_cast<double>(flat->rows()) * static_cast<double>(queries->size());
  auto work = std::make_unique<Scanning>(*handle, std::move(queries), std::move(flat));
  if (handle->cost->microseconds * looks > handle->inline_microseconds)
    return handle->environment->submit(Lane::search, std::move(work));
  work->run_all(handle->environment->scratch());
  return work->result(env);
}

// The getter `scanMicroseconds`: what one search of all rows is expected to take on one thread.
napi_value scan_microseconds(napi_env env, napi_callback_info info) {
  TableHandle* handle = nullptr;
  std::array<napi_value, 1> arguments;
  if (!open_call(env, info, handle, arguments)) return nullptr;
  napi_value result = nullptr;
  napi_create_double(env, handle->cost->microseconds * handle->table->end(), &result);
  return result;
}

// The getter `bytes`: native memory taken, without the rows.
napi_value bytes(napi_env env, napi_callback_info info) {
  TableHandle* handle = nullptr;
  std::array<napi_value, 1> arguments;
  return open_call(env, info, handle, arguments) ? number(env, handle->table->bytes()) : nullptr;
}

}  // namespace

void TableHandle::account() {
  const std::size_t bytes = table ? table->bytes() : 0;
  environment->account(static_cast<std::ptrdiff_t>(bytes) - static_cast<std::ptrdiff_t>(accounted));
  accounted = bytes;
}

std::unique_ptr<Queries> read_queries(napi_env env, const Table& table, const napi_value* four) {
  Span<float> vectors;
  Span<std::uint32_t> limits;
  Span<double> floors;
  Span<std::uint8_t> allowed;
  napi_valuetype type = napi_undefined;
  napi_typeof(env, four[3], &type);
  if (!read(env, four[0], "queries must be a Float32Array", vectors) ||
      !read(env, four[1], "limits must be a Uint32Array", limits) ||
      !read(env, four[2], "floors must be a Float64Array", floors) ||
      (type != napi_undefined && !read(env, four[3], "allowed must be a Uint8Array", allowed))) {
    return nullptr;
  }
  const std::size_t count = limits.length, dimension = table.dimension();
  if (count == 0 || count > kMostQueries || floors.length != count || vectors.length != count * dimension) {
    fail_range(env, ("a call has 1 to 4096 queries of " + std::to_string(dimension) +
                     " floats, each with a limit and a floor")
                        .c_str());
    return nullptr;
  }
  double results = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_unit(vectors.data + i * dimension, dimension)) {
      fail_range(env, "queries must be vectors of unit length");
      return nullptr;
    }
    if (limits.data[i] == 0 || limits.data[i] > kMaxRows || std::isnan(floors.data[i])) {
      fail_range(env, "a limit is 1 to 2^28, and a floor a number");
      return nullptr;
    }
    results += std::min(limits.data[i], table.end());
  }
  if (results > kMostResults) {
    fail_range(env, "a call may ask for at most 2^24 rows");
    return nullptr;
  }
  auto queries = std::make_unique<Queries>(table, vectors.data, limits.data, floors.data, count);
  if (type != napi_undefined) queries->admit(allowed.data, allowed.length);
  return queries;
}

napi_value results_of(napi_env env, Queries& queries, const std::vector<std::uint8_t>& complete) {
  std::size_t total = 0;
  const std::size_t count = queries.size();
  for (std::size_t i = 0; i < count; ++i) total += queries.found(i).size();
  void* data = nullptr;
  napi_value buffer = nullptr, ordinals = nullptr, scores = nullptr, ends = nullptr, whole = nullptr;
  napi_value result = nullptr;
  if (napi_create_arraybuffer(env, total * 8 + count * 5, &data, &buffer) != napi_ok ||
      napi_create_typedarray(env, napi_uint32_array, total, buffer, 0, &ordinals) != napi_ok ||
      napi_create_typedarray(env, napi_float32_array, total, buffer, total * 4, &scores) != napi_ok ||
      napi_create_typedarray(env, napi_uint32_array, count, buffer, total * 8, &ends) != napi_ok ||
      napi_create_typedarray(env, napi_uint8_array, count, buffer, total * 8 + count * 4, &whole) != napi_ok ||
      napi_create_object(env, &result) != napi_ok) {
    return nullptr;
  }
  auto* const to_ordinals = static_cast<std::uint8_t*>(data);
  std::uint8_t* const to_scores = to_ordinals + total * 4;
  std::uint8_t* const to_ends = to_scores + total * 4;
  std::uint32_t at = 0;
  for (std::size_t i = 0; i < count; ++i) {
    for (const Hit& hit : queries.found(i)) {
      std::memcpy(to_ordinals + std::size_t{at} * 4, &hit.ordinal, 4);
      std::memcpy(to_scores + std::size_t{at} * 4, &hit.score, 4);
      ++at;
    }
    std::memcpy(to_ends + i * 4, &at, 4);
  }
  std::memcpy(to_ends + count * 4, complete.data(), count);
  napi_set_named_property(env, result, "ordinals", ordinals);
  napi_set_named_property(env, result, "scores", scores);
  napi_set_named_property(env, result, "ends", ends);
  napi_set_named_property(env, result, "complete", whole);
  return result;
}

bool register_table(napi_env env, napi_value exports, const std::shared_ptr<Environment>& environment) {
  const std::array<napi_property_descriptor, 8> members = {
      method("addSegment", guarded<add_segment>),
      method("put", guarded<put>),
      method("remove", guarded<remove>),
      method("score", guarded<score>),
      method("search", guarded<search>),
      method("dispose", guarded<dispose<TableHandle>>),
      getter("scanMicroseconds", guarded<scan_microseconds>),
      getter("bytes", guarded<bytes>),
  };
  return define_class(env, exports, "Table", guarded<construct>, members.data(), members.size(), environment);
}

}  // namespace likeness

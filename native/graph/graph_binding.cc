// The class Graph as JavaScript sees it. Types, sizes and values are checked here, once a call; codes are
// made on the calling thread, so that no buffer of JavaScript is read after a call has returned.
#include "graph_binding.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <exception>
#include <new>
#include <numeric>

#include "../arguments.h"
#include "environment.h"
#include "graph.h"
#include "values.h"

namespace likeness {
namespace {

// A search expected to take longer than this goes to the pool; the way there and back costs about a
// quarter of it.
constexpr double kInlineMicroseconds = 150;

constexpr napi_type_tag kTag = {0x6c696b656e657373u, 0x67726170685f3031u};

using Shared = std::shared_ptr<Environment>;

// What a search costs for each candidate, as the last ones showed; for the thread of JavaScript.
struct Cost {
  double microseconds;
  void learn(double sample) {
    // A thread put aside by the system says nothing of the search.
    microseconds += 0.05 * (std::min(sample, 4 * microseconds) - microseconds);
  }
};

// The native side of one Graph object.
struct Handle {
  Shared environment;
  std::shared_ptr<Graph> graph;
  std::shared_ptr<Cost> cost;
  double inline_microseconds;
  std::size_t accounted = 0;

  void account() {
    const std::size_t bytes = graph ? graph->count() * graph->node_bytes() : 0;
    environment->account(static_cast<std::ptrdiff_t>(bytes) - static_cast<std::ptrdiff_t>(accounted));
    accounted = bytes;
  }
};

// Runs a callback; what it throws becomes a JavaScript exception.
template <napi_value (*Body)(napi_env, napi_callback_info)>
napi_value guarded(napi_env env, napi_callback_info info) {
  try {
    return Body(env, info);
  } catch (const std::bad_alloc&) {
    return fail_graph(env, "GRAPH_MEMORY", "there is not enough memory for the graph");
  } catch (const std::exception& error) {
    return fail_graph(env, "GRAPH_MEMORY", error.what());
  }
}

// A method's handle and arguments; false with an exception pending.
template <std::size_t N>
bool open_call(napi_env env, napi_callback_info info, Handle*& handle,
               std::array<napi_value, N>& arguments) {
  std::size_t count = N;
  napi_value self = nullptr;
  bool tagged = false;
  void* native = nullptr;
  if (napi_get_cb_info(env, info, &count, arguments.data(), &self, nullptr) != napi_ok ||
      napi_check_object_type_tag(env, self, &kTag, &tagged) != napi_ok || !tagged ||
      napi_unwrap(env, self, &native) != napi_ok) {
    napi_throw_type_error(env, nullptr, "not a Graph");
    return false;
  }
  handle = static_cast<Handle*>(native);
  if (handle->graph) return true;
  fail_graph(env, "GRAPH_DISPOSED", "the graph was disposed");
  return false;
}

void finalize(napi_env, void* data, void*) {
  auto* const handle = static_cast<Handle*>(data);
  handle->graph.reset();
  handle->account();
  delete handle;
}

// new Graph({ dimension, m, efConstruction, kernel?, inlineMicroseconds? })
napi_value construct(napi_env env, napi_callback_info info) {
  std::size_t count = 1;
  napi_value shape_value = nullptr, self = nullptr, target = nullptr;
  void* shared = nullptr;
  napi_get_cb_info(env, info, &count, &shape_value, &self, &shared);
  napi_get_new_target(env, info, &target);
  if (!target) {
    napi_throw_type_error(env, nullptr, "Graph is a class");
    return nullptr;
  }
  std::uint32_t dimension = 0;
  GraphShape shape{};
  if (!read_property(env, shape_value, "dimension", {1, kMaxGraphDimension}, dimension) ||
      !read_property(env, shape_value, "m", {2, kMaxM}, shape.m) ||
      !read_property(env, shape_value, "efConstruction", {1, kMaxEf}, shape.ef_construction)) {
    return nullptr;
  }
  shape.dimension = dimension;
  const CodeKernel* const kernel = read_kernel(env, shape_value);
  if (!kernel) return nullptr;
  double limit = kInlineMicroseconds;
  napi_value limit_value = nullptr;
  napi_get_named_property(env, shape_value, "inlineMicroseconds", &limit_value);
  napi_get_value_double(env, limit_value, &limit);
  auto handle = std::make_unique<Handle>();
  handle->environment = *static_cast<Shared*>(shared);
  handle->graph = std::make_shared<Graph>(shape, *kernel);
  handle->inline_microseconds = limit;
  // Between what 20,000 and 100,000 rows cost on a current machine; corrected by the first searches.
  handle->cost = std::make_shared<Cost>(Cost{0.5 + 0.0025 * dimension});
  if (napi_type_tag_object(env, self, &kTag) != napi_ok ||
      napi_wrap(env, self, handle.get(), finalize, nullptr, nullptr) != napi_ok) {
    napi_throw_type_error(env, nullptr, "not a new Graph");
    return nullptr;
  }
  handle.release();
  return self;
}

// Fewer rows than this are linked one after the other.
constexpr std::uint32_t kFewRows = 16;

// Rows linked at the same moment do not see each other, and rows that were appended together are often
// of one person. So threads take rows far apart: each the golden section of them all from the last.
class Linking : public Asked {
 public:
  Linking(std::shared_ptr<Graph> graph, std::uint32_t first, std::uint32_t count)
      : Asked(count < kFewRows ? 1 : count), graph_(std::move(graph)), first_(first), count_(count) {
    step_ = static_cast<std::uint64_t>(count * 0.618033988749895);
    while (std::gcd(step_, std::uint64_t{count}) != 1) ++step_;
  }
  void run(std::uint32_t unit, Scratch& scratch) override {
    const std::uint32_t rows = count_ < kFewRows ? count_ : 1;
    for (std::uint32_t i = 0; i < rows; ++i) {
      // Nobody else can ask a graph that has been disposed: the rest would be in vain.
      if (graph_.use_count() == 1) return;
      const std::uint64_t at = (unit + i) * step_ % count_;
      graph_->link(first_ + static_cast<std::uint32_t>(at), scratch);
    }
  }

 protected:
  napi_value result(napi_env env) override {
    napi_value undefined = nullptr;
    napi_get_undefined(env, &undefined);
    return undefined;
  }

 private:
  const std::shared_ptr<Graph> graph_;
  const std::uint32_t first_;
  const std::uint32_t count_;
  std::uint64_t step_;
};

// append(rows) -> Promise: the rows are found by searches once it resolves, as the ids count, count + 1, …
// Where it throws GRAPH_BUSY or rejects, some of them may never be found.
napi_value append(napi_env env, napi_callback_info info) {
  Handle* handle = nullptr;
  std::array<napi_value, 1> arguments;
  Span<float> rows;
  if (!open_call(env, info, handle, arguments) ||
      !read(env, arguments[0], "rows must be a Float32Array", rows)) {
    return nullptr;
  }
  Graph& graph = *handle->graph;
  const std::size_t dimension = graph.shape().dimension;
  const std::size_t count = rows.length / dimension;
  if (rows.length == 0 || rows.length % dimension != 0) {
    fail_range(env, "rows must hold a positive multiple of the dimension");
    return nullptr;
  }
  if (count > kMaxNodes - graph.count()) {
    fail_range(env, "a graph holds at most 2^28 rows");
    return nullptr;
  }
  if (!usable(rows.data, count, dimension)) {
    fail_values(env);
    return nullptr;
  }
  const auto size = static_cast<std::uint32_t>(count);
  auto work = std::make_unique<Linking>(handle->graph, graph.count(), size);
  graph.append(rows.data, size);
  handle->account();
  return handle->environment->submit(Lane::build, std::move(work));
}

// remove(ids) -> how many were not deleted before.
napi_value remove(napi_env env, napi_callback_info info) {
  Handle* handle = nullptr;
  std::array<napi_value, 1> arguments;
  Span<std::uint32_t> ids;
  if (!open_call(env, info, handle, arguments) ||
      !read(env, arguments[0], "ids must be a Uint32Array", ids)) {
    return nullptr;
  }
  for (std::size_t i = 0; i < ids.length; ++i) {
    if (ids.data[i] >= handle->graph->count()) {
      fail_range(env, "an id is not below the number of rows");
      return nullptr;
    }
  }
  std::size_t removed = 0;
  for (std::size_t i = 0; i < ids.length; ++i) removed += handle->graph->remove(ids.data[i]);
  return number(env, removed);
}

// { ids, scores } of what was found.
napi_value found_value(napi_env env, const std::vector<Candidate>& found) {
  void* data = nullptr;
  napi_value buffer = nullptr, ids = nullptr, scores = nullptr, result = nullptr;
  const std::size_t size = found.size();
  if (napi_create_arraybuffer(env, size * 8, &data, &buffer) != napi_ok ||
      napi_create_typedarray(env, napi_uint32_array, size, buffer, 0, &ids) != napi_ok ||
      napi_create_typedarray(env, napi_float32_array, size, buffer, size * 4, &scores) != napi_ok ||
      napi_create_object(env, &result) != napi_ok) {
    return nullptr;
  }
  auto* const bytes = static_cast<std::uint8_t*>(data);
  for (std::size_t i = 0; i < size; ++i) {
    std::memcpy(bytes + i * 4, &found[i].id, 4);
    std::memcpy(bytes + (size + i) * 4, &found[i].score, 4);
  }
  napi_set_named_property(env, result, "ids", ids);
  napi_set_named_property(env, result, "scores", scores);
  return result;
}

class Searching : public Asked {
 public:
  Searching(const Handle& handle, const Span<float>& query, std::uint32_t limit, std::uint32_t ef)
      : Asked(1),
        graph_(handle.graph),
        cost_(handle.cost),
        query_(query.data, query.data + query.length),
        ef_(ef),
        found_(limit) {}
  void run(std::uint32_t, Scratch& scratch) override {
    const auto started = std::chrono::steady_clock::now();
    found_.resize(graph_->search(query_.data(), ef_, scratch, found_.data(), found_.size()));
    took_ = std::chrono::steady_clock::now() - started;
  }
  napi_value result(napi_env env) override {
    cost_->learn(took_.count() / ef_);
    return found_value(env, found_);
  }

 private:
  const std::shared_ptr<Graph> graph_;
  const std::shared_ptr<Cost> cost_;
  const std::vector<float> query_;
  const std::uint32_t ef_;
  std::vector<Candidate> found_;
  std::chrono::duration<double, std::micro> took_{0};
};

// search(query, limit, ef) -> { ids, scores }, or a promise of it where it takes long.
napi_value search(napi_env env, napi_callback_info info) {
  Handle* handle = nullptr;
  std::array<napi_value, 3> arguments;
  Span<float> query;
  std::uint32_t limit = 0, ef = 0;
  if (!open_call(env, info, handle, arguments) || !read_query(env, arguments[0], query) ||
      !read_count(env, arguments[1], "limit", {1, kMaxEf}, limit) ||
      !read_count(env, arguments[2], "ef", {static_cast<double>(limit), kMaxEf}, ef)) {
    return nullptr;
  }
  if (query.length != handle->graph->shape().dimension) {
    fail_range(env, "query must be of the graph's dimension");
    return nullptr;
  }
  if (!usable(query.data, 1, query.length)) {
    fail_values(env);
    return nullptr;
  }
  auto work = std::make_unique<Searching>(*handle, query, limit, ef);
  if (handle->cost->microseconds * ef <= handle->inline_microseconds) {
    work->run(0, handle->environment->scratch());
    return work->result(env);
  }
  return handle->environment->submit(Lane::search, std::move(work));
}

// dispose(): frees the memory as soon as searches under way have ended. Again it does nothing.
napi_value dispose(napi_env env, napi_callback_info info) {
  Handle* handle = nullptr;
  std::array<napi_value, 1> arguments;
  if (!open_call(env, info, handle, arguments)) {
    napi_value error = nullptr;
    if (handle) napi_get_and_clear_last_exception(env, &error);
    return nullptr;
  }
  handle->graph.reset();
  handle->account();
  return nullptr;
}

// The getter `count`: rows appended, those deleted among them.
napi_value count(napi_env env, napi_callback_info info) {
  Handle* handle = nullptr;
  std::array<napi_value, 1> arguments;
  return open_call(env, info, handle, arguments) ? number(env, handle->graph->count()) : nullptr;
}

// The getter `dead`: rows deleted.
napi_value dead(napi_env env, napi_callback_info info) {
  Handle* handle = nullptr;
  std::array<napi_value, 1> arguments;
  return open_call(env, info, handle, arguments) ? number(env, handle->graph->dead()) : nullptr;
}

napi_property_descriptor method(const char* name, napi_callback callback) {
  return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_default_method, nullptr};
}

napi_property_descriptor getter(const char* name, napi_callback callback) {
  return {name, nullptr, nullptr, callback, nullptr, nullptr, napi_default, nullptr};
}

}  // namespace

bool register_graph(napi_env env, napi_value exports) {
  auto shared = std::make_unique<Shared>(std::make_shared<Environment>(env));
  const std::array<napi_property_descriptor, 6> members = {
      method("append", guarded<append>),   method("remove", guarded<remove>),
      method("search", guarded<search>),   method("dispose", guarded<dispose>),
      getter("count", guarded<count>),     getter("dead", guarded<dead>),
  };
  napi_value graph = nullptr;
  if (napi_define_class(env, "Graph", NAPI_AUTO_LENGTH, guarded<construct>, shared.get(),
                        members.size(), members.data(), &graph) != napi_ok ||
      napi_set_named_property(env, exports, "Graph", graph) != napi_ok) {
    return false;
  }
  napi_add_env_cleanup_hook(
      env, [](void* data) { delete static_cast<Shared*>(data); }, shared.release());
  return true;
}

}  // namespace likeness

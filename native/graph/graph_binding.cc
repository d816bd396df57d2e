// The class Graph as JavaScript sees it: a graph over the rows of a Table, which it keeps. Types, sizes and
// values are checked here, once a call.
#include "graph_binding.h"

#include <algorithm>
#include <chrono>
#include <numeric>

#include "../arguments.h"
#include "../table/table_binding.h"
#include "graph_search.h"
#include "values.h"

namespace likeness {
namespace {

using Shared = std::shared_ptr<Environment>;
using Ordinals = std::vector<std::uint32_t>;

constexpr double kMostPerMatch = 1000;

// What the rows of one graph wait for; for the thread of JavaScript but `closed`.
struct Waiting {
  // Given and not yet linked: from `next` on in the order they came, and those being linked.
  Ordinals rows;
  std::size_t next = 0;
  Ordinals batch;
  // Nobody will ask the graph again.
  std::atomic<bool> closed{false};

  std::size_t left() const { return rows.size() - next; }
  std::size_t size() const { return left() + batch.size(); }

  void take(std::size_t most) {
    const auto first = rows.begin() + static_cast<std::ptrdiff_t>(next);
    batch.assign(first, first + static_cast<std::ptrdiff_t>(std::min(most, left())));
    next += batch.size();
    if (next < rows.size() / 2) return;
    rows.erase(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(next));
    next = 0;
  }

  // All of them, rising.
  Ordinals sorted() const {
    Ordinals all(rows.begin() + static_cast<std::ptrdiff_t>(next), rows.end());
    all.insert(all.end(), batch.begin(), batch.end());
    if (!std::is_sorted(all.begin(), all.end())) std::sort(all.begin(), all.end());
    return all;
  }
};

// The native side of one Graph object.
struct GraphHandle {
  static constexpr napi_type_tag kTag = {0x6c696b656e657373u, 0x67726170685f3032u};
  static constexpr const char* kName = "not a Graph";

  Shared environment;
  std::shared_ptr<Graph> graph;
  std::shared_ptr<Waiting> waiting;
  std::shared_ptr<Cost> cost;
  // Rows that searches have scored by their codes.
  std::shared_ptr<std::uint64_t> scored = std::make_shared<std::uint64_t>(0);
  double inline_microseconds;
  // Rows given, and those of them that were deleted.
  std::size_t size = 0;
  std::size_t dead = 0;
  std::size_t accounted = 0;

  bool disposed() const { return !graph; }
  void dispose() {
    waiting->closed = true;
    graph.reset();
    account();
  }
  void account() {
    const std::size_t bytes = graph ? graph->bytes() : 0;
    environment->account(static_cast<std::ptrdiff_t>(bytes) - static_cast<std::ptrdiff_t>(accounted));
    accounted = bytes;
  }
};

// new Graph(table, { m, efConstruction, inlineMicroseconds? })
napi_value construct(napi_env env, napi_callback_info info) {
  std::array<napi_value, 2> arguments;
  napi_value self = nullptr;
  void* shared = nullptr;
  TableHandle* table = nullptr;
  GraphShape shape{};
  auto handle = std::make_unique<GraphHandle>();
  if (!open_construct(env, info, self, arguments, shared) || !unwrap(env, arguments[0], table) ||
      !read_property(env, arguments[1], "m", {2, kMaxM}, shape.m) ||
      !read_property(env, arguments[1], "efConstruction", {1, kMaxEf}, shape.ef_construction) ||
      !read_inline(env, arguments[1], handle->inline_microseconds)) {
    return nullptr;
  }
  handle->environment = *static_cast<Shared*>(shared);
  handle->graph = std::make_shared<Graph>(table->table, shape);
  handle->waiting = std::make_shared<Waiting>();
  // Between what 20,000 and 100,000 rows cost on a current machine; corrected by the first searches.
  handle->cost = std::make_shared<Cost>(Cost{0.5 + 0.0025 * static_cast<double>(table->table->dimension())});
  return wrap(env, self, std::move(handle));
}

// Every ordinal below `end`.
bool read_ordinals(napi_env env, napi_value value, std::uint32_t end, Span<std::uint32_t>& ordinals) {
  if (!read(env, value, "ordinals must be a Uint32Array", ordinals)) return false;
  for (std::size_t i = 0; i < ordinals.length; ++i)
    if (ordinals.data[i] >= end) return fail_range(env, "an ordinal is not below the number of rows");
  return true;
}

// give(ordinals): rows to be linked, each of which the graph takes once.
napi_value give(napi_env env, napi_callback_info info) {
  GraphHandle* handle = nullptr;
  std::array<napi_value, 1> arguments;
  Span<std::uint32_t> ordinals;
  if (!open_call(env, info, handle, arguments) ||
      !read_ordinals(env, arguments[0], handle->graph->table().end(), ordinals)) {
    return nullptr;
  }
  Graph& graph = *handle->graph;
  Ordinals& rows = handle->waiting->rows;
  graph.grow(graph.table().end());
  rows.reserve(std::max(rows.capacity(), rows.size() + ordinals.length));
  for (std::size_t i = 0; i < ordinals.length; ++i) {
    if (!graph.give(ordinals.data[i])) continue;
    rows.push_back(ordinals.data[i]);
    ++handle->size;
  }
  handle->account();
  return nullptr;
}

// Fewer rows than this are linked one after the other.
constexpr std::size_t kFewRows = 16;

// Rows linked at the same moment do not see each other, and rows that came together are often of one
// person. So threads take rows far apart: each the golden section of them all from the last.
class Linking : public Asked {
 public:
  Linking(std::shared_ptr<Graph> graph, std::shared_ptr<Waiting> waiting)
      : Asked(units_for(waiting->batch.size())), graph_(std::move(graph)), waiting_(std::move(waiting)) {
    const std::size_t count = waiting_->batch.size();
    step_ = static_cast<std::uint64_t>(static_cast<double>(count) * 0.618033988749895);
    while (std::gcd(step_, std::uint64_t{count}) != 1) ++step_;
  }
  void run(std::uint32_t unit, Scratch& scratch) override {
    const Ordinals& batch = waiting_->batch;
    const std::size_t rows = units() == 1 ? batch.size() : 1;
    for (std::size_t i = 0; i < rows && !waiting_->closed; ++i) {
      const std::uint32_t ordinal = batch[(unit + i) * step_ % batch.size()];
      // Gone before anything could link to it.
      if (graph_->table().live(ordinal)) graph_->link(ordinal, scratch);
    }
  }

 protected:
  napi_value result(napi_env env) override {
    waiting_->batch.clear();
    return number(env, waiting_->size());
  }

 private:
  static std::uint32_t units_for(std::size_t rows) {
    return rows < kFewRows ? 1 : static_cast<std::uint32_t>(rows);
  }

  const std::shared_ptr<Graph> graph_;
  const std::shared_ptr<Waiting> waiting_;
  std::uint64_t step_;
};

constexpr double kMostLinked = 1 << 16;

// link(most) -> Promise: links so many of the rows given, and says how many wait then. One call at a time.
// After it rejects, or throws VECTORS_BUSY, some of them may never be found.
napi_value link(napi_env env, napi_callback_info info) {
  GraphHandle* handle = nullptr;
  std::array<napi_value, 1> arguments;
  std::uint32_t most = 0;
  if (!open_call(env, info, handle, arguments) ||
      !read_count(env, arguments[0], "most", {1, kMostLinked}, most)) {
    return nullptr;
  }
  Waiting& waiting = *handle->waiting;
  if (!waiting.batch.empty()) {
    fail_range(env, "rows are being linked");
    return nullptr;
  }
  if (waiting.left() == 0) {
    fail_range(env, "there are no rows to link");
    return nullptr;
  }
  waiting.take(most);
  return handle->environment->submit(Lane::build, std::make_unique<Linking>(handle->graph, handle->waiting));
}

// retire(ordinal): the row was removed from the table.
napi_value retire(napi_env env, napi_callback_info info) {
  GraphHandle* handle = nullptr;
  std::array<napi_value, 1> arguments;
  std::uint32_t ordinal = 0;
  if (!open_call(env, info, handle, arguments) ||
      !read_count(env, arguments[0], "ordinal", {0, kMaxRows - 1.0}, ordinal)) {
    return nullptr;
  }
  if (handle->graph->holds(ordinal)) ++handle->dead;
  return nullptr;
}

// without(ordinals) -> Uint32Array: those that were never given to the graph.
napi_value without(napi_env env, napi_callback_info info) {
  GraphHandle* handle = nullptr;
  std::array<napi_value, 1> arguments;
  Span<std::uint32_t> ordinals;
  if (!open_call(env, info, handle, arguments) ||
      !read_ordinals(env, arguments[0], kMaxRows, ordinals)) {
    return nullptr;
  }
  Ordinals others;
  for (std::size_t i = 0; i < ordinals.length; ++i)
    if (!handle->graph->holds(ordinals.data[i])) others.push_back(ordinals.data[i]);
  void* data = nullptr;
  napi_value buffer = nullptr, result = nullptr;
  if (napi_create_arraybuffer(env, others.size() * 4, &data, &buffer) != napi_ok ||
      napi_create_typedarray(env, napi_uint32_array, others.size(), buffer, 0, &result) != napi_ok) {
    return nullptr;
  }
  std::copy(others.begin(), others.end(), static_cast<std::uint32_t*>(data));
  return result;
}

class Searching : public Asked {
 public:
  Searching(const GraphHandle& handle, std::unique_ptr<Queries> queries, std::vector<Reach> reaches)
      : Asked(static_cast<std::uint32_t>(queries->size()), queries->size()),
        graph_(handle.graph),
        cost_(handle.cost),
        scored_(handle.scored),
        queries_(std::move(queries)),
        reaches_(std::move(reaches)),
        pending_(handle.waiting->sorted()),
        complete_(queries_->size()),
        took_(queries_->size()),
        scored_here_(queries_->size()) {}
  void run(std::uint32_t unit, Scratch& scratch) override {
    const auto started = std::chrono::steady_clock::now();
    scratch.scored = 0;
    const std::size_t looked =
        search_graph(*graph_, *queries_, unit, reaches_[unit], pending_, scratch, complete_[unit]);
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - started;
    took_[unit] = took.count() / static_cast<double>(std::max<std::size_t>(1, looked));
    scored_here_[unit] = scratch.scored;
  }
  napi_value result(napi_env env) override {
    for (const double took : took_)
      if (took > 0) cost_->learn(took);
    *scored_ = std::accumulate(scored_here_.begin(), scored_here_.end(), *scored_);
    return results_of(env, *queries_, complete_);
  }

 private:
  const std::shared_ptr<Graph> graph_;
  const std::shared_ptr<Cost> cost_;
  const std::shared_ptr<std::uint64_t> scored_;
  const std::unique_ptr<Queries> queries_;
  const std::vector<Reach> reaches_;
  const Ordinals pending_;
  std::vector<std::uint8_t> complete_;
  // Microseconds for each candidate.
  std::vector<double> took_;
  // Rows scored for each query.
  std::vector<std::uint64_t> scored_here_;
};

// search(queries, limits, floors, allowed, efs, most, perMatch) -> results, or a promise of them where it
// takes long. A query begins with its ef of candidates and goes on, with twice as many, to `most`.
napi_value search(napi_env env, napi_callback_info info) {
  GraphHandle* handle = nullptr;
  std::array<napi_value, 7> arguments;
  Span<std::uint32_t> efs;
  Reach reach{};
  if (!open_call(env, info, handle, arguments) ||
      !read(env, arguments[4], "efs must be a Uint32Array", efs) ||
      !read_count(env, arguments[5], "most", {1, kMaxEf}, reach.most) ||
      !read_count(env, arguments[6], "perMatch", {1, kMostPerMatch}, reach.per_match)) {
    return nullptr;
  }
  auto queries = read_queries(env, handle->graph->table(), arguments.data());
  if (!queries) return nullptr;
  if (efs.length != queries->size()) {
    fail_range(env, "efs must have a number for each query");
    return nullptr;
  }
  std::vector<Reach> reaches(efs.length, reach);
  double candidates = 0;
  for (std::size_t i = 0; i < efs.length; ++i) {
    if (efs.data[i] == 0 || efs.data[i] > kMaxEf) {
      fail_range(env, "an ef must be 1 to 65536");
      return nullptr;
    }
    reaches[i].ef = efs.data[i];
    candidates += efs.data[i];
  }
  auto work = std::make_unique<Searching>(*handle, std::move(queries), std::move(reaches));
  if (handle->cost->microseconds * candidates > handle->inline_microseconds)
    return handle->environment->submit(Lane::search, std::move(work));
  work->run_all(handle->environment->scratch());
  return work->result(env);
}

template <typename Value>
napi_value get(napi_env env, napi_callback_info info, Value value) {
  GraphHandle* handle = nullptr;
  std::array<napi_value, 1> arguments;
  napi_value result = nullptr;
  if (open_call(env, info, handle, arguments))
    napi_create_double(env, static_cast<double>(value(*handle)), &result);
  return result;
}

// The getters: rows given and not linked yet; rows given; those of them removed; what a search is expected
// to take for each candidate; rows scored by all searches; native memory taken.
napi_value pending(napi_env env, napi_callback_info info) {
  return get(env, info, [](const GraphHandle& handle) { return handle.waiting->size(); });
}
napi_value size(napi_env env, napi_callback_info info) {
  return get(env, info, [](const GraphHandle& handle) { return handle.size; });
}
napi_value dead(napi_env env, napi_callback_info info) {
  return get(env, info, [](const GraphHandle& handle) { return handle.dead; });
}
napi_value candidate_microseconds(napi_env env, napi_callback_info info) {
  return get(env, info, [](const GraphHandle& handle) { return handle.cost->microseconds; });
}
napi_value scored(napi_env env, napi_callback_info info) {
  return get(env, info, [](const GraphHandle& handle) { return *handle.scored; });
}
napi_value bytes(napi_env env, napi_callback_info info) {
  return get(env, info, [](const GraphHandle& handle) { return handle.graph->bytes(); });
}

}  // namespace

std::shared_ptr<Graph> native_graph(napi_env env, napi_value object) {
  GraphHandle* handle = nullptr;
  return unwrap(env, object, handle) ? handle->graph : nullptr;
}

void count_restored(napi_env env, napi_value object, std::size_t size, std::size_t dead) {
  GraphHandle* handle = nullptr;
  if (!unwrap(env, object, handle)) return;
  handle->size = size;
  handle->dead = dead;
  handle->account();
}

bool register_graph(napi_env env, napi_value exports, const std::shared_ptr<Environment>& environment) {
  const std::array<napi_property_descriptor, 12> members = {
      method("give", guarded<give>),
      method("link", guarded<link>),
      method("retire", guarded<retire>),
      method("without", guarded<without>),
      method("search", guarded<search>),
      method("dispose", guarded<dispose<GraphHandle>>),
      getter("pending", guarded<pending>),
      getter("size", guarded<size>),
      getter("dead", guarded<dead>),
      getter("candidateMicroseconds", guarded<candidate_microseconds>),
      getter("scored", guarded<scored>),
      getter("bytes", guarded<bytes>),
  };
  return define_class(env, exports, "Graph", guarded<construct>, members.data(), members.size(), environment);
}

}  // namespace likeness

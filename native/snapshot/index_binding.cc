// Tables and graphs in snapshots, as JavaScript sees them. Arguments are checked here, once a call.
#include "index_binding.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "../graph/graph_binding.h"
#include "../graph/graph_snapshot.h"
#include "../table/table_binding.h"
#include "../table/table_snapshot.h"
#include "jobs.h"
#include "snapshot_binding.h"

namespace likeness {
namespace {

TableHandle& table_of(const Napi::Value& value) {
  TableHandle* handle = nullptr;
  if (!unwrap(value.Env(), value, handle)) throw Napi::Error::New(value.Env());
  return *handle;
}

std::shared_ptr<Graph> graph_of(const Napi::Value& value) {
  auto graph = native_graph(value.Env(), value);
  if (!graph) throw Napi::Error::New(value.Env());
  return graph;
}

std::string prefix_of(const Napi::Value& value) {
  if (!value.IsString()) throw Napi::TypeError::New(value.Env(), "prefix must be a string");
  return value.As<Napi::String>().Utf8Value();
}

Marks marks_in(const Napi::Value& value) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
    throw Napi::TypeError::New(value.Env(), "marks must be a Uint8Array");
  const auto array = value.As<Napi::Uint8Array>();
  if (array.ElementLength() > kMaxRows) throw Napi::RangeError::New(value.Env(), "there are too many marks");
  return {array.Data(), array.Data() + array.ElementLength()};
}

std::uint32_t number_below(const Napi::Value& value, double end, const char* name) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : -1;
  if (!(number >= 0 && number < end) || number != static_cast<std::uint32_t>(number))
    throw Napi::RangeError::New(value.Env(), std::string(name) + " is not below the number there is");
  return static_cast<std::uint32_t>(number);
}

// marks(table) -> Uint8Array: 1 for each ordinal where a row is now.
Napi::Value marks(const Napi::CallbackInfo& info) {
  const Marks all = marks_of(*table_of(info[0]).table);
  auto array = Napi::Uint8Array::New(info.Env(), all.size());
  std::copy(all.begin(), all.end(), array.Data());
  return array;
}

// saveTable(writer, prefix, table, marks, graph?) -> Promise. The rows with a mark must not be written again until then.
Napi::Value save(const Napi::CallbackInfo& info) {
  const std::string prefix = prefix_of(info[1]);
  const std::shared_ptr<Table> table = table_of(info[2]).table;
  auto given = std::make_shared<const Marks>(marks_in(info[3]));
  if (given->size() > table->end()) throw Napi::RangeError::New(info.Env(), "there are more marks than rows");
  std::shared_ptr<const Graph> graph;
  if (!info[4].IsUndefined()) graph = graph_of(info[4]);
  return write_in_background(info[0], [prefix, table, given, graph](SnapshotWriter& to) {
    save_table(*table, graph.get(), *given, prefix, to);
  });
}

// saveGraph(writer, prefix, graph, end) -> Promise: what it holds of the rows below `end`.
Napi::Value save_graph(const Napi::CallbackInfo& info) {
  const std::string prefix = prefix_of(info[1]);
  auto graph = graph_of(info[2]);
  const std::uint32_t end = number_below(info[3], graph->table().end() + 1.0, "end");
  auto saved = std::make_shared<const GraphSave>(std::move(graph), end);
  return write_in_background(info[0], [prefix, saved](SnapshotWriter& to) { saved->write(prefix, to); });
}

// restoreSegment(reader, prefix, table, segment, marks, keepRows) -> Promise
Napi::Value restore_one(const Napi::CallbackInfo& info) {
  const std::string prefix = prefix_of(info[1]);
  const std::shared_ptr<Table> table = table_of(info[2]).table;
  const std::uint32_t segment = number_below(info[3], table->segments(), "segment");
  auto given = std::make_shared<const Marks>(marks_in(info[4]));
  if (given->size() > table->capacity()) throw Napi::RangeError::New(info.Env(), "there are more marks than rows");
  const bool keep_rows = info[5].ToBoolean().Value();
  Job job;
  job.work = [file = snapshot_of(info[0]), prefix, table, segment, given, keep_rows](const Cancel& cancel) {
    restore_segment(*table, segment, *given, keep_rows, prefix, *file, cancel);
  };
  return start_job(info.Env(), std::move(job));
}

// restored(table, marks): all segments are filled, and these rows are there.
void restored_table(const Napi::CallbackInfo& info) {
  Table& table = *table_of(info[0]).table;
  const Marks given = marks_in(info[1]);
  if (given.size() > table.capacity()) throw Napi::RangeError::New(info.Env(), "there are more marks than rows");
  table.restored(static_cast<std::uint32_t>(std::count(given.begin(), given.end(), 1)),
                 static_cast<std::uint32_t>(given.size()));
}

// graphShape(reader, prefix) -> { m, efConstruction }
Napi::Value graph_shape(const Napi::CallbackInfo& info) {
  GraphShape shape;
  try {
    shape = GraphRestore::shape(*snapshot_of(info[0]), prefix_of(info[1]));
  } catch (const SnapshotError&) {
    throw error_of(info.Env(), std::current_exception());
  }
  auto result = Napi::Object::New(info.Env());
  result.Set("m", shape.m);
  result.Set("efConstruction", shape.ef_construction);
  return result;
}

// restoreGraph(reader, prefix, graph, end) -> Promise of a Uint32Array: rows that it must be given. The graph is new, of
// the shape that was saved; its table has all rows below `end`.
Napi::Value restore_graph(const Napi::CallbackInfo& info) {
  const std::string prefix = prefix_of(info[1]);
  auto graph = graph_of(info[2]);
  const std::uint32_t end = number_below(info[3], graph->table().end() + 1.0, "end");
  struct Outcome {
    std::vector<std::uint32_t> missing;
    std::size_t size = 0, dead = 0;
    Napi::ObjectReference object;
  };
  auto outcome = std::make_shared<Outcome>();
  outcome->object = Napi::Persistent(info[2].As<Napi::Object>());
  Job job;
  job.work = [file = snapshot_of(info[0]), prefix, graph, end, out = outcome.get()](const Cancel& cancel) {
    GraphRestore restore(*graph, end, *file, cancel);
    out->missing = restore.run(prefix);
    out->size = restore.size();
    out->dead = restore.dead();
  };
  job.result = [outcome](Napi::Env env) -> Napi::Value {
    count_restored(env, outcome->object.Value(), outcome->size, outcome->dead);
    auto missing = Napi::Uint32Array::New(env, outcome->missing.size());
    std::copy(outcome->missing.begin(), outcome->missing.end(), missing.Data());
    return missing;
  };
  return start_job(info.Env(), std::move(job));
}

}  // namespace

void register_index_snapshots(Napi::Env env, Napi::Object snapshots) {
  snapshots.Set("marks", Napi::Function::New<marks>(env, "marks"));
  snapshots.Set("saveTable", Napi::Function::New<save>(env, "saveTable"));
  snapshots.Set("saveGraph", Napi::Function::New<save_graph>(env, "saveGraph"));
  snapshots.Set("restoreSegment", Napi::Function::New<restore_one>(env, "restoreSegment"));
  snapshots.Set("restored", Napi::Function::New<restored_table>(env, "restored"));
  snapshots.Set("graphShape", Napi::Function::New<graph_shape>(env, "graphShape"));
  snapshots.Set("restoreGraph", Napi::Function::New<restore_graph>(env, "restoreGraph"));
}

}  // namespace likeness

#pragma once
#include <node_api.h>

#include <memory>

#include "../objects.h"
#include "queries.h"

namespace likeness {

// The native side of one Table object.
struct TableHandle {
  static constexpr napi_type_tag kTag = {0x6c696b656e657373u, 0x7461626c655f3031u};
  static constexpr const char* kName = "not a Table";

  std::shared_ptr<Environment> environment;
  std::shared_ptr<Table> table;
  std::shared_ptr<Cost> cost;
  double inline_microseconds;
  std::size_t accounted = 0;

  bool disposed() const { return !table; }
  void dispose() {
    table.reset();
    account();
  }
  // Tells the garbage collector what hangs on the object.
  void account();
};

// Defines the class Table in exports. False with an exception pending.
bool register_table(napi_env env, napi_value exports, const std::shared_ptr<Environment>& environment);

// Reads queries: unit vectors end to end, a limit and a floor for each, and a bit for each ordinal that may
// be found or undefined. nullptr with an exception pending.
std::unique_ptr<Queries> read_queries(napi_env env, const Table& table, const napi_value* four);

// { ordinals, scores, ends, complete }: what was found for one query after the other, best first, where
// each one's results end, and 1 for each that is `complete`.
napi_value results_of(napi_env env, Queries& queries, const std::vector<std::uint8_t>& complete);

}  // namespace likeness

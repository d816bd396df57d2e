#include "graph_search.h"

#include <algorithm>

namespace likeness {
namespace {

// Scores those candidates that may be among the best. Returns what the last could score at most: so does
// about every row that is not among the candidates.
double offer(const Table& table, const Query& query, const std::vector<Candidate>& candidates,
             BestHeap& heap) {
  const Products scored = table.products(query);
  const std::size_t size = candidates.size();
  const std::size_t row_bytes = table.dimension() * sizeof(float);
  const auto ask = [&](std::size_t i) {
    const auto* const row = reinterpret_cast<const char*>(table.row(candidates[i].id));
    for (std::size_t at = 0; at < row_bytes; at += kLine) __builtin_prefetch(row + at);
  };
  const auto possible = [&](std::size_t i) {
    const double error = query.coded.first.per_error * static_cast<double>(table.scale(candidates[i].id)[1]);
    return static_cast<double>(candidates[i].score) + error + query.coded.first.rest;
  };
  const auto surely = [&](std::size_t i) {
    const float* const scales = table.scale(candidates[i].id);
    const double error = query.coded.second.per_error * static_cast<double>(scales[1]);
    const double dot = scored.second(table.code(candidates[i].id));
    return static_cast<double>(candidates[i].score) + dot * query.coded.second.scale * static_cast<double>(scales[0]) +
           error + query.coded.second.rest + kSingleError;
  };
  Doubts doubts;
  const auto decide = [&](std::size_t i, double most) {
    // The heap may have filled up since.
    if (heap.takes(most)) heap.offer(table.score(query.vector, candidates[i].id), candidates[i].id);
  };
  for (std::size_t i = 0; i < size; ++i) {
    if (!heap.takes(possible(i))) continue;
    const double most = surely(i);
    if (!heap.takes(most)) continue;
    ask(i);
    doubts.add(i, most);
    if (doubts.full()) doubts.settle(decide);
  }
  doubts.settle(decide);
  return size == 0 ? -2 : possible(size - 1);
}

void offer_pending(const Table& table, const Queries& queries, std::size_t i,
                   const std::vector<std::uint32_t>& pending, BestHeap& heap) {
  const Filter* const filter = queries.filter();
  if (!filter) return table.offer(queries[i], pending.data(), pending.size(), heap);
  for (const std::uint32_t& ordinal : pending)
    if (filter->admits(ordinal)) table.offer(queries[i], &ordinal, 1, heap);
}

}  // namespace

std::size_t search_graph(const Graph& graph, Queries& queries, std::size_t i, const Reach& reach,
                         const std::vector<std::uint32_t>& pending, Scratch& scratch,
                         std::uint8_t& complete) {
  const Table& table = graph.table();
  const Query& query = queries[i];
  const auto is_pending = [&pending](const Candidate& candidate) {
    return std::binary_search(pending.begin(), pending.end(), candidate.id);
  };
  std::size_t looked = 0;
  complete = 0;
  for (std::size_t ef = reach.ef; ef <= reach.most && complete == 0;) {
    looked += ef;
    std::vector<Hit>& found = queries.found(i);
    found.clear();
    Heaps heaps(queries, i, 1, ef + pending.size(), scratch);
    scratch.found.resize(ef);
    scratch.found.resize(graph.search(query, ef, queries.filter(), scratch, scratch.found.data()));
    const bool all = scratch.found.size() < ef;
    // What is pending is looked at below, and must not be found twice.
    auto& candidates = scratch.found;
    candidates.erase(std::remove_if(candidates.begin(), candidates.end(), is_pending), candidates.end());
    const double farthest = offer(table, query, candidates, heaps[0]);
    offer_pending(table, queries, i, pending, heaps[0]);
    heaps.finish(0, found);
    const std::size_t needed = found.size() * reach.per_match;
    const bool full = found.size() == query.limit;
    const bool beyond = farthest < query.floor || (full && found.back().score > farthest);
    complete = all || (beyond && ef >= needed);
    ef = std::max(ef * 2, needed);
  }
  return looked;
}

}  // namespace likeness

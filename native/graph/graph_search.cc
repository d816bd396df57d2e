#include "graph_search.h"

#include <algorithm>
#include <cmath>

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
    return static_cast<double>(candidates[i].score) + error + query.coded.first.rest + kSingleError;
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

// Graphs lead to where many rows are near each other. A row that is near by chance alone, which in a large collection
// some always are, has no neighbours that would lead to it: three of ten were missed. So a graph answers only where
// chance does not reach: this is the score that one row in this many decades fewer reaches than the farthest
// candidate's, if the number of rows falls with their score as it does among the last three quarters of the
// candidates, which are near by chance. (The tails of real scores fall faster than that.)
constexpr double kDecades = 5;

// A search is not begun again with more than this many times as many candidates.
constexpr std::size_t kMostTimes = 4;

double reach_of_chance(const std::vector<Candidate>& candidates) {
  const std::size_t size = candidates.size();
  const double last = candidates[size - 1].score, quarter = candidates[size / 4].score;
  return last + kDecades * (quarter - last) / std::log10(4.0);
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
    const double worst = full ? static_cast<double>(found.back().score) : query.floor;
    const bool enough = ef >= needed && !candidates.empty();
    complete = all || (enough && worst > farthest && worst > reach_of_chance(candidates));
    // More candidates would say the same, or there are so many matches that they are near by chance.
    if (enough || needed > ef * kMostTimes) break;
    ef = std::max(ef * 2, needed);
  }
  return looked;
}

}  // namespace likeness

// Search of a graph with exact scores: candidates by the graph, beside them the rows it has not taken in,
// all scored from their floats.
#pragma once
#include <cstdint>
#include <memory>
#include <vector>

#include "../table/queries.h"
#include "graph.h"

namespace likeness {

// How far a search goes.
struct Reach {
  // Candidates it begins with; it begins again with more where there are many matches.
  std::uint32_t ef;
  // With more than this it gives up.
  std::uint32_t most;
  // Candidates for each match it returns, at least.
  std::uint32_t per_match;
};

// Answers query i of a call; `pending` are rows that the graph may not have, rising. `complete` becomes 0
// where rows that the graph does not lead to could be among the matches, near by chance alone: then it must be scanned.
// Returns how many candidates were asked for in all.
std::size_t search_graph(const Graph& graph, Queries& queries, std::size_t i, const Reach& reach,
                         const std::vector<std::uint32_t>& pending, Scratch& scratch,
                         std::uint8_t& complete);

}  // namespace likeness

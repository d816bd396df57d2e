// A hierarchical navigable small world graph (Malkov and Yashunin, arXiv:1603.09320) over the int8 codes of
// a table's rows, each row a node by its ordinal. It proposes which rows are nearest; whoever asks scores
// them from the vectors.
//
// Any number of threads may link and search at once. Readers take no lock: a list changes by single
// stores, each of which leaves a whole list. A link that is kept never moves, a link that goes is
// overwritten or cleared, so that a reader sees every kept link whenever it looks. Writers of one list
// hold the lock of its node. A node's own lists are complete before the first link to it is stored.
//
// Every node has a keeper, an earlier node that never gives up its link to it: the keepers' links are a
// tree that holds all nodes, so that none is lost by the choices of others, as can happen in such graphs.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "../table/table.h"
#include "beam.h"
#include "nodes.h"

namespace likeness {

struct GraphShape {
  // Links of a node on an upper level; twice as many on the lowest.
  std::uint32_t m;
  // Candidates looked at for an insert.
  std::uint32_t ef_construction;
};

constexpr std::uint32_t kMaxM = 64;
constexpr std::uint32_t kMaxEf = 1u << 16;
// Nodes whose links are followed together.
constexpr std::size_t kTogether = 2;

class Graph {
  friend class GraphSave;
  friend class GraphRestore;

 public:
  // The shape has been checked: 2 ≤ m ≤ 64, 1 ≤ ef_construction ≤ 65536.
  Graph(std::shared_ptr<const Table> table, const GraphShape& shape);

  // Makes room for rows below `count`. std::bad_alloc or std::length_error leave a graph that works. One
  // thread at a time, as for give.
  void grow(std::uint32_t count) { nodes_.grow(count); }
  // Whether a row, for which there is room, was not given before; each may be linked once.
  bool give(std::uint32_t id) { return nodes_.given(id) == 0 && (nodes_.given(id) = 1); }
  // Whether a row is or will be in the graph.
  bool holds(std::uint32_t id) const { return segment_of(id) < nodes_.segments() && nodes_.given(id) != 0; }
  // Links a row that was given, which is found from then on, unless it is deleted: then it may be passed
  // through. After std::bad_alloc it may not be found.
  void link(std::uint32_t id, Scratch& scratch);

  // Calls `each` with every row that a row of the graph links to on the lowest level.
  template <typename Each>
  void each_neighbour(std::uint32_t id, Each each) const {
    const Link* const list = nodes_.list(id, 0);
    for (std::uint32_t i = 0; i < nodes_.places(0); ++i) {
      const std::uint32_t link = list[i].load(std::memory_order_acquire);
      if (link != 0) each(link - 1);
    }
  }

  const Table& table() const { return *table_; }
  const GraphShape& shape() const { return shape_; }
  std::size_t bytes() const { return nodes_.bytes(); }

  // The nearest rows that are there and that the filter, if any, admits: best first, by their codes, at most
  // `ef` of them. The scores are the cosines of the codes.
  std::size_t search(const Query& query, std::size_t ef, const Filter* filter, Scratch& scratch,
                     Candidate* found) const;

 private:
  // A vector to compare nodes with: its signed code and what makes a cosine of it.
  struct Probe {
    const std::int8_t* code;
    std::int32_t sum;
    float scale;
    const Filter* filter;
  };

  // Neighbours of some nodes, not met before, on their way from memory.
  struct Fetched {
    std::size_t size;
    std::uint32_t ids[kTogether * 2 * kMaxM];
    const std::uint8_t* codes[kTogether * 2 * kMaxM];
    const std::uint16_t* scales[kTogether * 2 * kMaxM];
  };

  bool counts(const Probe& probe, std::uint32_t id) const;
  float score(const Probe& probe, std::uint32_t id) const;
  void prefetch(const Table::Coded& row) const;
  Probe probe_of(std::uint32_t id, std::int8_t* code) const;
  Candidate descend(const Probe& probe, Candidate from, int level) const;
  void spread(const Probe& probe, Candidate from, int level, Scratch& scratch) const;
  std::size_t take(int level, Beam& beam, std::size_t& at, std::uint32_t* nodes) const;
  void fetch(const std::uint32_t* nodes, std::size_t count, int level, Visited& visited, Fetched& fetched) const;
  std::size_t judge(const Probe& probe, const Fetched& fetched, Scratch& scratch) const;
  void choose(const std::vector<Candidate>& candidates, std::size_t most, Scratch& scratch,
              std::vector<std::uint32_t>& chosen) const;
  void find_neighbours(std::uint32_t id, Candidate entry, int top, Scratch& scratch) const;
  bool connect(std::uint32_t from, std::uint32_t to, int level, Scratch& scratch, bool must = false);
  bool make_room(std::uint32_t from, std::uint32_t to, int level, Scratch& scratch, bool must);
  void find_keeper(std::uint32_t nearest, std::uint32_t id, Scratch& scratch);
  void keep(std::uint32_t from, std::uint32_t to, int level, Link& place);
  bool is_kept(std::uint32_t from, std::uint32_t to, int level) const;

  const std::shared_ptr<const Table> table_;
  const GraphShape shape_;
  const CodeDotFn dot_;
  const CodeDotsFn dots_;
  const std::size_t stride_;
  const std::vector<std::int8_t> ones_;
  Nodes nodes_;
  // Level of the entry node in the upper half, its id plus one in the lower; 0: no node yet.
  std::atomic<std::uint64_t> entry_{0};
  std::atomic<std::uint32_t> linked_{0};
  // Held by an insert that makes a new entry node, and by each of the first.
  std::mutex entry_mutex_;
};

}  // namespace likeness

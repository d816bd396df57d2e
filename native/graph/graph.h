// A hierarchical navigable small world graph (Malkov and Yashunin, arXiv:1603.09320) over int8 codes of
// unit vectors. It proposes which nodes are nearest; whoever asks scores them from the vectors.
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
#include <mutex>

#include "../kernels/code.h"
#include "beam.h"
#include "nodes.h"

namespace likeness {

struct GraphShape {
  std::size_t dimension;
  // Links of a node on an upper level; twice as many on the lowest.
  std::uint32_t m;
  // Candidates looked at for an insert.
  std::uint32_t ef_construction;
};

constexpr std::size_t kMaxGraphDimension = 8192;
constexpr std::uint32_t kMaxM = 64;
constexpr std::uint32_t kMaxEf = 1u << 16;

class Graph {
 public:
  // The shape has been checked: 1 ≤ dimension ≤ 8192, 2 ≤ m ≤ 64, 1 ≤ ef_construction ≤ 65536.
  Graph(const GraphShape& shape, const CodeKernel& kernel);

  // Takes in rows of finite numbers, not all zero, and gives them the ids count(), count() + 1, …
  // They are found once linked. std::bad_alloc or std::length_error change nothing. One thread at a time.
  void append(const float* rows, std::uint32_t count);
  // Links a node that was appended; each node once. After std::bad_alloc it may not be found.
  void link(std::uint32_t id, Scratch& scratch);
  // A deleted node is passed through but never found. False where it was deleted before. One thread at a time.
  bool remove(std::uint32_t id);

  // Nodes appended, for the thread that appends; and those of them deleted.
  std::uint32_t count() const { return nodes_.count(); }
  std::uint32_t dead() const { return dead_; }
  const GraphShape& shape() const { return shape_; }
  std::size_t node_bytes() const { return nodes_.node_bytes(); }

  // The nearest nodes, best first, at most `limit` ≤ ef; a query of finite numbers, not all zero.
  std::size_t search(const float* query, std::size_t ef, Scratch& scratch, Candidate* found,
                     std::size_t limit) const;

 private:
  // A vector to compare nodes with: its signed code and what makes a cosine of it.
  struct Probe {
    const std::int8_t* code;
    CodeFacts facts;
  };

  int level_of(std::uint32_t id) const;
  float score(const Probe& probe, std::uint32_t id) const;
  void prefetch(std::uint32_t id) const;
  Probe probe_of(std::uint32_t id, std::vector<std::int8_t>& code) const;
  Candidate descend(const Probe& probe, Candidate from, int level) const;
  void spread(const Probe& probe, Candidate from, int level, Scratch& scratch) const;
  void expand(const Probe& probe, std::uint32_t id, int level, Scratch& scratch, std::size_t& first) const;
  void choose(const std::vector<Candidate>& candidates, std::size_t most, Scratch& scratch,
              std::vector<std::uint32_t>& chosen) const;
  void find_neighbours(std::uint32_t id, Candidate entry, int top, Scratch& scratch) const;
  bool connect(std::uint32_t from, std::uint32_t to, int level, Scratch& scratch, bool must = false);
  bool make_room(std::uint32_t from, std::uint32_t to, int level, Scratch& scratch, bool must);
  void find_keeper(std::uint32_t nearest, std::uint32_t id, Scratch& scratch);
  void keep(std::uint32_t from, std::uint32_t to, int level, Link& place);
  bool is_kept(std::uint32_t from, std::uint32_t to, int level) const;

  GraphShape shape_;
  CodeDotFn dot_;
  Nodes nodes_;
  double level_factor_;
  std::uint32_t dead_ = 0;
  std::atomic<std::uint32_t> count_{0};
  // Level of the entry node in the upper half, its id plus one in the lower; 0: no node yet.
  std::atomic<std::uint64_t> entry_{0};
  std::atomic<std::uint32_t> linked_{0};
  // Held by an insert that makes a new entry node, and by each of the first.
  std::mutex entry_mutex_;
};

}  // namespace likeness

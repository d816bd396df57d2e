// A graph's part of a snapshot: which rows it holds, who keeps whom, and the links.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "../snapshot/container.h"
#include "graph.h"

namespace likeness {

class GraphSave {
 public:
  // What a graph holds now, of the rows below `end`; for the thread that gives.
  GraphSave(std::shared_ptr<const Graph> graph, std::uint32_t end);
  const Graph& graph() const { return *graph_; }
  // Writes it as it is then: links made meanwhile may be in it, those to rows beyond the end are not.
  void write(const std::string& prefix, SnapshotWriter& to) const;

 private:
  const std::shared_ptr<const Graph> graph_;
  std::vector<std::uint8_t> given_;
};

// Fills a new graph of the shape that was saved; its table must have its marks already. Any SNAPSHOT_BROKEN leaves a
// graph to be thrown away.
class GraphRestore {
 public:
  static GraphShape shape(const SnapshotReader& from, const std::string& prefix);

  // All of these outlive it.
  GraphRestore(Graph& graph, std::uint32_t end, const SnapshotReader& from, const Cancel& cancel);
  // Returns the rows that the graph must be given again: those that were waiting, and those that cannot be found by the
  // links as they were saved.
  std::vector<std::uint32_t> run(const std::string& prefix);
  // Rows that the graph has then, and those of them that were removed.
  std::size_t size() const { return size_; }
  std::size_t dead() const { return dead_; }

 private:
  void read_links(const std::string& section, std::uint32_t segment);
  bool is_linked(std::uint32_t from, std::uint32_t to) const;
  std::vector<std::uint8_t> reached(std::uint32_t root) const;
  std::vector<std::uint32_t> take_out(const std::vector<std::uint8_t>& reached);
  void enter(const std::vector<std::uint8_t>& reached);

  Graph& graph_;
  const std::uint32_t end_;
  const SnapshotReader& from_;
  const Cancel& cancel_;
  std::vector<std::uint8_t> given_;
  // Of each node the id of its keeper plus one; 0: none.
  std::vector<std::uint32_t> keepers_;
  std::size_t size_ = 0;
  std::size_t dead_ = 0;
};

}  // namespace likeness

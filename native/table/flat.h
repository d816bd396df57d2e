// Exact search of a whole table: every row by its code, those that may be among the best by their floats.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "queries.h"

namespace likeness {

// Answers all queries of one call, in parts that may run on several threads at once; the last to end puts
// the results together. The queries share each read of the rows.
class FlatSearch {
 public:
  // Sees the rows that are there now. Both outlive it.
  FlatSearch(const Table& table, Queries& queries);
  FlatSearch(const FlatSearch&) = delete;
  FlatSearch& operator=(const FlatSearch&) = delete;

  std::uint32_t units() const { return units_; }
  // Rows it looks at for each query.
  std::size_t rows() const { return list_.empty() ? end_ : list_.size(); }
  // Each unit runs once.
  void run(std::uint32_t unit, Scratch& scratch);

 private:
  void choose_list();
  void make_panels();
  // One for each query, in the memory of the scratch.
  std::vector<Sieve> sieves_for(Heaps& heaps, Scratch& scratch) const;
  void scan_segments(std::uint32_t unit, Heaps& heaps, Scratch& scratch);
  void scan_list(std::uint32_t unit, Heaps& heaps);
  // Lets the other units know what as many rows as a query wants score at least.
  void share_bar(std::size_t query, double reached);
  // What the best rows of all parts score at least.
  double bar_of(std::size_t query) const;
  void merge();

  const Table& table_;
  Queries& queries_;
  const std::uint32_t end_;
  // Of the first queries; those beyond the last panel are too few for one.
  std::vector<QueryPanel> panels_;
  std::vector<std::int8_t> panel_values_;
  // Where few rows are admitted: these.
  std::vector<std::uint32_t> list_;
  bool listed_ = false;
  // Full segments of a unit, or rows of the list; the small segments go with the first.
  std::uint32_t step_ = 0;
  std::uint32_t units_ = 0;
  std::atomic<std::uint32_t> left_{0};
  // For each query a score that so many rows as are wanted are known to reach: worse ones need no look.
  std::unique_ptr<std::atomic<double>[]> bars_;
  // What one unit knows for one query.
  struct Part {
    std::vector<Hit> found;
    // Rows that may be better than these, and lower bounds of the best of them.
    std::vector<Contender> left;
    std::vector<double> lower;
  };
  std::vector<Part> parts_;
};

}  // namespace likeness

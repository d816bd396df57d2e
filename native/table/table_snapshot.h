// A table's part of a snapshot: marks, floats, codes and what belongs to them, segment by segment.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "../snapshot/container.h"
#include "table.h"

namespace likeness {

class Graph;

// A mark for each ordinal below the end: 1 where a row was there at the moment of the snapshot.
using Marks = std::vector<std::uint8_t>;

Marks marks_of(const Table& table);

// Writes the rows that have a mark; these must not be written again until it is done, but may be removed. Of others
// only zeros are written. Those of them that are in the graph, where searches pass through them, get the code of a
// neighbour: what was erased is not in the file.
void save_table(const Table& table, const Graph* graph, const Marks& marks, const std::string& prefix,
                SnapshotWriter& to);

// The marks of a snapshot. SNAPSHOT_BROKEN where they are none.
Marks read_marks(const SnapshotReader& from, const std::string& prefix, const Cancel& cancel);

// Fills one segment of a new table that has all of them; different threads may fill different segments. With
// `keep_rows` the floats are those the segment was added with. SNAPSHOT_BROKEN where they cannot be rows.
void restore_segment(const Table& table, std::uint32_t segment, const Marks& marks, bool keep_rows,
                     const std::string& prefix, const SnapshotReader& from, const Cancel& cancel);

}  // namespace likeness

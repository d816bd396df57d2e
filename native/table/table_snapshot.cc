#include "table_snapshot.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "../graph/graph.h"
#include "../snapshot/mapping.h"

namespace likeness {
namespace {

constexpr std::uint32_t kNobody = ~std::uint32_t{0};

// Rows copied at once.
constexpr std::uint32_t kRows = 256;

std::string part(const std::string& prefix, const char* name, std::uint32_t segment) {
  return prefix + "." + name + "." + std::to_string(segment);
}

// Rows of a segment that lie before the end.
std::uint32_t rows_before(std::size_t end, std::uint32_t segment) {
  const std::size_t base = segment_base(segment);
  return static_cast<std::uint32_t>(std::min<std::size_t>(segment_rows(segment), end - std::min(base, end)));
}

// Whose code stands for that of a row that has none.
std::uint32_t stand_in(const Graph* graph, const Marks& marks, std::uint32_t ordinal) {
  std::uint32_t found = kNobody;
  if (graph && graph->holds(ordinal))
    graph->each_neighbour(ordinal, [&](std::uint32_t other) {
      if (found == kNobody && other < marks.size() && marks[other] != 0) found = other;
    });
  return found;
}

// One value of `size` bytes for each source, `empty` in each byte where it is nobody.
template <typename ValueOf>
void save_values(SnapshotWriter& to, const std::string& section, const std::vector<std::uint32_t>& sources,
                 std::size_t size, std::uint8_t empty, ValueOf value_of) {
  std::vector<std::uint8_t> buffer;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const std::size_t at = buffer.size();
    buffer.resize(at + size, empty);
    if (sources[i] != kNobody) std::memcpy(buffer.data() + at, value_of(sources[i]), size);
    if ((i + 1) % kRows != 0 && i + 1 != sources.size()) continue;
    to.write(section, buffer.data(), buffer.size());
    buffer.clear();
  }
}

template <typename Value>
void restore_values(const SnapshotReader& from, const std::string& name, Value* to, std::size_t count,
                    const Cancel& cancel) {
  const Section& section = from.section(name);
  if (section.length != count * sizeof(Value))
    throw SnapshotError("SNAPSHOT_BROKEN", from.path() + " has a section " + name + " of a wrong length");
  from.read(section, to, cancel);
}

}  // namespace

Marks marks_of(const Table& table) {
  Marks marks(table.end());
  for (std::uint32_t ordinal = 0; ordinal < marks.size(); ++ordinal) marks[ordinal] = table.live(ordinal);
  return marks;
}

void save_table(const Table& table, const Graph* graph, const Marks& marks, const std::string& prefix,
                SnapshotWriter& to) {
  to.write(prefix + ".live", marks.data(), marks.size());
  for (std::uint32_t segment = 0; segment_base(segment) < marks.size(); ++segment) {
    std::vector<std::uint32_t> rows, codes;
    const std::uint32_t base = segment_base(segment);
    for (std::uint32_t at = base; at < base + rows_before(marks.size(), segment); ++at) {
      rows.push_back(marks[at] ? at : kNobody);
      codes.push_back(marks[at] ? at : stand_in(graph, marks, at));
    }
    const std::size_t row_bytes = table.dimension() * sizeof(float);
    save_values(to, part(prefix, "rows", segment), rows, row_bytes, 0, [&](std::uint32_t at) { return table.row(at); });
    save_values(to, part(prefix, "codes", segment), codes, table.stride(), 128,
                [&](std::uint32_t at) { return table.code(at); });
    save_values(to, part(prefix, "scales", segment), codes, 2 * sizeof(float), 0,
                [&](std::uint32_t at) { return table.scale(at); });
  }
}

Marks read_marks(const SnapshotReader& from, const std::string& prefix, const Cancel& cancel) {
  const Section& section = from.section(prefix + ".live");
  if (section.length > kMaxRows)
    throw SnapshotError("SNAPSHOT_BROKEN", from.path() + " has more rows than there can be");
  Marks marks(static_cast<std::size_t>(section.length));
  from.read(section, marks.data(), cancel);
  if (std::any_of(marks.begin(), marks.end(), [](std::uint8_t mark) { return mark > 1; }))
    throw SnapshotError("SNAPSHOT_BROKEN", from.path() + " has rows that are neither there nor gone");
  return marks;
}

void restore_segment(const Table& table, std::uint32_t segment, const Marks& marks, bool keep_rows,
                     const std::string& prefix, const SnapshotReader& from, const Cancel& cancel) {
  const std::size_t dimension = table.dimension();
  const std::uint32_t rows = rows_before(marks.size(), segment);
  const Table::Arrays to = table.arrays(segment);
  if (!keep_rows) {
    prefer_large_pages(to.rows, segment_rows(segment) * dimension * sizeof(float));
    restore_values(from, part(prefix, "rows", segment), to.rows, rows * dimension, cancel);
  }
  restore_values(from, part(prefix, "codes", segment), to.codes, rows * table.stride(), cancel);
  restore_values(from, part(prefix, "scales", segment), to.scales, 2 * std::size_t{rows}, cancel);
  // Within these bounds no score made of them goes beyond what its type can hold.
  for (std::uint32_t row = 0; row < rows; ++row) {
    const float scale = to.scales[2 * row], error = to.scales[2 * row + 1];
    if (!(scale >= 0 && scale <= 1 && error >= 0 && error <= 2))
      throw SnapshotError("SNAPSHOT_BROKEN", from.path() + " has a code that is none");
    to.briefs[row] = brief_of(scale);
  }
  if (rows > 0) std::memcpy(to.live, marks.data() + segment_base(segment), rows);
  // Mapped rows may be more than the memory holds: reading them all once more would cost as much as the checksum did.
  for (std::uint32_t row = 0; row < rows && !keep_rows; ++row) {
    const float* const vector = to.rows + row * dimension;
    if (to.live[row] && !(std::fabs(table.kernels().dot(vector, vector, dimension) - 1) <= kUnitTolerance))
      throw SnapshotError("SNAPSHOT_BROKEN", from.path() + " has a row that is not of unit length");
  }
}

}  // namespace likeness

// Damages the snapshot of a table and its graph again and again and reads it; compiled with a sanitizer by fuzz.sh. A
// file whose bytes changed must be refused. One whose checksums were made to fit must be refused or give a graph that
// can be searched and built on. Usage: fuzz [runs]. Exit code 1 and a line for what was not.
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "../graph/graph_search.h"
#include "../graph/graph_snapshot.h"
#include "../kernel_set.h"
#include "../table/table_snapshot.h"

namespace {

using likeness::Graph;
using likeness::Marks;
using likeness::Scratch;
using likeness::SnapshotError;
using likeness::SnapshotReader;
using likeness::SnapshotWriter;
using likeness::Table;

constexpr std::size_t kDimension = 16;
constexpr std::uint32_t kRows = 400;
constexpr std::uint32_t kLinked = 380;
const likeness::Cancel kNever{false};

using Bytes = std::vector<char>;
using Random = std::mt19937;

std::size_t below(Random& random, std::size_t end) { return random() % end; }

std::vector<float> direction(Random& random) {
  std::normal_distribution<float> gauss;
  std::vector<float> vector(kDimension);
  float squares = 0;
  for (float& value : vector) squares += (value = gauss(random)) * value;
  for (float& value : vector) value /= std::sqrt(squares);
  return vector;
}

std::shared_ptr<Table> new_table(std::uint32_t rows) {
  auto table = std::make_shared<Table>(kDimension, likeness::kernel_sets().front().run);
  while (table->capacity() < rows) {
    const std::size_t floats = likeness::segment_rows(table->segments()) * kDimension;
    const std::shared_ptr<float> segment(new float[floats](), std::default_delete<float[]>());
    table->add_segment(segment.get(), segment);
  }
  return table;
}

void write_original(const std::string& path) {
  Random random(1);
  auto table = new_table(kRows);
  auto graph = std::make_shared<Graph>(table, likeness::GraphShape{4, 40});
  Scratch scratch;
  for (std::uint32_t id = 0; id < kRows; ++id) {
    table->put(id, direction(random).data());
    graph->grow(id + 1);
    graph->give(id);
    if (id < kLinked) graph->link(id, scratch);
  }
  for (std::uint32_t id = 0; id < kRows; id += 7) table->remove(id);
  SnapshotWriter writer(path + ".tmp", 0);
  likeness::save_table(*table, graph.get(), likeness::marks_of(*table), "face", writer);
  likeness::GraphSave(graph, kRows).write("face", writer);
  writer.commit(path);
}

// Uses everything that was read: searches, inserts and links.
void use(const std::shared_ptr<Table>& table, Graph& graph, const std::vector<std::uint32_t>& missing, Random& random) {
  Scratch scratch;
  for (const std::uint32_t id : missing)
    if (graph.give(id)) graph.link(id, scratch);
  const std::uint32_t end = table->end();
  if (end >= table->capacity()) return;
  for (std::uint32_t id = end; id < std::min(end + 5, table->capacity()); ++id) {
    table->put(id, direction(random).data());
    graph.grow(id + 1);
    if (graph.give(id)) graph.link(id, scratch);
  }
  const std::vector<float> vector = direction(random);
  const std::uint32_t limit = 10;
  const double floor = -1;
  likeness::Queries queries(*table, vector.data(), &limit, &floor, 1);
  std::uint8_t complete = 0;
  likeness::Reach reach{};
  reach.ef = 60;
  reach.most = 200;
  reach.per_match = 4;
  likeness::search_graph(graph, queries, 0, reach, {}, scratch, complete);
}

// True when it was accepted.
bool read(const std::string& path, Random& random) {
  try {
    const SnapshotReader reader(path);
    const Marks marks = likeness::read_marks(reader, "face", kNever);
    const auto end = static_cast<std::uint32_t>(marks.size());
    auto table = new_table(end);
    std::uint32_t count = 0;
    for (std::uint32_t segment = 0; likeness::segment_base(segment) < end; ++segment)
      likeness::restore_segment(*table, segment, marks, false, "face", reader, kNever);
    for (const std::uint8_t mark : marks) count += mark;
    table->restored(count, end);
    Graph graph(table, likeness::GraphRestore::shape(reader, "face"));
    likeness::GraphRestore restore(graph, end, reader, kNever);
    const std::vector<std::uint32_t> missing = restore.run("face");
    use(table, graph, missing, random);
    return true;
  } catch (const SnapshotError& error) {
    if (error.code() == "SNAPSHOT_BROKEN") return false;
    std::printf("%s: %s\n", error.code().c_str(), error.what());
    std::exit(1);
  }
}

Bytes bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_bytes(const std::string& path, const Bytes& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// Other bytes than before.
Bytes damaged(Bytes bytes, Random& random) {
  const std::size_t at = below(random, bytes.size());
  switch (below(random, 4)) {
    case 0: bytes.resize(at); break;
    case 1: bytes.insert(bytes.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(1 + at)); break;
    case 2: {
      // Where header and table say the most.
      const std::size_t place = below(random, 2) ? below(random, 40) : bytes.size() - 1 - below(random, 640);
      bytes[place] = static_cast<char>(bytes[place] ^ static_cast<char>(1 + below(random, 255)));
      break;
    }
    default: bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(random, 8)));
  }
  return bytes;
}

using Content = std::vector<std::pair<std::string, Bytes>>;

Content content_of(const std::string& path) {
  const SnapshotReader reader(path);
  Content content;
  for (const auto& section : reader.sections()) {
    Bytes bytes(static_cast<std::size_t>(section.length));
    reader.read(section, bytes.data(), kNever);
    content.emplace_back(section.name, std::move(bytes));
  }
  return content;
}

// Some other numbers in some section, under checksums that are right.
void write_forged(const std::string& path, Content content, Random& random) {
  for (std::size_t change = 1 + below(random, 4); change > 0; --change) {
    Bytes& bytes = content[below(random, content.size())].second;
    if (bytes.size() < 4) continue;
    const std::array<std::uint32_t, 6> values = {
        0, 1, kRows, kRows + 1, ~0u, static_cast<std::uint32_t>(below(random, kRows))};
    const std::size_t at = below(random, bytes.size() / 4) * 4;
    const std::uint32_t value = below(random, 4) ? values[below(random, values.size())] : random();
    for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(value >> (8 * i));
    if (below(random, 20) == 0) bytes.resize(below(random, bytes.size()));
  }
  SnapshotWriter writer(path + ".tmp", 0);
  for (const auto& [name, bytes] : content) writer.write(name, bytes.data(), bytes.size());
  writer.commit(path);
}

}  // namespace

int main(int argc, char** argv) {
  const int runs = argc > 1 ? std::atoi(argv[1]) : 1000;
  const std::string path = argc > 2 ? argv[2] : "snapshot";
  Random random(static_cast<unsigned>(runs));
  write_original(path);
  if (!read(path, random)) {
    std::puts("the undamaged snapshot was refused");
    return 1;
  }
  const Bytes original = bytes_of(path);
  const Content content = content_of(path);
  int accepted = 0, forged = 0;
  for (int run = 0; run < runs; ++run) {
    const Bytes bytes = damaged(original, random);
    write_bytes(path, bytes);
    if (bytes != original && read(path, random)) ++accepted;
    write_forged(path, content, random);
    forged += read(path, random);
  }
  std::printf("%d damaged, %d of them accepted; %d forged, %d of them usable\n", runs, accepted, runs, forged);
  return accepted == 0 ? 0 : 1;
}

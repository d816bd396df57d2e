// Many threads insert, search and delete in one table and its graph at once, and places of removed rows are
// used again; compiled with a sanitizer by stress.sh. Usage: stress [rows] [dimension]. Exit code 1 and a
// line for each broken promise.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <array>
#include <random>
#include <thread>
#include <vector>

#include "../kernel_set.h"
#include "../table/flat.h"
#include "graph_search.h"
#include "pool.h"

namespace {

using likeness::Graph;
using likeness::Queries;
using likeness::Scratch;
using likeness::Table;

constexpr std::uint32_t kBatch = 200;
constexpr std::size_t kThreads = 4;
constexpr std::uint32_t kEf = 80;
constexpr std::uint32_t kLimit = 10;
// Queries of a scan: a panel of sixteen, and one alone.
constexpr std::uint32_t kTogether = 17;

std::vector<float> directions(std::size_t rows, std::size_t dimension, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> gauss;
  std::vector<float> all(rows * dimension);
  for (std::size_t row = 0; row < rows; ++row) {
    float squares = 0;
    for (std::size_t i = 0; i < dimension; ++i) {
      float& value = all[row * dimension + i];
      value = gauss(random);
      squares += value * value;
    }
    for (std::size_t i = 0; i < dimension; ++i) all[row * dimension + i] /= std::sqrt(squares);
  }
  return all;
}

void grow(Table& table, std::uint32_t rows) {
  while (table.capacity() < rows) {
    const std::size_t floats = likeness::segment_rows(table.segments()) * table.dimension();
    const std::shared_ptr<float> segment(new float[floats], std::default_delete<float[]>());
    table.add_segment(segment.get(), segment);
  }
}

// What all threads know of the progress.
struct Progress {
  std::atomic<std::uint32_t> linked{0};
  std::atomic<std::uint32_t> deleted{0};
  std::atomic<std::uint32_t> missed{0};
  std::atomic<std::uint32_t> searched{0};
  std::atomic<std::uint32_t> broken{0};
  std::atomic<bool> done{false};

  void complain(const char* what) {
    std::printf("broken: %s\n", what);
    ++broken;
  }
};

// Links the rows of one batch, one a unit, as a build does.
class Linking : public likeness::Work {
 public:
  Linking(Graph& graph, std::uint32_t first, std::uint32_t count, std::atomic<std::uint32_t>& left)
      : Work(count), graph_(graph), first_(first), left_(left) {}
  void run(std::uint32_t unit, Scratch& scratch) override {
    graph_.link(first_ + unit, scratch);
    --left_;
  }

 private:
  Graph& graph_;
  const std::uint32_t first_;
  std::atomic<std::uint32_t>& left_;
};

void check(const std::vector<likeness::Hit>& found, std::uint32_t deleted, Progress& progress) {
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i].ordinal < deleted) progress.complain("a deleted row was found");
    if (i > 0 && found[i].score > found[i - 1].score) progress.complain("found out of order");
  }
}

bool holds(const std::vector<likeness::Hit>& found, std::uint32_t ordinal) {
  return std::any_of(found.begin(), found.end(), [=](const auto& hit) {
    return hit.ordinal == ordinal && std::fabs(hit.score - 1) < 1e-5f;
  });
}

// Searches rows that are linked for themselves, until all is done: by the graph, and by scans.
void search(const Graph& graph, const std::vector<float>& rows, Progress& progress, unsigned seed) {
  std::mt19937 random(seed);
  Scratch scratch;
  const Table& table = graph.table();
  const std::vector<std::uint32_t> limits(kTogether, kLimit);
  const std::vector<double> floors(kTogether, -2);
  while (!progress.done) {
    const std::uint32_t deleted = progress.deleted;
    const std::uint32_t linked = progress.linked;
    if (linked == 0) continue;
    const std::uint32_t id = random() % linked;
    const bool scan = random() % 8 == 0;
    const std::uint32_t count = scan && linked - id >= kTogether ? kTogether : 1;
    Queries queries(table, rows.data() + id * table.dimension(), limits.data(), floors.data(), count);
    std::uint8_t complete = 0;
    if (scan) {
      likeness::FlatSearch flat(table, queries);
      for (std::uint32_t unit = 0; unit < flat.units(); ++unit) flat.run(unit, scratch);
      // A scan misses nothing.
      for (std::uint32_t i = 0; i < count; ++i) {
        if (!holds(queries.found(i), id + i) && id + i >= progress.deleted) progress.complain("a scan missed a row");
        check(queries.found(i), deleted, progress);
      }
    } else {
      likeness::search_graph(graph, queries, 0, {kEf, kEf, 1}, {}, scratch, complete);
      ++progress.searched;
      // Rows are deleted from the lowest id on.
      if (!holds(queries.found(0), id) && id >= progress.deleted) ++progress.missed;
    }
    check(queries.found(0), deleted, progress);
  }
}

// Appends batch after batch, has the pool link them and deletes a quarter of what is linked.
void fill(Table& table, Graph& graph, const std::vector<float>& rows, Progress& progress) {
  const std::size_t dimension = table.dimension();
  const auto total = static_cast<std::uint32_t>(rows.size() / dimension);
  likeness::Pool pool(kThreads, [] {});
  for (std::uint32_t first = 0; first < total; first += kBatch) {
    const std::uint32_t count = std::min(kBatch, total - first);
    std::atomic<std::uint32_t> left{count};
    grow(table, first + count);
    graph.grow(first + count);
    for (std::uint32_t id = first; id < first + count; ++id) {
      table.put(id, rows.data() + id * dimension);
      if (!graph.give(id)) progress.complain("a row was given before");
    }
    std::unique_ptr<likeness::Work> work = std::make_unique<Linking>(graph, first, count, left);
    if (!pool.submit(likeness::Lane::build, work)) progress.complain("the pool took no work");
    while (left > 0) std::this_thread::yield();
    progress.linked = first + count;
    for (std::uint32_t id = progress.deleted; id < (first + count) / 4; ++id) {
      if (!table.remove(id)) progress.complain("a row was deleted before");
      progress.deleted = id + 1;
    }
  }
  progress.done = true;
}

// Rows that no search finds for their own vector although they are there.
std::uint32_t lost_rows(const Graph& graph, const std::vector<float>& rows, std::uint32_t first) {
  Scratch scratch;
  const Table& table = graph.table();
  const std::uint32_t limit = 4 * kEf;
  const double floor = -2;
  std::uint32_t lost = 0;
  for (std::uint32_t id = first; id < table.end(); ++id) {
    Queries queries(table, rows.data() + id * table.dimension(), &limit, &floor, 1);
    std::uint8_t complete = 0;
    likeness::search_graph(graph, queries, 0, {limit, limit, 1}, {}, scratch, complete);
    lost += !holds(queries.found(0), id);
  }
  return lost;
}

// Replaces rows at places that were left, while scans of what stays go on: each scan must see whole rows
// and all that stay. As the service does, a place waits until no scan that began before is under way.
void replace(std::size_t dimension, const std::vector<float>& rows, Progress& progress) {
  constexpr std::uint32_t kRows = 600, kRounds = 20, kStay = 100;
  Table table(dimension, likeness::kernel_sets().front().run);
  grow(table, kRows);
  const auto row = [&](std::uint32_t at) { return rows.data() + (at % (rows.size() / dimension)) * dimension; };
  for (std::uint32_t id = 0; id < kRows; ++id) table.put(id, row(id));
  std::atomic<std::uint64_t> begun{0};
  std::array<std::atomic<std::uint64_t>, kThreads> running{};
  std::atomic<bool> done{false};
  std::vector<std::thread> scanners;
  for (std::size_t i = 0; i < kThreads; ++i)
    scanners.emplace_back([&, i] {
      Scratch scratch;
      std::mt19937 random(static_cast<unsigned>(i));
      const std::vector<std::uint32_t> limits(kTogether, 3);
      const std::vector<double> floors(kTogether, -2);
      while (!done) {
        running[i] = ++begun;
        const std::uint32_t count = random() % 2 == 0 ? 1 : kTogether, id = random() % (kStay - count);
        Queries queries(table, row(id), limits.data(), floors.data(), count);
        likeness::FlatSearch flat(table, queries);
        for (std::uint32_t unit = 0; unit < flat.units(); ++unit) flat.run(unit, scratch);
        for (std::uint32_t q = 0; q < count; ++q) {
          if (!holds(queries.found(q), id + q)) progress.complain("a scan missed a row that stays");
        }
        running[i] = 0;
        std::this_thread::yield();
      }
    });
  std::uint32_t next = kRows;
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    for (std::uint32_t id = kStay; id < kRows; ++id) table.remove(id);
    const std::uint64_t left = ++begun;
    for (auto& run : running)
      while (run != 0 && run < left) std::this_thread::yield();
    for (std::uint32_t id = kStay; id < kRows; ++id) table.put(id, row(next++));
  }
  done = true;
  for (auto& thread : scanners) thread.join();
}

}  // namespace

int main(int count, char** arguments) {
  const std::size_t rows = count > 1 ? std::strtoul(arguments[1], nullptr, 10) : 4000;
  const std::size_t dimension = count > 2 ? std::strtoul(arguments[2], nullptr, 10) : 24;
  const std::vector<float> all = directions(rows, dimension, 1);
  const auto table = std::make_shared<Table>(dimension, likeness::kernel_sets().front().run);
  Graph graph(table, {8, 60});
  Progress progress;
  std::vector<std::thread> searchers;
  for (unsigned i = 0; i < kThreads; ++i)
    searchers.emplace_back([&, i] { search(graph, all, progress, i); });
  fill(*table, graph, all, progress);
  for (auto& thread : searchers) thread.join();
  const std::uint32_t lost = lost_rows(graph, all, progress.deleted);
  if (lost > 0) progress.complain("rows were lost");
  // A search while others insert is approximate as any other; it must not be much worse.
  if (progress.missed * 200 > progress.searched) progress.complain("too much was missed meanwhile");
  replace(dimension, all, progress);
  std::printf("%zu rows, %u deleted, %u searches meanwhile missed %u, %u lost\n", rows,
              progress.deleted.load(), progress.searched.load(), progress.missed.load(), lost);
  return progress.broken > 0 ? 1 : 0;
}

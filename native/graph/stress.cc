// Many threads insert, search and delete in one graph at once; compiled with a sanitizer by stress.sh.
// Usage: stress [rows] [dimension]. Exit code 1 and a line for each broken promise.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "graph.h"
#include "pool.h"

namespace {

using likeness::Candidate;
using likeness::Graph;
using likeness::Scratch;

constexpr std::uint32_t kBatch = 200;
constexpr std::size_t kThreads = 4;
constexpr std::size_t kEf = 80;

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

// Searches rows that are linked for themselves, until all is done.
void search(const Graph& graph, const std::vector<float>& rows, Progress& progress, unsigned seed) {
  std::mt19937 random(seed);
  Scratch scratch;
  std::vector<Candidate> found(kEf);
  const std::size_t dimension = graph.shape().dimension;
  while (!progress.done) {
    const std::uint32_t deleted = progress.deleted;
    const std::uint32_t linked = progress.linked;
    if (linked == 0) continue;
    const std::uint32_t id = random() % linked;
    const std::size_t size =
        graph.search(rows.data() + id * dimension, kEf, scratch, found.data(), kEf);
    bool hit = false;
    for (std::size_t i = 0; i < size; ++i) {
      hit |= found[i].id == id;
      if (found[i].id < deleted) progress.complain("a deleted row was found");
      if (i > 0 && found[i].score > found[i - 1].score) progress.complain("found out of order");
    }
    ++progress.searched;
    // Rows are deleted from the lowest id on.
    if (!hit && id >= progress.deleted) ++progress.missed;
  }
}

// Appends batch after batch, has the pool link them and deletes a quarter of what is linked.
void grow(Graph& graph, const std::vector<float>& rows, Progress& progress) {
  const std::size_t dimension = graph.shape().dimension;
  const auto total = static_cast<std::uint32_t>(rows.size() / dimension);
  likeness::Pool pool(kThreads, [] {});
  for (std::uint32_t first = 0; first < total; first += kBatch) {
    const std::uint32_t count = std::min(kBatch, total - first);
    std::atomic<std::uint32_t> left{count};
    graph.append(rows.data() + first * dimension, count);
    std::unique_ptr<likeness::Work> work = std::make_unique<Linking>(graph, first, count, left);
    if (!pool.submit(likeness::Lane::build, work)) progress.complain("the pool took no work");
    while (left > 0) std::this_thread::yield();
    progress.linked = first + count;
    for (std::uint32_t id = progress.deleted; id < (first + count) / 4; ++id) {
      if (!graph.remove(id)) progress.complain("a row was deleted before");
      progress.deleted = id + 1;
    }
  }
  progress.done = true;
}

}  // namespace

int main(int count, char** arguments) {
  const std::size_t rows = count > 1 ? std::strtoul(arguments[1], nullptr, 10) : 4000;
  const std::size_t dimension = count > 2 ? std::strtoul(arguments[2], nullptr, 10) : 24;
  const std::vector<float> all = directions(rows, dimension, 1);
  Graph graph({dimension, 8, 60}, likeness::code_kernels().front());
  Progress progress;
  std::vector<std::thread> searchers;
  for (unsigned i = 0; i < kThreads; ++i)
    searchers.emplace_back([&, i] { search(graph, all, progress, i); });
  grow(graph, all, progress);
  for (auto& thread : searchers) thread.join();
  Scratch scratch;
  std::vector<Candidate> found(4 * kEf);
  std::uint32_t lost = 0;
  for (std::uint32_t id = progress.deleted; id < rows; ++id) {
    const std::size_t size =
        graph.search(all.data() + id * dimension, found.size(), scratch, found.data(), found.size());
    bool hit = false;
    for (std::size_t i = 0; i < size; ++i) hit |= found[i].id == id;
    lost += !hit;
  }
  if (lost > 0) progress.complain("rows were lost");
  // A search while others insert is approximate as any other; it must not be much worse.
  if (progress.missed * 200 > progress.searched) progress.complain("too much was missed meanwhile");
  std::printf("%zu rows, %u deleted, %u searches meanwhile missed %u, %u lost\n", rows,
              progress.deleted.load(), progress.searched.load(), progress.missed.load(), lost);
  return progress.broken > 0 ? 1 : 0;
}

#include "graph.h"

#include <algorithm>
#include <cstring>
#include <thread>
#include <utility>

namespace likeness {
namespace {

// The first nodes are linked one by one: at once they would hardly see each other.
constexpr std::uint32_t kOneByOne = 256;

// Near enough to be the same photo again. Such nodes may fill only half of a list, or else a vector
// enrolled very often would be an island without ways out.
constexpr float kTwin = 0.97f;

std::uint64_t pack(int level, std::uint32_t id) {
  return (static_cast<std::uint64_t>(level) << 32) | (id + 1u);
}

// Held for some hundred nanoseconds, so waiting is cheaper than sleeping; but a holder may have been
// put aside by the system.
class NodeLock {
 public:
  explicit NodeLock(std::atomic<std::uint8_t>& flag) : flag_(flag) {
    for (int tries = 0; flag_.exchange(1, std::memory_order_acquire) != 0; ++tries)
      if (tries > 64) std::this_thread::yield();
  }
  ~NodeLock() { flag_.store(0, std::memory_order_release); }
  NodeLock(const NodeLock&) = delete;
  NodeLock& operator=(const NodeLock&) = delete;

 private:
  std::atomic<std::uint8_t>& flag_;
};

bool better(const Candidate& a, const Candidate& b) { return a.score > b.score; }

}  // namespace

Graph::Graph(std::shared_ptr<const Table> table, const GraphShape& shape)
    : table_(std::move(table)),
      shape_(shape),
      dot_(table_->kernels().code_dot),
      dots_(table_->kernels().code_dots),
      stride_(table_->stride()),
      ones_(stride_, 1),
      nodes_(shape.m) {}

float Graph::score(const Probe& probe, std::uint32_t id) const {
  const std::int32_t dot = dot_(table_->code(id), probe.code, probe.sum, stride_);
  return static_cast<float>(dot) * probe.scale * table_->brief_scale(id);
}

void Graph::prefetch(const Table::Coded& row) const {
  for (std::size_t at = 0; at < stride_; at += kLine) __builtin_prefetch(row.code + at);
  __builtin_prefetch(row.brief);
}

// Writes the signed code of a row, `stride` bytes. Its sum is made anew: that of the table is seldom in a cache.
Graph::Probe Graph::probe_of(std::uint32_t id, std::int8_t* code) const {
  const std::uint8_t* const from = table_->code(id);
  constexpr std::uint64_t kSigns = 0x8080808080808080u;
  for (std::size_t at = 0, stride = stride_; at < stride; at += sizeof kSigns) {
    std::uint64_t eight;
    std::memcpy(&eight, from + at, sizeof eight);
    eight ^= kSigns;
    std::memcpy(code + at, &eight, sizeof eight);
  }
  const std::int32_t sum = dot_(from, ones_.data(), static_cast<std::int32_t>(stride_), stride_);
  return {code, sum, table_->brief_scale(id), nullptr};
}

// Whether a search wants the node itself, not only what lies behind it.
bool Graph::counts(const Probe& probe, std::uint32_t id) const {
  return table_->live(id) && (!probe.filter || probe.filter->admits(id));
}

// From node to nearer node while there is one, on every level above `level`.
Candidate Graph::descend(const Probe& probe, Candidate from, int level) const {
  const std::uint32_t places = nodes_.places(1);
  for (int at = nodes_.level(from.id); at > level; --at) {
    for (bool moved = true; moved;) {
      moved = false;
      const Link* const list = nodes_.list(from.id, at);
      std::uint32_t ids[kMaxM];
      std::size_t size = 0;
      for (std::uint32_t i = 0; i < places; ++i) {
        const std::uint32_t link = list[i].load(std::memory_order_acquire);
        if (link == 0) continue;
        ids[size++] = link - 1;
        prefetch(table_->coded(link - 1));
      }
      for (std::size_t i = 0; i < size; ++i) {
        const float value = score(probe, ids[i]);
        if (value <= from.score) continue;
        from = {value, ids[i]};
        moved = true;
      }
    }
  }
  return from;
}

// Takes the best nodes of the beam whose links were not followed, from `at` on, and asks for their lists.
std::size_t Graph::take(int level, Beam& beam, std::size_t& at, std::uint32_t* nodes) const {
  const std::uint32_t places = nodes_.places(level);
  std::size_t count = 0;
  for (; at < beam.size() && count < kTogether; ++at) {
    if (beam[at].id & kExpanded) continue;
    const std::uint32_t id = beam[at].id & kIdMask;
    beam[at].id |= kExpanded;
    nodes[count++] = id;
    const Link* const list = nodes_.list(id, level);
    for (std::uint32_t i = 0; i < places; i += kLine / sizeof(Link)) __builtin_prefetch(list + i);
  }
  return count;
}

// Asks for the neighbours, not met before, of some nodes.
void Graph::fetch(const std::uint32_t* nodes, std::size_t count, int level, Visited& visited, Fetched& fetched) const {
  const std::uint32_t places = nodes_.places(level);
  std::size_t size = 0;
  for (std::size_t node = 0; node < count; ++node) {
    const Link* const list = nodes_.list(nodes[node], level);
    for (std::uint32_t i = 0; i < places; ++i) {
      const std::uint32_t link = list[i].load(std::memory_order_acquire);
      // An empty place, 0, becomes an id beyond all.
      fetched.ids[size] = link - 1;
      size += visited.meet(link - 1);
    }
  }
  fetched.size = size;
  for (std::size_t i = 0; i < size; ++i) {
    const Table::Coded row = table_->coded(fetched.ids[i]);
    fetched.codes[i] = row.code;
    fetched.scales[i] = row.brief;
    prefetch(row);
  }
}

// Scores what was fetched; returns the best place that one of them took in the beam. All are scored before the first is
// judged: a branch that is guessed wrong throws away what the processor had begun ahead of it.
std::size_t Graph::judge(const Probe& probe, const Fetched& fetched, Scratch& scratch) const {
  std::int32_t dots[kTogether * 2 * kMaxM];
  const std::size_t size = fetched.size;
  // A power of two changes no rounding: equal rows score here just what `score` says of them.
  const float unit = probe.scale * kBriefUnit;
  scratch.scored += size;
  dots_(fetched.codes, probe.code, probe.sum, stride_, size, dots);
  std::size_t first = scratch.beam.size();
  for (std::size_t i = 0; i < size; ++i) {
    const float value = static_cast<float>(dots[i]) * unit * static_cast<float>(*fetched.scales[i]);
    if (!scratch.beam.wants(value)) continue;
    const std::uint32_t id = fetched.ids[i];
    first = std::min(first, scratch.beam.add(value, id, !counts(probe, id)));
  }
  return first;
}

// Fills the beam, which has been cleared, from one node on; scratch.visited is for this search alone. While some nodes
// are scored, the lists of the next are on their way: these are chosen before it is known what the scores will be, which
// costs a few nodes more and no waiting.
void Graph::spread(const Probe& probe, Candidate from, int level, Scratch& scratch) const {
  Beam& beam = scratch.beam;
  scratch.visited.clear(table_->end());
  scratch.visited.meet(from.id);
  beam.add(from.score, from.id, !counts(probe, from.id));
  std::uint32_t nodes[kTogether];
  Fetched fetched;
  fetched.size = 0;
  // Nodes before this place in the beam have been taken.
  std::size_t at = 0;
  for (;;) {
    const std::size_t count = take(level, beam, at, nodes);
    if (count == 0 && fetched.size == 0) return;
    at = std::min(at, judge(probe, fetched, scratch));
    fetch(nodes, count, level, scratch.visited, fetched);
  }
}

std::size_t Graph::search(const Query& query, std::size_t ef, const Filter* filter, Scratch& scratch,
                          Candidate* found) const {
  const std::uint64_t entry = entry_.load(std::memory_order_acquire);
  if (entry == 0) return 0;
  const Probe probe{query.codes, query.coded.first.sum, query.coded.scale, filter};
  const std::uint32_t start = static_cast<std::uint32_t>(entry) - 1;
  const Candidate from = descend(probe, {score(probe, start), start}, 0);
  scratch.beam.clear(ef);
  spread(probe, from, 0, scratch);
  std::size_t size = 0;
  for (std::size_t i = 0; i < scratch.beam.size() && size < ef; ++i) {
    const Candidate& entry_at = scratch.beam[i];
    if (entry_at.id & kDead) continue;
    const std::uint32_t id = entry_at.id & kIdMask;
    found[size++] = {entry_at.score / table_->brief_scale(id) * *table_->scale(id), id};
  }
  return size;
}

// Of candidates, best first, those that are nearer to the base than to any chosen before them: links
// into different directions.
void Graph::choose(const std::vector<Candidate>& candidates, std::size_t most, Scratch& scratch,
                   std::vector<std::uint32_t>& chosen) const {
  chosen.clear();
  scratch.others.resize(most * stride_);
  Probe probes[2 * kMaxM];
  std::size_t twins = 0;
  for (const Candidate& candidate : candidates) {
    if (chosen.size() == most) return;
    if (candidate.score > kTwin && twins == most / 2) continue;
    bool apart = true;
    for (std::size_t i = 0; i < chosen.size() && apart; ++i) apart = score(probes[i], candidate.id) <= candidate.score;
    if (!apart) continue;
    std::int8_t* const code = scratch.others.data() + chosen.size() * stride_;
    probes[chosen.size()] = probe_of(candidate.id, code);
    chosen.push_back(candidate.id);
    if (candidate.score > kTwin) ++twins;
  }
}

// scratch.chosen[level] for every level the node and the graph share.
void Graph::find_neighbours(std::uint32_t id, Candidate entry, int top, Scratch& scratch) const {
  const Probe probe = probe_of(id, scratch.query.data());
  Candidate from = descend(probe, {score(probe, entry.id), entry.id}, top);
  for (int level = top; level >= 0; --level) {
    scratch.beam.clear(shape_.ef_construction);
    spread(probe, from, level, scratch);
    std::vector<Candidate>& candidates = scratch.candidates;
    candidates.clear();
    for (std::size_t i = 0; i < scratch.beam.size(); ++i) {
      const std::uint32_t found = scratch.beam[i].id & kIdMask;
      if (found != id) candidates.push_back({scratch.beam[i].score, found});
    }
    // On the lowest level, where there are places for twice m: with half as many again as m a search finds
    // as much with three quarters of the candidates; the rest is left to those that link back.
    const std::size_t most = level == 0 ? shape_.m + shape_.m / 2 : shape_.m;
    choose(candidates, most, scratch, scratch.chosen[static_cast<std::size_t>(level)]);
    if (!candidates.empty()) from = candidates.front();
  }
}

void Graph::link(std::uint32_t id, Scratch& scratch) {
  scratch.query.resize(stride_);
  const int level = nodes_.level(id);
  std::uint64_t entry = entry_.load(std::memory_order_acquire);
  std::unique_lock<std::mutex> lock(entry_mutex_, std::defer_lock);
  if (linked_.load(std::memory_order_relaxed) < kOneByOne || entry == 0 || level > static_cast<int>(entry >> 32)) {
    lock.lock();
    entry = entry_.load(std::memory_order_acquire);
    if (entry == 0) {
      entry_.store(pack(level, id), std::memory_order_release);
      ++linked_;
      return;
    }
  }
  const int entry_level = static_cast<int>(entry >> 32);
  const int top = std::min(level, entry_level);
  // One list a level, and one for make_room.
  scratch.chosen.resize(kMaxLevel + 2);
  find_neighbours(id, {0, static_cast<std::uint32_t>(entry) - 1}, top, scratch);
  for (int at = 0; at <= top; ++at) {
    const auto& chosen = scratch.chosen[static_cast<std::size_t>(at)];
    Link* const list = nodes_.list(id, at);
    for (std::size_t i = 0; i < chosen.size(); ++i)
      list[i].store(chosen[i] + 1, std::memory_order_relaxed);
  }
  for (int at = top; at >= 0; --at)
    for (const std::uint32_t other : scratch.chosen[static_cast<std::size_t>(at)])
      connect(other, id, at, scratch);
  const auto& nearest = scratch.chosen.front();
  if (nodes_.keeper(id).load(std::memory_order_relaxed) == 0 && !nearest.empty())
    find_keeper(nearest.front(), id, scratch);
  if (level > entry_level) entry_.store(pack(level, id), std::memory_order_release);
  linked_.fetch_add(1, std::memory_order_relaxed);
}

// None of the chosen would link to the node: one must. Where all places of a list hold nodes that it
// keeps, one of these is asked; the tree ends, so this does too.
void Graph::find_keeper(std::uint32_t nearest, std::uint32_t id, Scratch& scratch) {
  const std::uint32_t places = nodes_.places(0);
  for (std::uint32_t at = nearest, step = 0; !connect(at, id, 0, scratch, true); ++step)
    at = nodes_.list(at, 0)[mixed(id + step) % places].load(std::memory_order_acquire) - 1;
}

bool Graph::is_kept(std::uint32_t from, std::uint32_t to, int level) const {
  return level == 0 && nodes_.keeper(to).load(std::memory_order_relaxed) == from + 1;
}

// Stores a link. The caller holds the lock of `from`, and so has whoever asks what `from` keeps.
void Graph::keep(std::uint32_t from, std::uint32_t to, int level, Link& place) {
  Link& keeper = nodes_.keeper(to);
  if (level == 0 && keeper.load(std::memory_order_relaxed) == 0)
    keeper.store(from + 1, std::memory_order_relaxed);
  // Whoever reads this link sees the node's own lists.
  place.store(to + 1, std::memory_order_release);
}

// Whether `from` now links to `to`; with `must` it does unless all its places hold nodes it keeps.
bool Graph::connect(std::uint32_t from, std::uint32_t to, int level, Scratch& scratch, bool must) {
  const NodeLock lock(nodes_.lock(from));
  Link* const list = nodes_.list(from, level);
  const std::uint32_t places = nodes_.places(level);
  for (std::uint32_t i = 0; i < places; ++i) {
    if (list[i].load(std::memory_order_relaxed) != 0) continue;
    keep(from, to, level, list[i]);
    return true;
  }
  return make_room(from, to, level, scratch, must);
}

// A full list and one more: chosen anew. What stays, stays in its place (see the head of graph.h).
bool Graph::make_room(std::uint32_t from, std::uint32_t to, int level, Scratch& scratch, bool must) {
  Link* const list = nodes_.list(from, level);
  const std::uint32_t places = nodes_.places(level);
  const Probe probe = probe_of(from, scratch.query.data());
  std::vector<Candidate>& candidates = scratch.candidates;
  candidates.assign(1, {score(probe, to), to});
  for (std::uint32_t i = 0; i < places; ++i)
    prefetch(table_->coded(list[i].load(std::memory_order_relaxed) - 1));
  for (std::uint32_t i = 0; i < places; ++i) {
    const std::uint32_t id = list[i].load(std::memory_order_relaxed) - 1;
    candidates.push_back({score(probe, id), id});
  }
  std::sort(candidates.begin(), candidates.end(), better);
  auto& chosen = scratch.chosen[kMaxLevel + 1];
  choose(candidates, places, scratch, chosen);
  const auto is_chosen = [&chosen](std::uint32_t id) {
    return std::find(chosen.begin(), chosen.end(), id) != chosen.end();
  };
  bool waiting = must || is_chosen(to);
  bool placed = false;
  for (std::uint32_t i = 0; i < places; ++i) {
    const std::uint32_t id = list[i].load(std::memory_order_relaxed) - 1;
    if (is_chosen(id) || is_kept(from, id, level)) continue;
    if (waiting) keep(from, to, level, list[i]);
    else list[i].store(0, std::memory_order_release);
    placed |= waiting;
    waiting = false;
  }
  // Then the farthest that may go does.
  for (auto at = candidates.rbegin(); must && !placed && at != candidates.rend(); ++at) {
    if (at->id == to || is_kept(from, at->id, level)) continue;
    for (std::uint32_t i = 0; i < places; ++i)
      if (list[i].load(std::memory_order_relaxed) == at->id + 1) keep(from, to, level, list[i]);
    placed = true;
  }
  return placed;
}

}  // namespace likeness

#include "graph_snapshot.h"

#include <algorithm>
#include <utility>

namespace likeness {
namespace {

// Section "<prefix>.graph".
struct Summary {
  std::uint32_t m;
  std::uint32_t ef_construction;
  // The id of the node that has no keeper because it was linked first, plus one; 0: it is not among those saved, or
  // there is none yet.
  std::uint32_t root;
  std::uint32_t unused;
};

// Nodes whose links are copied at once.
constexpr std::uint32_t kNodes = 1024;

std::string links_section(const std::string& prefix, std::uint32_t segment) {
  return prefix + ".links." + std::to_string(segment);
}

std::uint32_t last_of(std::uint32_t segment, std::uint32_t end) { return std::min(segment_base(segment + 1), end); }

[[noreturn]] void broken(const SnapshotReader& from, const std::string& why) {
  throw SnapshotError("SNAPSHOT_BROKEN", from.path() + " has " + why);
}

template <typename Value>
std::vector<Value> read_values(const SnapshotReader& from, const std::string& name, std::size_t count,
                               const Cancel& cancel) {
  const Section& section = from.section(name);
  if (section.length != count * sizeof(Value)) broken(from, "a section " + name + " of a wrong length");
  std::vector<Value> values(count);
  from.read(section, values.data(), cancel);
  return values;
}

Summary read_summary(const SnapshotReader& from, const std::string& prefix) {
  const Cancel never{false};
  const Summary summary = read_values<Summary>(from, prefix + ".graph", 1, never).front();
  if (summary.m < 2 || summary.m > kMaxM || summary.ef_construction < 1 || summary.ef_construction > kMaxEf)
    broken(from, "a graph of an impossible shape");
  return summary;
}

}  // namespace

GraphSave::GraphSave(std::shared_ptr<const Graph> graph, std::uint32_t end) : graph_(std::move(graph)), given_(end) {
  for (std::uint32_t id = 0; id < end; ++id) given_[id] = graph_->holds(id);
}

void GraphSave::write(const std::string& prefix, SnapshotWriter& to) const {
  const Nodes& nodes = graph_->nodes_;
  const auto end = static_cast<std::uint32_t>(given_.size());
  // The graph may be given more nodes while this is written, also below the end: a link to one of these is left out.
  const auto known = [this, end](std::uint32_t value) {
    return value != 0 && value <= end && given_[value - 1] != 0 ? value : 0;
  };
  const auto within = [&known](const Link& link) { return known(link.load(std::memory_order_acquire)); };
  auto root = static_cast<std::uint32_t>(graph_->entry_.load(std::memory_order_acquire));
  for (std::uint32_t keeper = root; keeper != 0; keeper = nodes.keeper(root - 1).load(std::memory_order_acquire))
    root = keeper;
  const Summary summary = {graph_->shape_.m, graph_->shape_.ef_construction, known(root), 0};
  to.write(prefix + ".graph", &summary, sizeof summary);
  to.write(prefix + ".given", given_.data(), given_.size());
  std::vector<std::uint32_t> values;
  // Before the links: a link that is kept stays where it is, so it is in the list when that is copied.
  for (std::uint32_t id = 0; id < end; ++id) values.push_back(given_[id] ? within(nodes.keeper(id)) : 0);
  to.write(prefix + ".keepers", values.data(), values.size() * sizeof values[0]);
  for (std::uint32_t segment = 0; segment_base(segment) < end; ++segment) {
    const std::uint32_t last = last_of(segment, end);
    for (std::uint32_t id = segment_base(segment); id < last;) {
      values.clear();
      for (const std::uint32_t stop = std::min(last, id + kNodes); id < stop; ++id)
        for (int level = 0; given_[id] && level <= nodes.level(id); ++level)
          for (std::uint32_t i = 0; i < nodes.places(level); ++i) values.push_back(within(nodes.list(id, level)[i]));
      to.write(links_section(prefix, segment), values.data(), values.size() * sizeof(std::uint32_t));
    }
  }
}

GraphShape GraphRestore::shape(const SnapshotReader& from, const std::string& prefix) {
  const Summary summary = read_summary(from, prefix);
  return {summary.m, summary.ef_construction};
}

GraphRestore::GraphRestore(Graph& graph, std::uint32_t end, const SnapshotReader& from, const Cancel& cancel)
    : graph_(graph), end_(end), from_(from), cancel_(cancel) {}

std::vector<std::uint32_t> GraphRestore::run(const std::string& prefix) {
  const std::uint32_t root = read_summary(from_, prefix).root;
  given_ = read_values<std::uint8_t>(from_, prefix + ".given", end_, cancel_);
  keepers_ = read_values<std::uint32_t>(from_, prefix + ".keepers", end_, cancel_);
  graph_.grow(end_);
  Nodes& nodes = graph_.nodes_;
  if (root > end_ || (root != 0 && given_[root - 1] == 0)) broken(from_, "a graph that begins nowhere");
  for (std::uint32_t id = 0; id < end_; ++id) {
    const std::uint32_t keeper = keepers_[id];
    if (given_[id] > 1 || keeper > end_ || (keeper != 0 && (given_[id] == 0 || given_[keeper - 1] == 0)))
      broken(from_, "a row kept by none");
    nodes.given(id) = given_[id];
    size_ += given_[id];
    dead_ += given_[id] && !graph_.table().live(id);
  }
  if (root != 0) keepers_[root - 1] = 0;
  for (std::uint32_t segment = 0; segment_base(segment) < end_; ++segment)
    read_links(links_section(prefix, segment), segment);
  for (std::uint32_t id = 0; id < end_; ++id)
    if (keepers_[id] != 0 && !is_linked(keepers_[id] - 1, id)) keepers_[id] = 0;
  const std::vector<std::uint8_t> found = reached(root);
  std::vector<std::uint32_t> out = take_out(found);
  size_ -= out.size();
  enter(found);
  return out;
}

// Takes over the links of a segment. Each must lead to a node of the graph that has the level.
void GraphRestore::read_links(const std::string& section, std::uint32_t segment) {
  const Nodes& nodes = graph_.nodes_;
  const std::uint32_t first = segment_base(segment), last = last_of(segment, end_);
  std::size_t count = 0;
  for (std::uint32_t id = first; id < last; ++id)
    for (int level = 0; given_[id] && level <= nodes.level(id); ++level) count += nodes.places(level);
  const auto links = read_values<std::uint32_t>(from_, section, count, cancel_);
  auto at = links.begin();
  for (std::uint32_t id = first; id < last; ++id)
    for (int level = 0; given_[id] && level <= nodes.level(id); ++level)
      for (std::uint32_t i = 0; i < nodes.places(level); ++i) {
        const std::uint32_t link = *at++;
        if (link > end_ || (link != 0 && (given_[link - 1] == 0 || nodes.level(link - 1) < level)))
          broken(from_, "a link to nowhere");
        nodes.list(id, level)[i].store(link, std::memory_order_relaxed);
      }
}

bool GraphRestore::is_linked(std::uint32_t from, std::uint32_t to) const {
  const Link* const list = graph_.nodes_.list(from, 0);
  return std::any_of(list, list + graph_.nodes_.places(0),
                     [to](const Link& link) { return link.load(std::memory_order_relaxed) == to + 1; });
}

// For each node whether the line of its keepers ends at the root (its id plus one): 1, or 0.
std::vector<std::uint8_t> GraphRestore::reached(std::uint32_t root) const {
  enum : std::uint8_t { kLost, kReached, kUnknown, kOnTheWay };
  std::vector<std::uint8_t> states(end_, kUnknown);
  if (root != 0) states[root - 1] = kReached;
  std::vector<std::uint32_t> line;
  for (std::uint32_t id = 0; id < end_; ++id) {
    std::uint32_t at = id;
    for (line.clear(); states[at] == kUnknown && keepers_[at] != 0; at = keepers_[at] - 1) {
      states[at] = kOnTheWay;
      line.push_back(at);
    }
    // It ends without a keeper, or goes round in a circle.
    if (states[at] != kReached) states[at] = kLost;
    for (const std::uint32_t node : line) states[node] = states[at];
  }
  return states;
}

// Takes the nodes that cannot be found out of the graph. One that was removed stays a place to be passed through.
std::vector<std::uint32_t> GraphRestore::take_out(const std::vector<std::uint8_t>& reached) {
  Nodes& nodes = graph_.nodes_;
  std::vector<std::uint32_t> out;
  for (std::uint32_t id = 0; id < end_; ++id) {
    nodes.keeper(id).store(reached[id] ? keepers_[id] : 0, std::memory_order_relaxed);
    if (given_[id] == 0 || reached[id] || !graph_.table().live(id)) continue;
    nodes.given(id) = given_[id] = 0;
    out.push_back(id);
  }
  if (out.empty()) return out;
  for (std::uint32_t id = 0; id < end_; ++id)
    for (int level = 0; level <= nodes.level(id); ++level)
      for (std::uint32_t i = 0; i < nodes.places(level); ++i) {
        Link& link = nodes.list(id, level)[i];
        const std::uint32_t to = link.load(std::memory_order_relaxed);
        if (to != 0 && (given_[id] == 0 || given_[to - 1] == 0)) link.store(0, std::memory_order_relaxed);
      }
  return out;
}

// Has searches begin at a node of the highest level.
void GraphRestore::enter(const std::vector<std::uint8_t>& reached) {
  const Nodes& nodes = graph_.nodes_;
  std::uint32_t linked = 0;
  int top = -1;
  for (std::uint32_t id = 0; id < end_; ++id) {
    if (!reached[id]) continue;
    ++linked;
    if (nodes.level(id) <= top) continue;
    top = nodes.level(id);
    graph_.entry_.store((static_cast<std::uint64_t>(top) << 32) | (id + 1u), std::memory_order_release);
  }
  graph_.linked_.store(linked, std::memory_order_relaxed);
}

}  // namespace likeness

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "container.h"
#include "crc32c.h"
#include "format.h"

namespace likeness {
namespace {

// Written at once, and how long a cancelled job may go on.
constexpr std::size_t kPiece = 1u << 20;
// At most so much waits to be written back, so that an fsync of the database never waits for more.
constexpr std::uint64_t kUnsynced = 32u << 20;

std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(
      std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
}

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

void sync_file(int file, const std::string& path) {
#if defined(__APPLE__)
  if (fcntl(file, F_FULLFSYNC) == 0) return;
#endif
  if (fsync(file) != 0) throw system_error("make " + path + " durable");
}

}  // namespace

SnapshotError system_error(const std::string& doing) {
  const int number = errno;
  const char* code = "EIO";
  switch (number) {
    case ENOSPC: code = "ENOSPC"; break;
    case EDQUOT: code = "EDQUOT"; break;
    case EFBIG: code = "EFBIG"; break;
    case EACCES: code = "EACCES"; break;
    case EPERM: code = "EPERM"; break;
    case EROFS: code = "EROFS"; break;
    case ENOENT: code = "ENOENT"; break;
    case EEXIST: code = "EEXIST"; break;
    case EISDIR: code = "EISDIR"; break;
    case ENOTDIR: code = "ENOTDIR"; break;
    case ELOOP: code = "ELOOP"; break;
    case EMFILE: code = "EMFILE"; break;
    case ENFILE: code = "ENFILE"; break;
    case ENOMEM: code = "ENOMEM"; break;
    default: break;
  }
  return {code, "cannot " + doing + ": " + std::strerror(number)};
}

Descriptor::~Descriptor() {
  if (number_ >= 0) close(number_);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

SnapshotWriter::SnapshotWriter(std::string path, std::uint64_t bytes_per_second)
    : path_(std::move(path)), bytes_per_second_(bytes_per_second) {
  buffer_.reserve(kPiece);
  // One of this name is what an ended process left behind.
  unlink(path_.c_str());
  file_ = Descriptor(open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file_.number() < 0) throw system_error("make " + path_);
}

SnapshotWriter::~SnapshotWriter() {
  if (!finished_ && file_.number() >= 0) unlink(path_.c_str());
}

// All of it, in pieces.
void SnapshotWriter::put(const void* data, std::size_t size, std::uint64_t offset) {
  const auto* at = static_cast<const std::uint8_t*>(data);
  while (size > 0) {
    if (cancel_.load(std::memory_order_relaxed))
      throw SnapshotError("SNAPSHOT_CANCELLED", "writing " + path_ + " was cancelled");
    const ssize_t written =
        pwrite(file_.number(), at, std::min(size, kPiece), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw system_error("write " + path_);
    const auto taken = static_cast<std::size_t>(written);
    at += taken;
    size -= taken;
    offset += taken;
    pace(taken);
  }
}

// Waits as long as the rate asks for, and for what was written to reach the disk bit by bit.
void SnapshotWriter::pace(std::size_t size) {
  synced_ += size;
#if defined(__linux__)
  if (synced_ / kUnsynced != (synced_ - size) / kUnsynced) {
    const unsigned how = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    // Where it fails, so will the fsync at the end.
    sync_file_range(file_.number(), 0, 0, how);
  }
#endif
  if (bytes_per_second_ == 0) return;
  if (started_ns_ == 0) started_ns_ = now_ns();
  const double due_ns = 1e9 * static_cast<double>(synced_) / static_cast<double>(bytes_per_second_);
  while (!cancel_.load(std::memory_order_relaxed)) {
    const double left_ns = due_ns - static_cast<double>(now_ns() - started_ns_);
    if (left_ns <= 0) return;
    const double nap_ns = std::min(left_ns, 5e7);
    std::this_thread::sleep_for(std::chrono::nanoseconds(static_cast<std::int64_t>(nap_ns)));
  }
}

void SnapshotWriter::flush() {
  put(buffer_.data(), buffer_.size(), offset_);
  offset_ += buffer_.size();
  buffer_.clear();
}

void SnapshotWriter::write(const std::string& section, const void* data, std::size_t size) {
  if (finished_) throw SnapshotError("SNAPSHOT_STATE", "the snapshot is complete");
  if (sections_.empty() || sections_.back().name != section) begin(section);
  sections_.back().length += size;
  add(data, size);
}

void SnapshotWriter::begin(const std::string& name) {
  const bool known = std::any_of(sections_.begin(), sections_.end(), [&](const Section& at) { return at.name == name; });
  if (known || name.empty() || name.size() > kMaxSectionName || sections_.size() == kMaxSections)
    throw SnapshotError("SNAPSHOT_STATE", "no section can be begun as " + name);
  end();
  sections_.push_back({name, offset_, 0, 0});
}

void SnapshotWriter::add(const void* data, std::size_t size) {
  Section& section = sections_.back();
  const auto* at = static_cast<const std::uint8_t*>(data);
  while (size > 0) {
    const std::size_t part = std::min(size, kPiece - buffer_.size());
    // What is checked and written is the copy: the source may be changing.
    buffer_.insert(buffer_.end(), at, at + part);
    section.checksum = crc32c(section.checksum, buffer_.data() + buffer_.size() - part, part);
    if (buffer_.size() == kPiece) flush();
    at += part;
    size -= part;
  }
}

// Fills up the last section, once.
void SnapshotWriter::end() {
  if (sections_.empty()) return;
  const std::vector<std::uint8_t> zeros((kSnapshotPage - sections_.back().length % kSnapshotPage) % kSnapshotPage);
  add(zeros.data(), zeros.size());
  flush();
}

std::uint64_t SnapshotWriter::commit(const std::string& final_path) {
  if (finished_) throw SnapshotError("SNAPSHOT_STATE", "the snapshot is complete");
  end();
  std::vector<SnapshotEntry> table(sections_.size());
  for (std::size_t i = 0; i < table.size(); ++i) {
    const Section& section = sections_[i];
    std::memcpy(table[i].name, section.name.data(), section.name.size());
    table[i].offset = section.offset;
    table[i].length = section.length;
    table[i].checksum = section.checksum;
  }
  const std::size_t table_size = table.size() * sizeof(SnapshotEntry);
  put(table.data(), table_size, offset_);
  std::vector<std::uint8_t> page(kSnapshotPage);
  SnapshotHeader header{};
  std::memcpy(header.magic, kSnapshotMagic, sizeof header.magic);
  header.version = kSnapshotVersion;
  header.section_count = static_cast<std::uint32_t>(table.size());
  header.table_offset = offset_;
  header.file_size = offset_ + table_size;
  header.table_checksum = crc32c(0, table.data(), table_size);
  std::memcpy(page.data(), &header, sizeof header);
  header.checksum = crc32c(0, page.data(), page.size());
  std::memcpy(page.data(), &header, sizeof header);
  put(page.data(), page.size(), 0);
  sync_file(file_.number(), path_);
  if (cancel_.load(std::memory_order_relaxed))
    throw SnapshotError("SNAPSHOT_CANCELLED", "writing " + path_ + " was cancelled");
  if (rename(path_.c_str(), final_path.c_str()) != 0) throw system_error("rename " + path_ + " to " + final_path);
  finished_ = true;
  const std::string parent = directory_of(final_path);
  const Descriptor directory(open(parent.c_str(), O_RDONLY | O_CLOEXEC));
  if (directory.number() < 0 || fsync(directory.number()) != 0)
    throw system_error("make the names in " + parent + " durable");
  return header.file_size;
}

}  // namespace likeness

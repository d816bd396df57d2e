#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include "container.h"
#include "crc32c.h"
#include "format.h"

namespace likeness {
namespace {

// Read and checked at once: small enough to be in the cache for both.
constexpr std::size_t kPiece = 1u << 18;

std::uint64_t padded(std::uint64_t length) {
  return (length + kSnapshotPage - 1) / kSnapshotPage * kSnapshotPage;
}

void check_running(const Cancel& cancel) {
  if (cancel.load(std::memory_order_relaxed))
    throw SnapshotError("SNAPSHOT_CANCELLED", "reading a snapshot was cancelled");
}

}  // namespace

SnapshotReader::SnapshotReader(std::string path)
    : path_(std::move(path)), file_(open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)) {
  struct stat status {};
  if (file_.number() < 0 || fstat(file_.number(), &status) != 0) throw system_error("open " + path_);
  if (!S_ISREG(status.st_mode)) broken("is not a file");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size < kSnapshotPage) broken("is shorter than its header");
  std::vector<std::uint8_t> page(kSnapshotPage);
  read_at(page.data(), page.size(), 0);
  SnapshotHeader header;
  std::memcpy(&header, page.data(), sizeof header);
  if (std::memcmp(header.magic, kSnapshotMagic, sizeof header.magic) != 0) broken("is not a snapshot");
  const std::uint32_t checksum = header.checksum;
  header.checksum = 0;
  std::memcpy(page.data(), &header, sizeof header);
  if (crc32c(0, page.data(), page.size()) != checksum) broken("has a damaged header");
  if (header.version < kOldestSnapshotVersion || header.version > kSnapshotVersion)
    throw SnapshotError("SNAPSHOT_VERSION", path_ + " is of format " + std::to_string(header.version) +
                                                ", this program reads " + std::to_string(kSnapshotVersion));
  if (header.file_size != size)
    broken("is " + std::to_string(size) + " bytes long, not " + std::to_string(header.file_size));
  if (header.section_count > kMaxSections || header.table_offset < kSnapshotPage || header.table_offset > size ||
      size - header.table_offset != header.section_count * sizeof(SnapshotEntry))
    broken("has an impossible table");
  std::vector<SnapshotEntry> table(header.section_count);
  read_at(table.data(), table.size() * sizeof(SnapshotEntry), header.table_offset);
  if (crc32c(0, table.data(), table.size() * sizeof(SnapshotEntry)) != header.table_checksum)
    broken("has a damaged table");
  for (const SnapshotEntry& entry : table)
    sections_.push_back({std::string(entry.name, strnlen(entry.name, kMaxSectionName)), entry.offset, entry.length,
                         entry.checksum});
  check_table(header.table_offset);
}

// Sections lie one behind the other without a gap: no byte is without a checksum, none in two sections.
void SnapshotReader::check_table(std::uint64_t table_offset) const {
  std::set<std::string> names;
  std::uint64_t at = kSnapshotPage;
  for (const Section& section : sections_) {
    if (!names.insert(section.name).second) broken("names a section twice");
    if (section.offset != at || section.length > table_offset - at || padded(section.length) > table_offset - at)
      broken("has a section in an impossible place");
    at += padded(section.length);
  }
  if (at != table_offset) broken("has bytes outside its sections");
}

void SnapshotReader::broken(const std::string& why) const {
  throw SnapshotError("SNAPSHOT_BROKEN", path_ + " " + why);
}

const Section& SnapshotReader::section(const std::string& name) const {
  for (const Section& section : sections_)
    if (section.name == name) return section;
  broken("has no section " + name);
}

void SnapshotReader::read_at(void* to, std::size_t size, std::uint64_t offset) const {
  auto* at = static_cast<std::uint8_t*>(to);
  while (size > 0) {
    const ssize_t got = pread(file_.number(), at, size, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_error("read " + path_);
    if (got == 0) broken("ends too early");
    at += got;
    size -= static_cast<std::size_t>(got);
    offset += static_cast<std::uint64_t>(got);
  }
}

void SnapshotReader::read(const Section& section, void* to, const Cancel& cancel) const {
  auto* const bytes = static_cast<std::uint8_t*>(to);
  std::uint32_t checksum = 0;
  for (std::uint64_t at = 0; at < section.length; at += kPiece) {
    check_running(cancel);
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, section.length - at));
    read_at(bytes + at, part, section.offset + at);
    checksum = crc32c(checksum, bytes + at, part);
  }
  std::vector<std::uint8_t> padding(static_cast<std::size_t>(padded(section.length) - section.length));
  read_at(padding.data(), padding.size(), section.offset + section.length);
  if (crc32c(checksum, padding.data(), padding.size()) != section.checksum) broken("is damaged in section " + section.name);
}

void SnapshotReader::verify(const Section& section, const Cancel& cancel) const {
  std::vector<std::uint8_t> piece(kPiece);
  std::uint32_t checksum = 0;
  const std::uint64_t length = padded(section.length);
  for (std::uint64_t at = 0; at < length; at += kPiece) {
    check_running(cancel);
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, length - at));
    read_at(piece.data(), part, section.offset + at);
    checksum = crc32c(checksum, piece.data(), part);
  }
  if (checksum != section.checksum) broken("is damaged in section " + section.name);
}

}  // namespace likeness

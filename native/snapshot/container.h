// A snapshot file: named sections of bytes, each with a checksum. What the sections mean is told by others.
//
//   0       the header, padded with zeros to 65,536 bytes
//   65,536  the sections, each from a multiple of 65,536 on and padded with zeros, so that any machine can map it
//   …       the table: one entry a section, to the end of the file
//
// Every byte of the file is under a checksum (CRC-32C): the header has its own and that of the table, a
// section's covers its padding too. Numbers are little-endian, as on every machine this is compiled for.
//
// A file is written under another name, made durable and renamed, so that a name never shows half a file.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace likeness {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "snapshots are little-endian");

// Raised when the format changes; a version that is not between these is refused. Format 1 had sums of codes besides,
// which nobody needs.
constexpr std::uint32_t kSnapshotVersion = 2;
constexpr std::uint32_t kOldestSnapshotVersion = 1;
constexpr std::size_t kSnapshotPage = 65536;
constexpr std::size_t kMaxSections = 1u << 16;
constexpr std::size_t kMaxSectionName = 39;

class SnapshotError : public std::runtime_error {
 public:
  // One of SNAPSHOT_BROKEN (the file is not what was written), SNAPSHOT_VERSION (it is of another format),
  // SNAPSHOT_CANCELLED and SNAPSHOT_STATE (calls in an impossible order), or the name of the system's error,
  // such as ENOSPC.
  SnapshotError(std::string code, const std::string& message)
      : std::runtime_error(message), code_(std::move(code)) {}
  const std::string& code() const { return code_; }

 private:
  std::string code_;
};

// What `errno` says of `doing`, such as "write /data/x": a SnapshotError to throw.
SnapshotError system_error(const std::string& doing);

// An open file, closed in the end.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : number_(other.number_) { other.number_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept;
  int number() const { return number_; }

 private:
  int number_;
};

struct Section {
  std::string name;
  std::uint64_t offset;
  // Without the padding.
  std::uint64_t length;
  // Of the section and its padding.
  std::uint32_t checksum;
};

// Set by another thread to have a long job end with SNAPSHOT_CANCELLED.
using Cancel = std::atomic<bool>;

// For one thread at a time, but for `cancel`.
class SnapshotWriter {
 public:
  // Makes `path` anew, readable by its owner only. `bytes_per_second` 0: as fast as the disk takes it.
  SnapshotWriter(std::string path, std::uint64_t bytes_per_second);
  // Removes the file unless it was committed.
  ~SnapshotWriter();
  SnapshotWriter(const SnapshotWriter&) = delete;
  SnapshotWriter& operator=(const SnapshotWriter&) = delete;

  // Adds to the section of this name, which must be the last or a new one.
  void write(const std::string& section, const void* data, std::size_t size);
  // Completes the file, makes it durable and gives it this name in the same directory, in place of whatever has it.
  // Returns the size of the file.
  std::uint64_t commit(const std::string& final_path);
  // From any thread: what runs and whatever comes after fails.
  void cancel() { cancel_.store(true, std::memory_order_relaxed); }

 private:
  void begin(const std::string& name);
  void add(const void* data, std::size_t size);
  void end();
  void put(const void* data, std::size_t size, std::uint64_t offset);
  void flush();
  void pace(std::size_t size);

  const std::string path_;
  const std::uint64_t bytes_per_second_;
  Descriptor file_;
  Cancel cancel_{false};
  std::vector<Section> sections_;
  bool finished_ = false;
  // Where the next byte goes once the buffer has been written.
  std::uint64_t offset_ = kSnapshotPage;
  std::uint64_t synced_ = 0;
  std::uint64_t started_ns_ = 0;
  std::vector<std::uint8_t> buffer_;
};

// An opened file, whose header and table have been checked. Any thread may read.
class SnapshotReader {
 public:
  explicit SnapshotReader(std::string path);

  const std::vector<Section>& sections() const { return sections_; }
  // SNAPSHOT_BROKEN where there is none of this name.
  const Section& section(const std::string& name) const;
  // Copies a whole section to `to` and holds it to its checksum.
  void read(const Section& section, void* to, const Cancel& cancel) const;
  // Holds it to its checksum without keeping it.
  void verify(const Section& section, const Cancel& cancel) const;
  const std::string& path() const { return path_; }
  int descriptor() const { return file_.number(); }

 private:
  void read_at(void* to, std::size_t size, std::uint64_t offset) const;
  [[noreturn]] void broken(const std::string& why) const;
  void check_table(std::uint64_t table_offset) const;

  std::string path_;
  Descriptor file_;
  std::vector<Section> sections_;
};

}  // namespace likeness

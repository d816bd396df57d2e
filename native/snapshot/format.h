// The bytes of a snapshot file's header and table; container.h tells how they lie.
#pragma once
#include <cstdint>
#include <type_traits>

namespace likeness {

constexpr char kSnapshotMagic[8] = {'L', 'K', 'N', 'S', 'N', 'A', 'P', '\n'};

struct SnapshotHeader {
  char magic[8];
  std::uint32_t version;
  std::uint32_t section_count;
  std::uint64_t table_offset;
  std::uint64_t file_size;
  std::uint32_t table_checksum;
  // Of the header's page with zero in this place.
  std::uint32_t checksum;
};
static_assert(sizeof(SnapshotHeader) == 40 && std::is_trivially_copyable_v<SnapshotHeader>);

struct SnapshotEntry {
  // Ends with at least one zero.
  char name[40];
  std::uint64_t offset;
  std::uint64_t length;
  std::uint32_t checksum;
  std::uint32_t unused;
};
static_assert(sizeof(SnapshotEntry) == 64 && std::is_trivially_copyable_v<SnapshotEntry>);

}  // namespace likeness

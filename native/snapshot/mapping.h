// Memory that lies in files, for rows that need not all be in RAM.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "container.h"

namespace likeness {

// A run of mapped bytes, unmapped in the end.
class Mapping {
 public:
  ~Mapping();
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  void* data() const { return data_; }
  std::size_t size() const { return size_; }

  // Zeroed bytes in a nameless file of this directory, which goes with the mapping. Its blocks are given to it here:
  // a full disk is ENOSPC and not a signal at the first write.
  static std::unique_ptr<Mapping> scratch(const std::string& directory, std::size_t size);
  // A section of a snapshot, to be read at random. What is written to it stays in memory, the file is as it was. It
  // remains readable after the file has lost its name. Not checked: verify the section.
  static std::unique_ptr<Mapping> of_section(const SnapshotReader& reader, const Section& section);

 private:
  Mapping(void* data, std::size_t size) : data_(data), size_(size) {}

  void* data_;
  std::size_t size_;
};

// Asks for large pages for memory that is about to be filled: it is faster to come by and to read at random. Only memory
// that has not been touched yet can have them at once.
void prefer_large_pages(void* data, std::size_t size);

}  // namespace likeness

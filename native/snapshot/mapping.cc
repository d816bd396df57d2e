#include "mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <vector>

namespace likeness {
namespace {

Descriptor nameless_file(const std::string& directory) {
#if defined(O_TMPFILE)
  Descriptor file(open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file.number() >= 0) return file;
  // Not every file system has them; any other fault shows again below.
#endif
  const std::string pattern = directory + "/rows-XXXXXX";
  std::vector<char> path(pattern.c_str(), pattern.c_str() + pattern.size() + 1);
  Descriptor named(mkstemp(path.data()));
  if (named.number() < 0) throw system_error("make a file in " + directory);
  unlink(path.data());
  fcntl(named.number(), F_SETFD, FD_CLOEXEC);
  return named;
}

void allocate(const Descriptor& file, std::size_t size, const std::string& directory) {
#if defined(__APPLE__)
  fstore_t store = {F_ALLOCATEALL, F_PEOFPOSMODE, 0, static_cast<off_t>(size), 0};
  const int failed = fcntl(file.number(), F_PREALLOCATE, &store) != 0 || ftruncate(file.number(), size) != 0;
#else
  // It returns the error instead of setting errno.
  const int failed = errno = posix_fallocate(file.number(), 0, static_cast<off_t>(size));
#endif
  if (failed) throw system_error("reserve " + std::to_string(size) + " bytes in " + directory);
}

// A new mapping of a file.
void* map(int file, std::size_t size, int flags, std::uint64_t offset) {
  void* const data = mmap(nullptr, size, PROT_READ | PROT_WRITE, flags, file, static_cast<off_t>(offset));
  if (data == MAP_FAILED) throw system_error("map " + std::to_string(size) + " bytes of a file");
  // Rows are read here and there: what lies around them is not wanted.
  madvise(data, size, MADV_RANDOM);
  return data;
}

}  // namespace

Mapping::~Mapping() { munmap(data_, size_); }

std::unique_ptr<Mapping> Mapping::scratch(const std::string& directory, std::size_t size) {
  const Descriptor file = nameless_file(directory);
  allocate(file, size, directory);
  return std::unique_ptr<Mapping>(new Mapping(map(file.number(), size, MAP_SHARED, 0), size));
}

std::unique_ptr<Mapping> Mapping::of_section(const SnapshotReader& reader, const Section& section) {
  const auto size = static_cast<std::size_t>(section.length);
  if (size == 0) throw SnapshotError("SNAPSHOT_STATE", "an empty section cannot be mapped");
  int flags = MAP_PRIVATE;
#if defined(MAP_NORESERVE)
  // Hardly any of it will be written to.
  flags |= MAP_NORESERVE;
#endif
  return std::unique_ptr<Mapping>(new Mapping(map(reader.descriptor(), size, flags, section.offset), size));
}

void prefer_large_pages(void* data, std::size_t size) {
#if defined(MADV_HUGEPAGE)
  constexpr std::uintptr_t kLargePage = 2u << 20;
  const auto begin = reinterpret_cast<std::uintptr_t>(data);
  const std::uintptr_t from = (begin + kLargePage - 1) / kLargePage * kLargePage;
  const std::uintptr_t to = (begin + size) / kLargePage * kLargePage;
  // Where there are none nothing is lost.
  if (to > from) madvise(reinterpret_cast<void*>(from), to - from, MADV_HUGEPAGE);
#else
  (void)data;
  (void)size;
#endif
}

}  // namespace likeness

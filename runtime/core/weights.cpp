//===- weights.cpp - embedded segment or file beside the executable -------===//

#include "runtime/core/weights.h"
#include "runtime/core/error.h"

#include <cerrno>
#include <climits>
#include <cstring>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <string>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ // Linux 5.14; Debian 12's libc headers may be older
#define MADV_POPULATE_READ 22
#endif

namespace ingot::runtime {
namespace {

/// The executable's file; without /proc (an empty chroot) the name that exec
/// was called with.
std::string executablePath() {
  char path[PATH_MAX];
  ssize_t size = readlink("/proc/self/exe", path, sizeof(path));
  if (size > 0 && size < static_cast<ssize_t>(sizeof(path)))
    return std::string(path, size);
  auto name = reinterpret_cast<const char *>(getauxval(AT_EXECFN));
  return name ? name : "";
}

const uint8_t *findEmbedded(uint64_t bytes) {
  auto *headers = reinterpret_cast<const ElfW(Phdr) *>(getauxval(AT_PHDR));
  size_t count = getauxval(AT_PHNUM);
  const ElfW(Phdr) *segment = nullptr;
  // A position-independent executable lies somewhere else than its headers say.
  uint64_t bias = 0;
  for (size_t i = 0; headers && i < count; ++i) {
    if (headers[i].p_type == PT_PHDR)
      bias = reinterpret_cast<uint64_t>(headers) - headers[i].p_vaddr;
    if (headers[i].p_type == PT_LOAD && headers[i].p_paddr == INGOT_WEIGHTS_TAG)
      segment = &headers[i];
  }
  if (!segment)
    fail("the executable holds no weights: it was changed after it was "
         "compiled; compile the model again");
  if (segment->p_filesz < bytes)
    fail("the weights in the executable are %llu bytes where the model needs "
         "%llu; compile the model again",
         static_cast<unsigned long long>(segment->p_filesz), static_cast<unsigned long long>(bytes));
  // The kernel maps beyond the end of a truncated file too, and sends SIGBUS
  // when such a page is touched.
  struct stat status;
  std::string path = executablePath();
  if (stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
      static_cast<uint64_t>(status.st_size) < segment->p_offset + bytes)
    fail("%s: the file is truncated: its weights end at byte %llu, the file at "
         "%llu; copy it again",
         path.c_str(), static_cast<unsigned long long>(segment->p_offset + bytes),
         static_cast<unsigned long long>(status.st_size));
  return reinterpret_cast<const uint8_t *>(bias + segment->p_vaddr);
}

const uint8_t *mapExternal(const char *name, uint64_t bytes) {
  std::string path = executablePath();
  path = path.substr(0, path.rfind('/') + 1) + name;
  int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    fail("%s: the weights cannot be opened: %s; keep this file beside the "
         "executable",
         path.c_str(), strerror(errno));
  struct stat status;
  if (fstat(descriptor, &status) != 0)
    fail("%s: %s", path.c_str(), strerror(errno));
  if (static_cast<uint64_t>(status.st_size) < bytes)
    fail("%s: the weights are %llu bytes where the model needs %llu; copy the "
         "file again",
         path.c_str(), static_cast<unsigned long long>(status.st_size), static_cast<unsigned long long>(bytes));
  void *memory = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, descriptor, 0);
  if (memory == MAP_FAILED)
    fail("%s: the weights cannot be mapped: %s", path.c_str(), strerror(errno));
  close(descriptor);
  return static_cast<const uint8_t *>(memory);
}

} // namespace

Weights::Weights(const IngotDescriptor &descriptor) : bytes(descriptor.weights.bytes) {
  if (!bytes)
    return;
  base = descriptor.weights.external ? mapExternal(descriptor.weights.external, bytes) : findEmbedded(bytes);
}

Weights::~Weights() { finishPopulating(); }

void Weights::startPopulating() {
  if (!bytes || populating)
    return;
  auto populate = [](void *argument) -> void * {
    auto *weights = static_cast<Weights *>(argument);
    // Where pages have to come from the disk, they come as huge ones then; those that are in memory stay as they are.
    madvise(const_cast<uint8_t *>(weights->base), weights->bytes, MADV_HUGEPAGE);
    // A hint: without it (old kernel) pages come in when they are first read,
    // and an unreadable one is reported then.
    madvise(const_cast<uint8_t *>(weights->base), weights->bytes, MADV_POPULATE_READ);
    return nullptr;
  };
  populating = pthread_create(&thread, nullptr, populate, this) == 0;
}

void Weights::finishPopulating() {
  if (populating)
    pthread_join(thread, nullptr);
  populating = false;
}

} // namespace ingot::runtime

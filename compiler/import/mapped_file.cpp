//===- mapped_file.cpp - a file's bytes where they lie --------------------===//

#include "compiler/import/mapped_file.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/MathExtras.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

using namespace llvm;
using namespace ingot;
using compiler::MappedFile;

bool compiler::isCleanText(StringRef text) {
  if (any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    return false;
  const UTF8 *position = text.bytes_begin();
  return isLegalUTF8String(&position, text.bytes_end());
}

std::string compiler::quote(StringRef text) {
  constexpr size_t longest = 80;
  StringRef head = text.take_front(longest);
  std::string quoted = "'";
  if (isCleanText(head))
    quoted += head;
  else
    for (unsigned char c : head)
      if (c >= 0x20 && c < 0x7f)
        quoted += static_cast<char>(c);
      else
        quoted += "\\x" + utohexstr(c, /*LowerCase=*/true, 2);
  return quoted + (text.size() > longest ? "...'" : "'");
}

static Error systemError(StringRef path, const Twine &what, int code) {
  return createStringError(path + ": " + what + ": " + std::strerror(code));
}

Expected<MappedFile> MappedFile::open(StringRef path, StringRef kind) {
  int descriptor = ::open(path.str().c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    return systemError(path, "cannot open the file", errno);
  scope_exit closer([&] { ::close(descriptor); });
  struct stat status;
  if (::fstat(descriptor, &status) != 0)
    return systemError(path, "cannot inspect the file", errno);
  if (!S_ISREG(status.st_mode))
    return createStringError(path + ": is not a regular file; give " + kind);
  if (status.st_size == 0)
    return createStringError(path + ": is empty; give " + kind);
  auto size = static_cast<size_t>(status.st_size);
  void *address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (address == MAP_FAILED)
    return systemError(path, "cannot map the file", errno);
  MappedFile file;
  file.name = path.str();
  file.range = {static_cast<const uint8_t *>(address), size};
  file.isMapped = true;
  return std::move(file);
}

MappedFile MappedFile::fromMemory(ArrayRef<uint8_t> bytes, StringRef name) {
  MappedFile file;
  file.name = name.str();
  file.range = bytes;
  return file;
}

MappedFile::MappedFile(MappedFile &&other) noexcept { *this = std::move(other); }

MappedFile &MappedFile::operator=(MappedFile &&other) noexcept {
  std::swap(name, other.name);
  std::swap(range, other.range);
  std::swap(isMapped, other.isMapped);
  return *this;
}

MappedFile::~MappedFile() {
  if (isMapped)
    ::munmap(const_cast<uint8_t *>(range.data()), range.size());
}

void MappedFile::release(ArrayRef<uint8_t> part) const {
  if (!isMapped || part.empty() || part.data() < range.data() || part.data() >= range.end())
    return;
  auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  uintptr_t begin = alignDown(reinterpret_cast<uintptr_t>(part.data()), page);
  uintptr_t end = alignTo(reinterpret_cast<uintptr_t>(std::min(part.end(), range.end())), page);
  ::madvise(reinterpret_cast<void *>(begin), end - begin, MADV_DONTNEED);
}

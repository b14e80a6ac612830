//===- output_file.cpp - A file that appears only when complete -----------===//
//
// POSIX file access with errors that name the file, and temporary files.
//
//===----------------------------------------------------------------------===//

#include "codegen/link/output_file.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace ingot::link {

llvm::Error systemError(llvm::StringRef path, llvm::StringRef what, int code) {
  return llvm::createStringError(path + ": " + what + ", " + std::generic_category().message(code));
}

llvm::Error writeAt(int descriptor, uint64_t offset, llvm::ArrayRef<uint8_t> data, llvm::StringRef path) {
  while (!data.empty()) {
    ssize_t written = ::pwrite(descriptor, data.data(), data.size(), off_t(offset));
    if (written < 0) {
      if (errno == EINTR)
        continue;
      return systemError(path, "cannot write", errno);
    }
    data = data.drop_front(size_t(written));
    offset += uint64_t(written);
  }
  return llvm::Error::success();
}

llvm::Error readAt(int descriptor, uint64_t offset, llvm::MutableArrayRef<uint8_t> data, llvm::StringRef path) {
  while (!data.empty()) {
    ssize_t got = ::pread(descriptor, data.data(), data.size(), off_t(offset));
    if (got < 0) {
      if (errno == EINTR)
        continue;
      return systemError(path, "cannot read", errno);
    }
    if (got == 0)
      return llvm::createStringError(path + ": cannot read, the file ends too early");
    data = data.drop_front(size_t(got));
    offset += uint64_t(got);
  }
  return llvm::Error::success();
}

llvm::Error reserve(int descriptor, uint64_t bytes, llvm::StringRef path) {
  if (bytes > uint64_t(INT64_MAX))
    return systemError(path, "cannot write", EFBIG);
  int result;
  do
    result = ::fallocate(descriptor, 0, 0, off_t(bytes));
  while (result != 0 && errno == EINTR);
  if (result == 0)
    return llvm::Error::success();
  if (errno != EOPNOTSUPP && errno != ENOSYS)
    return systemError(path, ("cannot write " + llvm::Twine(bytes) + " bytes").str(), errno);
  // The file system cannot reserve: a full disk shows while writing.
  if (::ftruncate(descriptor, off_t(bytes)) != 0)
    return systemError(path, "cannot write", errno);
  return llvm::Error::success();
}

llvm::Expected<OutputFile> OutputFile::create(llvm::StringRef path, bool executable) {
  llvm::sys::fs::file_status status;
  if (!llvm::sys::fs::status(path, status) && status.type() != llvm::sys::fs::file_type::regular_file)
    return llvm::createStringError(path + ": cannot write, it exists and is no file");
  // Hidden and in the same folder: rename(2) cannot cross file systems.
  llvm::SmallString<256> model(llvm::sys::path::parent_path(path));
  llvm::sys::path::append(model, "." + llvm::sys::path::filename(path) + ".ingot-%%%%%%%%");
  llvm::SmallString<256> temporary;
  OutputFile output;
  if (std::error_code error = llvm::sys::fs::createUniqueFile(model, output.file, temporary, llvm::sys::fs::OF_None,
                                                              executable ? 0777 : 0666))
    return llvm::createStringError(path + ": cannot write, " + error.message());
  output.finalPath = path.str();
  output.temporary = temporary.str().str();
  llvm::sys::RemoveFileOnSignal(output.temporary);
  return std::move(output);
}

OutputFile::OutputFile(OutputFile &&other)
    : finalPath(std::move(other.finalPath)), temporary(std::exchange(other.temporary, std::string())),
      file(std::exchange(other.file, -1)) {}

OutputFile::~OutputFile() {
  if (file >= 0)
    ::close(file);
  if (!temporary.empty()) {
    ::unlink(temporary.c_str());
    llvm::sys::DontRemoveFileOnSignal(temporary);
  }
}

llvm::Error OutputFile::commit() {
  if (::close(std::exchange(file, -1)) != 0)
    return systemError(finalPath, "cannot write", errno);
  if (::rename(temporary.c_str(), finalPath.c_str()) != 0)
    return systemError(finalPath, "cannot write", errno);
  llvm::sys::DontRemoveFileOnSignal(temporary);
  temporary.clear();
  return llvm::Error::success();
}

} // namespace ingot::link

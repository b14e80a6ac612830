//===- output_file.h - A file that appears only when complete ---*- C++ -*-===//
//
// A file is written under a temporary name in its final folder and renamed when
// complete; on failure and on a fatal signal the temporary file is removed.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_CODEGEN_LINK_OUTPUT_FILE_H
#define INGOT_CODEGEN_LINK_OUTPUT_FILE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>

namespace ingot::link {

/// "PATH: what, text of errno `code`".
llvm::Error systemError(llvm::StringRef path, llvm::StringRef what, int code);

/// Writes all of `data` at `offset`. Errors name `path`.
llvm::Error writeAt(int descriptor, uint64_t offset, llvm::ArrayRef<uint8_t> data, llvm::StringRef path);

/// Fills `data` from `offset`; a short file is an error.
llvm::Error readAt(int descriptor, uint64_t offset, llvm::MutableArrayRef<uint8_t> data, llvm::StringRef path);

/// Makes the file `bytes` long and takes the disk space for it, where the file
/// system can.
llvm::Error reserve(int descriptor, uint64_t bytes, llvm::StringRef path);

class OutputFile {
public:
  /// Creates the temporary file. Fails if `path` exists and is no regular file.
  static llvm::Expected<OutputFile> create(llvm::StringRef path, bool executable);
  OutputFile(OutputFile &&other);
  OutputFile(const OutputFile &) = delete;
  ~OutputFile();

  const std::string &path() const { return finalPath; }
  int descriptor() const { return file; }

  /// Closes the file and gives it its final name.
  llvm::Error commit();

private:
  OutputFile() = default;
  std::string finalPath;
  std::string temporary; ///< empty once committed or moved from
  int file = -1;
};

} // namespace ingot::link

#endif // INGOT_CODEGEN_LINK_OUTPUT_FILE_H

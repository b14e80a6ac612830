//===- mapped_file.h - a file's bytes where they lie ------------*- C++ -*-===//
//
// Models are larger than memory: their files are mapped, read once and given back
// page by page. What opens a file here has seen a regular file that is not empty.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_IMPORT_MAPPED_FILE_H
#define INGOT_COMPILER_IMPORT_MAPPED_FILE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>

namespace ingot::compiler {

/// `text` from a file in quotes, short and on one line, for error messages.
std::string quote(llvm::StringRef text);

/// Whether `text` is UTF-8 without control characters.
bool isCleanText(llvm::StringRef text);

/// Ends the message of an error that no file has which was written whole.
constexpr llvm::StringLiteral damagedFile = "; the file is damaged or incomplete, fetch it again";

class MappedFile {
public:
  /// `kind` says what to give instead, in messages: "a GGUF file".
  static llvm::Expected<MappedFile> open(llvm::StringRef path, llvm::StringRef kind);
  /// Bytes in memory, which must outlive the object. `name` stands in messages.
  static MappedFile fromMemory(llvm::ArrayRef<uint8_t> bytes, llvm::StringRef name);

  MappedFile() = default;
  MappedFile(MappedFile &&other) noexcept;
  MappedFile &operator=(MappedFile &&other) noexcept;
  ~MappedFile();

  llvm::StringRef path() const { return name; }
  llvm::ArrayRef<uint8_t> bytes() const { return range; }

  /// Gives the memory behind a part of bytes() back to the system: read again, it comes from the file again. Nothing
  /// happens where `part` lies elsewhere. Pages that it shares with its neighbours are given back, too.
  void release(llvm::ArrayRef<uint8_t> part) const;

private:
  std::string name;
  llvm::ArrayRef<uint8_t> range;
  bool isMapped = false;
};

} // namespace ingot::compiler

#endif // INGOT_COMPILER_IMPORT_MAPPED_FILE_H

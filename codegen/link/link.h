//===- link.h - From object code to one executable --------------*- C++ -*-===//
//
// Links generated code with Ingot's runtime into one x86-64 Linux executable,
// static or dependent on the C library alone, and appends the weights to it. lld runs in this process on code
// only; the weights follow at a page-aligned file offset, streamed through a
// small buffer, and the image's PT_NOTE header becomes the PT_LOAD that maps
// them (ELF-64, System V gABI 4.1, chapter "Program Loading").
//
// Layout of the result:
//
//   [image made by lld][section names][section headers][zeros][weights]
//
// The weights' program header is {PT_LOAD, PF_R, p_align =
// INGOT_HUGE_PAGE_BYTES, p_paddr = INGOT_WEIGHTS_TAG} (runtime/abi.h). The
// runtime finds it through AT_PHDR by that tag; no relocation refers to it, so
// the size of the weights is not bounded by the code model. A section header
// (".ingot.weights") covers the same bytes, since strip drops whatever no
// section covers.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_CODEGEN_LINK_LINK_H
#define INGOT_CODEGEN_LINK_LINK_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBufferRef.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace ingot::link {

/// Alignment in bytes of the weights in the file and in memory: a page, which
/// is what mapping and direct disk reads ask for.
inline constexpr uint64_t weightAlignment = 4096;

/// Takes the weights in ascending order. Not thread-safe.
class WeightSink {
public:
  /// Appends `data`. Fails if the file cannot take it or if more arrives than
  /// WeightStream::bytes announced.
  llvm::Error write(llvm::ArrayRef<uint8_t> data);

  /// Appends `bytes` zero bytes; many of them are left unwritten.
  llvm::Error skip(uint64_t bytes);

  /// Bytes taken so far.
  uint64_t position() const { return taken; }

private:
  friend class WeightFile;
  WeightSink(int descriptor, uint64_t fileOffset, uint64_t bytes, std::string path)
      : descriptor(descriptor), fileOffset(fileOffset), bytes(bytes), path(std::move(path)) {}
  llvm::Error claim(uint64_t count);
  /// Appends `count` bytes, zeros where `data` is null.
  llvm::Error append(const uint8_t *data, uint64_t count);
  llvm::Error flush();

  int descriptor;
  uint64_t fileOffset; ///< where byte 0 of the weights stands in the file
  uint64_t bytes;      ///< announced size
  std::string path;    ///< for messages
  uint64_t taken = 0;
  std::vector<uint8_t> pending; ///< bytes before `taken` not yet in the file
};

/// The weights of one executable.
struct WeightStream {
  /// Exact size of the constant arena; 0: there are no weights.
  uint64_t bytes = 0;
  /// Writes exactly `bytes` bytes. Called once; its error ends the link.
  std::function<llvm::Error(WeightSink &)> write;
};

enum class WeightPlacement {
  Embedded, ///< in the executable
  External, ///< in externalWeightsPath(output), from byte 0
};

struct LinkRequest {
  /// ELF relocatable objects for x86-64; static, non-PIC code is fine.
  std::vector<llvm::MemoryBufferRef> objects;
  /// Folder of crt objects and archives; see linkInputFolder().
  std::string inputFolder;
  /// Archives in `inputFolder` searched before the system's, in this order; as
  /// one group, so mutual references are fine. One of them defines `main`.
  std::vector<std::string> archives = {"libingot_runtime.a",     "libingot_runtime_serve.a",
                                       "libingot_runtime_cpu.a", "libingot_text.a",
                                       "libpcre2-8.a",           "libutf8proc.a"};
  /// Whether the executable holds the C library or asks for it at start: libc.so.6 and its libm.so.6. Only then can it
  /// open libraries.
  bool sharedCLibrary = false;
  /// Path of the executable. An existing regular file is replaced.
  std::string output;
  WeightStream weights;
  WeightPlacement placement = WeightPlacement::Embedded;
};

/// Writes the executable (and, with External placement, the weights' file).
/// Both are written under temporary names beside their final ones and renamed
/// at the end, so that a failure or a signal leaves neither. Equal requests
/// give equal bytes. Calls are serialised: lld keeps global state. Errors are
/// one line: "FILE: what failed, why".
llvm::Error linkExecutable(const LinkRequest &request);

/// Where External placement puts the weights: `output` + ".weights".
std::string externalWeightsPath(llvm::StringRef output);

/// Ingot's folder of link inputs, found from the path of the running
/// executable: ../lib/ingot/x86_64-linux. Fails if that is no folder.
llvm::Expected<std::string> linkInputFolder();

} // namespace ingot::link

#endif // INGOT_CODEGEN_LINK_LINK_H

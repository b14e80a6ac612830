//===- Nvcc.cpp - from CUDA C++ to device code ----------------------------===//

#include "codegen/cuda/Nvcc.h"

#include "runtime/cuda/tables.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace ingot;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
using llvm::Twine;

Expected<std::string> cuda::findNvcc(StringRef asked) {
  if (!asked.empty()) {
    if (llvm::ErrorOr<std::string> found = llvm::sys::findProgramByName(asked);
        found && llvm::sys::fs::can_execute(*found))
      return *found;
    return llvm::createStringError("--nvcc=" + asked + ": no such program");
  }
  if (llvm::ErrorOr<std::string> found = llvm::sys::findProgramByName("nvcc"))
    return *found;
  std::string folder = llvm::sys::Process::GetEnv("CUDA_HOME").value_or("/usr/local/cuda") + "/bin";
  if (llvm::ErrorOr<std::string> found = llvm::sys::findProgramByName("nvcc", {folder}))
    return *found;
  return llvm::createStringError("nvcc of the CUDA toolkit compiles the kernels, and there is none in PATH and in " +
                                 folder +
                                 "; install it, say where it is by --nvcc=FILE, or stop at --compile-to=codegen");
}

namespace {
/// A folder of temporary files; all that lies in it goes with it, by a signal too.
class TemporaryFolder {
public:
  static Expected<TemporaryFolder> create() {
    TemporaryFolder folder;
    if (std::error_code code = llvm::sys::fs::createUniqueDirectory("ingot-cuda", folder.path))
      return llvm::createStringError(folder.path + ": cannot be created, " + code.message());
    return std::move(folder);
  }
  TemporaryFolder(TemporaryFolder &&other) : path(std::move(other.path)) { other.path.clear(); }
  TemporaryFolder(const TemporaryFolder &) = delete;
  ~TemporaryFolder() {
    if (!path.empty())
      llvm::sys::fs::remove_directories(path);
  }
  std::string file(StringRef name) const { return (path + "/" + name).str(); }

private:
  TemporaryFolder() = default;
  llvm::SmallString<128> path;
};
} // namespace

/// The first line of what nvcc wrote that says "error" or "fatal", or the last one.
static std::string summarise(StringRef messages) {
  StringRef last;
  for (StringRef line : llvm::split(messages, '\n')) {
    line = line.trim();
    if (line.contains("error") || line.contains("fatal"))
      return line.str();
    last = line.empty() ? last : line;
  }
  return last.empty() ? "it says nothing" : last.str();
}

Expected<std::string> cuda::compileDeviceCode(StringRef source, StringRef nvcc, llvm::ArrayRef<StringRef> architectures,
                                              bool contracts, StringRef macro) {
  Expected<TemporaryFolder> folder = TemporaryFolder::create();
  if (!folder)
    return folder.takeError();
  std::string input = folder->file("model.cu"), output = folder->file("model.fatbin"), log = folder->file("log");
  std::error_code code;
  llvm::raw_fd_ostream text(input, code);
  text << source;
  text.close();
  if (text.has_error()) {
    code = text.error();
    text.clear_error();
    return llvm::createStringError(input + ": cannot write, " + code.message());
  }
  std::string oldest = std::to_string(INGOT_CUDA_CAPABILITY);
  llvm::SmallVector<std::string> arguments = {nvcc.str(), "-std=c++17", "-O3", "--fatbin",
                                              // As many at once as there are CPUs.
                                              "--threads=0", "-Xfatbin=-compress-all",
                                              "-gencode=arch=compute_" + oldest + ",code=compute_" + oldest};
  for (StringRef architecture : architectures)
    arguments.push_back(("-gencode=arch=compute_" + architecture + ",code=sm_" + architecture).str());
  if (!contracts)
    arguments.push_back("--fmad=false");
  if (!macro.empty())
    arguments.push_back(("-D" + macro).str());
  arguments.append({"-o", output, input});
  llvm::SmallVector<StringRef> references(arguments.begin(), arguments.end());
  std::optional<StringRef> redirects[] = {StringRef(""), StringRef(log), StringRef(log)};
  std::string reason;
  int status = llvm::sys::ExecuteAndWait(nvcc, references, std::nullopt, redirects, 0, 0, &reason);
  if (status != 0) {
    auto messages = llvm::MemoryBuffer::getFile(log);
    if (reason.empty())
      reason = messages ? summarise((*messages)->getBuffer()) : "it says nothing";
    return llvm::createStringError(nvcc + ": cannot compile the kernels, " + reason);
  }
  auto image = llvm::MemoryBuffer::getFile(output);
  if (!image)
    return llvm::createStringError(nvcc + ": " + output + ": cannot be read, " + image.getError().message());
  return (*image)->getBuffer().str();
}

//===- link.cpp - From object code to one executable ----------------------===//
//
// Orders the steps of a link: temporary files, lld, the weights, the renames.
//
//===----------------------------------------------------------------------===//

#include "codegen/link/link.h"
#include "codegen/link/elf_image.h"
#include "codegen/link/output_file.h"
#include "runtime/abi.h"

#include "lld/Common/Driver.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/BinaryFormat/Magic.h"
#include "llvm/Support/CrashRecoveryContext.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

#include <cerrno>
#include <fcntl.h>
#include <mutex>
#include <optional>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <thread>
#include <unistd.h>

LLD_HAS_DRIVER(elf)

namespace ingot::link {

namespace {

/// An object made visible to lld, which reads files only, without a file on
/// disk.
class ObjectFile {
public:
  static llvm::Expected<ObjectFile> create(llvm::MemoryBufferRef object) {
    ObjectFile file;
    file.name = object.getBufferIdentifier().str();
    // lld would take anything else for a linker script.
    if (llvm::identify_magic(object.getBuffer()) != llvm::file_magic::elf_relocatable)
      return llvm::createStringError(file.name + ": cannot link, not an ELF object");
    file.descriptor = memfd_create("ingot-object", MFD_CLOEXEC);
    if (file.descriptor < 0)
      return systemError(file.name, "cannot hold the object in memory", errno);
    if (llvm::Error error = writeAt(file.descriptor, 0, llvm::arrayRefFromStringRef(object.getBuffer()), file.name))
      return std::move(error);
    return std::move(file);
  }
  ObjectFile(ObjectFile &&other) : name(std::move(other.name)), descriptor(std::exchange(other.descriptor, -1)) {}
  ObjectFile(const ObjectFile &) = delete;
  ~ObjectFile() {
    if (descriptor >= 0)
      ::close(descriptor);
  }
  std::string path() const { return "/proc/self/fd/" + llvm::utostr(descriptor); }

  std::string name;

private:
  ObjectFile() = default;
  int descriptor = -1;
};

/// The first error in lld's output as one line, and how many follow.
std::string summarise(llvm::StringRef diagnostics, llvm::ArrayRef<ObjectFile> objects) {
  constexpr llvm::StringLiteral marker = "error: ";
  std::string first;
  unsigned further = 0;
  bool wantsReference = false;
  for (llvm::StringRef line : llvm::split(diagnostics, '\n')) {
    size_t at = line.find(marker);
    if (at != llvm::StringRef::npos && !line.starts_with(">>>")) {
      if (first.empty()) {
        first = line.substr(at + marker.size()).trim().str();
        wantsReference = true;
      } else {
        ++further;
        wantsReference = false;
      }
    } else if (wantsReference && line.consume_front(">>> referenced by ")) {
      first += " (referenced by " + line.trim().str() + ")";
      wantsReference = false;
    }
  }
  if (first.empty())
    first = "lld failed without a message";
  for (const ObjectFile &object : objects) {
    std::string path = object.path();
    for (size_t at; (at = first.find(path)) != std::string::npos;)
      first.replace(at, path.size(), object.name);
  }
  if (further)
    first += "; and " + llvm::utostr(further) + " more";
  return first;
}

/// Receives what lld writes. lld maps a regular output file and dies of SIGBUS
/// when the disk is full; to a pipe it writes from memory.
class ImagePipe {
public:
  llvm::Error open(llvm::StringRef path) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
      return systemError(path, "cannot link", errno);
    readEnd = ends[0];
    writeEnd = ends[1];
    finished = ::eventfd(0, EFD_CLOEXEC);
    if (finished < 0)
      return systemError(path, "cannot link", errno);
    reader = std::thread([this] { drain(); });
    return llvm::Error::success();
  }
  ~ImagePipe() {
    finish();
    for (int descriptor : {readEnd, writeEnd, finished})
      if (descriptor >= 0)
        ::close(descriptor);
  }
  std::string path() const { return "/proc/self/fd/" + llvm::utostr(writeEnd); }

  /// All that was written. lld may have left its own descriptor open, so that
  /// the end of the pipe is no criterion.
  const std::vector<uint8_t> &finish() {
    if (reader.joinable()) {
      uint64_t one = 1;
      while (::write(finished, &one, sizeof one) < 0 && errno == EINTR) {
      }
      reader.join();
    }
    return image;
  }

private:
  void drain() {
    constexpr size_t piece = size_t(1) << 16;
    pollfd events[] = {{readEnd, POLLIN, 0}, {finished, POLLIN, 0}};
    for (;;) {
      if (::poll(events, 2, -1) < 0)
        continue;
      if (events[0].revents & POLLIN) {
        size_t size = image.size();
        image.resize(size + piece);
        ssize_t got = ::read(readEnd, image.data() + size, piece);
        image.resize(size + size_t(std::max<ssize_t>(got, 0)));
      } else if (events[1].revents & POLLIN) {
        return;
      }
    }
  }

  int readEnd = -1, writeEnd = -1, finished = -1;
  std::vector<uint8_t> image; ///< belongs to `reader` until it is joined
  std::thread reader;
};

/// Links code only, to `file`.
llvm::Error runLinker(const LinkRequest &request, const OutputFile &file) {
  llvm::SmallVector<ObjectFile, 4> objects;
  for (llvm::MemoryBufferRef object : request.objects) {
    llvm::Expected<ObjectFile> file = ObjectFile::create(object);
    if (!file)
      return file.takeError();
    objects.push_back(std::move(*file));
  }

  ImagePipe pipe;
  if (llvm::Error error = pipe.open(request.output))
    return error;

  std::vector<std::string> arguments = {"ld.lld", "-m", "elf_x86_64", "--gc-sections",
                                        // Function symbols stay, so that profilers can attribute samples.
                                        "--strip-debug", "--eh-frame-hdr", "-z", "noexecstack",
                                        // Guarantees a PT_NOTE header, which becomes that of the weights.
                                        "--build-id=sha1",
                                        // Code alone links in milliseconds; no thread pool outlives the call.
                                        "--threads=1", "-o", pipe.path()};
  if (request.sharedCLibrary)
    for (const char *argument : {"--dynamic-linker=/lib64/ld-linux-x86-64.so.2", "--hash-style=gnu", "-z", "now"})
      arguments.push_back(argument);
  else
    arguments.push_back("-static");
  std::string missing;
  auto addInput = [&](llvm::StringRef name) {
    llvm::SmallString<256> input(request.inputFolder);
    llvm::sys::path::append(input, name);
    if (missing.empty() && !llvm::sys::fs::exists(input))
      missing = input.str().str();
    arguments.push_back(input.str().str());
  };
  addInput("crt1.o");
  addInput("crti.o");
  addInput(request.sharedCLibrary ? "crtbegin.o" : "crtbeginT.o");
  for (const ObjectFile &object : objects)
    arguments.push_back(object.path());
  arguments.push_back("--start-group");
  for (const std::string &archive : request.archives)
    addInput(archive);
  for (llvm::StringRef archive : {"libstdc++.a", "libgcc.a", "libgcc_eh.a"})
    addInput(archive);
  if (request.sharedCLibrary)
    for (llvm::StringRef library : {"libm.so.6", "libc.so.6", "libc_nonshared.a"})
      addInput(library);
  else
    for (llvm::StringRef archive : {"libm.a", "libmvec.a", "libc.a"})
      addInput(archive);
  arguments.push_back("--end-group");
  addInput("crtend.o");
  addInput("crtn.o");
  if (!missing.empty())
    return llvm::createStringError(missing + ": missing link input, reinstall Ingot");

  std::vector<const char *> pointers;
  for (const std::string &argument : arguments)
    pointers.push_back(argument.c_str());

  std::string outputText, errorText;
  llvm::raw_string_ostream outputStream(outputText), errorStream(errorText);
  static std::mutex linkerMutex;
  static bool usable = true;
  std::lock_guard<std::mutex> lock(linkerMutex);
  if (!usable)
    return llvm::createStringError(request.output + ": cannot link, lld met a fatal error earlier in this "
                                                    "process");
  // Without it a fatal error of lld ends the process before its text is seen.
  llvm::CrashRecoveryContext::Enable();
  lld::Result result = lld::lldMain(pointers, outputStream, errorStream, {{lld::Gnu, &lld::elf::link}});
  llvm::CrashRecoveryContext::Disable();
  usable = result.canRunAgain;
  if (result.retCode != 0)
    return llvm::createStringError(request.output + ": cannot link, " + summarise(errorText, objects));
  llvm::ArrayRef<uint8_t> image = pipe.finish();
  if (llvm::Error error = reserve(file.descriptor(), image.size(), request.output))
    return error;
  return writeAt(file.descriptor(), 0, image, request.output);
}

} // namespace

//===----------------------------------------------------------------------===//
// WeightSink
//===----------------------------------------------------------------------===//

llvm::Error WeightSink::claim(uint64_t count) {
  if (count > bytes - taken)
    return llvm::createStringError(path + ": the weights exceed the " + llvm::utostr(bytes) +
                                   " bytes planned for them");
  return llvm::Error::success();
}

// Writes whole huge pages: a page cache that is filled so keeps them as such, and programs that map the file then read
// it through huge pages. Half of the memory's bandwidth goes into page walks otherwise, on virtual machines.
llvm::Error WeightSink::append(const uint8_t *data, uint64_t count) {
  pending.reserve(INGOT_HUGE_PAGE_BYTES);
  while (count) {
    uint64_t part = std::min(count, INGOT_HUGE_PAGE_BYTES - (fileOffset + taken) % INGOT_HUGE_PAGE_BYTES);
    if (data) {
      pending.insert(pending.end(), data, data + part);
      data += part;
    } else {
      pending.resize(pending.size() + part);
    }
    taken += part;
    count -= part;
    if ((fileOffset + taken) % INGOT_HUGE_PAGE_BYTES == 0)
      if (llvm::Error error = flush())
        return error;
  }
  return llvm::Error::success();
}

llvm::Error WeightSink::write(llvm::ArrayRef<uint8_t> data) {
  if (llvm::Error error = claim(data.size()))
    return error;
  return append(data.data(), data.size());
}

llvm::Error WeightSink::skip(uint64_t count) {
  if (llvm::Error error = claim(count))
    return error;
  if (count < INGOT_HUGE_PAGE_BYTES)
    return append(nullptr, count);
  if (llvm::Error error = flush())
    return error;
  taken += count;
  return llvm::Error::success();
}

llvm::Error WeightSink::flush() {
  if (pending.empty())
    return llvm::Error::success();
  llvm::Error error = writeAt(descriptor, fileOffset + taken - pending.size(), pending, path);
  pending.clear();
  return error;
}

/// Streams the weights into a file whose bytes are reserved first, so that a
/// full disk is found before hours of packing.
class WeightFile {
public:
  static llvm::Error write(const WeightStream &weights, int descriptor, uint64_t fileOffset, const std::string &path) {
    if (llvm::Error error = reserve(descriptor, fileOffset + weights.bytes, path))
      return error;
    WeightSink sink(descriptor, fileOffset, weights.bytes, path);
    if (llvm::Error error = weights.write(sink))
      return error;
    if (llvm::Error error = sink.flush())
      return error;
    if (sink.position() != weights.bytes)
      return llvm::createStringError(path + ": the weights have " + llvm::utostr(sink.position()) + " bytes, " +
                                     llvm::utostr(weights.bytes) + " were planned");
    return llvm::Error::success();
  }
};

//===----------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------===//

std::string externalWeightsPath(llvm::StringRef output) { return (output + ".weights").str(); }

llvm::Expected<std::string> linkInputFolder() {
  static char anchor;
  std::string executable = llvm::sys::fs::getMainExecutable(nullptr, static_cast<void *>(&anchor));
  llvm::SmallString<256> folder(executable);
  llvm::sys::path::remove_filename(folder);
  llvm::sys::path::append(folder, "..", "lib", "ingot", "x86_64-linux");
  llvm::sys::path::remove_dots(folder, /*remove_dot_dot=*/true);
  if (!llvm::sys::fs::is_directory(folder))
    return llvm::createStringError(folder.str() + ": missing folder of link inputs, reinstall Ingot");
  return folder.str().str();
}

llvm::Error linkExecutable(const LinkRequest &request) {
  bool hasWeights = request.weights.bytes != 0;
  bool external = hasWeights && request.placement == WeightPlacement::External;

  llvm::Expected<OutputFile> executable = OutputFile::create(request.output, /*executable=*/true);
  if (!executable)
    return executable.takeError();
  std::optional<OutputFile> weightsFile;
  if (external) {
    llvm::Expected<OutputFile> file = OutputFile::create(externalWeightsPath(request.output), /*executable=*/false);
    if (!file)
      return file.takeError();
    weightsFile.emplace(std::move(*file));
  }

  if (llvm::Error error = runLinker(request, *executable))
    return error;

  if (external) {
    if (llvm::Error error = WeightFile::write(request.weights, weightsFile->descriptor(), 0, weightsFile->path()))
      return error;
  } else if (hasWeights) {
    llvm::Expected<uint64_t> offset = addWeightSegment(executable->descriptor(), request.weights.bytes, request.output);
    if (!offset)
      return offset.takeError();
    if (llvm::Error error = WeightFile::write(request.weights, executable->descriptor(), *offset, request.output))
      return error;
  }

  if (weightsFile)
    if (llvm::Error error = weightsFile->commit())
      return error;
  return executable->commit();
}

} // namespace ingot::link

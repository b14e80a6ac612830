//===- module.cpp - emitted kernels, compiled for the host ----------------===//

#include "driver/module.h"
#include "driver/device.h"
#include "driver/memory.h"
#include "driver/operations.h"
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <set>
#include <sys/mman.h>
#include <unistd.h>

using namespace ingot::shim;

namespace {

constexpr const char *anchor = "ingot_shim_no_array";
std::set<CUmodule> modules;

std::string demangled(const char *symbol) {
  int status = 0;
  std::unique_ptr<char, void (*)(void *)> text(abi::__cxa_demangle(symbol, nullptr, nullptr, &status), free);
  return status == 0 ? text.get() : symbol;
}

/// The bytes of an ELF file, from its header.
size_t imageBytes(const void *image) {
  const auto &header = *static_cast<const Elf64_Ehdr *>(image);
  return header.e_shoff + static_cast<size_t>(header.e_shnum) * header.e_shentsize;
}

bool isForHost(const void *image) {
  const auto &header = *static_cast<const Elf64_Ehdr *>(image);
  return memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_machine == EM_X86_64 && header.e_type == ET_DYN;
}

std::vector<char> readFile(const std::string &path) {
  std::vector<char> bytes;
  if (FILE *file = fopen(path.c_str(), "rb")) {
    char part[65536];
    while (size_t count = fread(part, 1, sizeof part, file))
      bytes.insert(bytes.end(), part, part + count);
    fclose(file);
  }
  return bytes;
}

/// A file in memory, which is gone with the process however that ends, of an image that dlopen and llvm-symbolizer
/// read from there. It stays open while its module does: dlopen takes a path that it knows for the same library. Empty
/// if there is none to be had.
std::string writeFile(const void *image, int &file) {
  file = memfd_create("ingot-fake-cuda", MFD_CLOEXEC);
  if (file < 0)
    return "";
  const char *from = static_cast<const char *>(image);
  for (size_t left = imageBytes(image); left != 0;) {
    ssize_t written = write(file, from, left);
    if (written <= 0) {
      close(file);
      return "";
    }
    from += written;
    left -= static_cast<size_t>(written);
  }
  return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(file);
}

void closeFile(const CUmod_st &module) {
  if (module.file >= 0)
    close(module.file);
}

/// Finds variables and shared arrays in the symbol table.
void readSymbols(CUmod_st &module) {
  std::vector<char> file = readFile(module.path);
  if (file.size() < sizeof(Elf64_Ehdr))
    return;
  const auto &header = *reinterpret_cast<const Elf64_Ehdr *>(file.data());
  const auto *sections = reinterpret_cast<const Elf64_Shdr *>(file.data() + header.e_shoff);
  auto *map = static_cast<link_map *>(module.library);
  for (unsigned index = 0; index < header.e_shnum; ++index) {
    const Elf64_Shdr &section = sections[index];
    if (section.sh_type != SHT_SYMTAB)
      continue;
    const auto *symbols = reinterpret_cast<const Elf64_Sym *>(file.data() + section.sh_offset);
    const char *names = file.data() + sections[section.sh_link].sh_offset;
    for (size_t symbol = 0; symbol < section.sh_size / sizeof(Elf64_Sym); ++symbol) {
      const Elf64_Sym &found = symbols[symbol];
      if (found.st_shndx == SHN_UNDEF || found.st_size == 0)
        continue;
      const char *name = names + found.st_name;
      if (ELF64_ST_TYPE(found.st_info) == STT_TLS)
        module.sharedArrays.push_back({demangled(name), found.st_value, found.st_size});
      else if (ELF64_ST_TYPE(found.st_info) == STT_OBJECT && (sections[found.st_shndx].sh_flags & SHF_WRITE) != 0)
        module.variables.push_back({demangled(name), map->l_addr + found.st_value, found.st_size});
    }
  }
}

} // namespace

char *CUmod_st::sharedBase() const {
  for (const Variable &array : sharedArrays)
    if (array.name == anchor)
      return reinterpret_cast<char *>(description->dynamicArrays[0].address()) - array.offset;
  abort(); // load() has made sure that there is one.
}

size_t CUmod_st::sharedBytes() const {
  size_t end = 0;
  for (const Variable &array : sharedArrays)
    end = std::max(end, array.offset + array.bytes);
  return end;
}

Region &CUmod_st::sharedRegion(size_t dynamicBytes) {
  char *base = sharedBase();
  std::unique_ptr<Region> &region = sharedRegions[base];
  if (!region) {
    region = std::make_unique<Region>(Region::Kind::shared, base, sharedBytes());
    for (const Variable &array : sharedArrays) {
      region->mark(base + array.offset, array.bytes, Record::unwritten);
      region->objects[base + array.offset] = {"shared '" + array.name + "'", array.bytes};
    }
  }
  for (size_t index = 0; index < description->dynamicArrayCount; ++index) {
    char *array = reinterpret_cast<char *>(description->dynamicArrays[index].address());
    Object &object = region->objects[array];
    if (object.bytes == dynamicBytes)
      continue;
    region->mark(array, std::max(object.bytes, dynamicBytes), Record::outside);
    region->mark(array, dynamicBytes, Record::unwritten);
    object.bytes = dynamicBytes;
  }
  return *region;
}

Region &CUmod_st::variableRegion() {
  if (!ofVariables) {
    char *first = nullptr, *last = nullptr;
    for (const Variable &variable : variables) {
      char *start = reinterpret_cast<char *>(variable.offset);
      first = first == nullptr ? start : std::min(first, start);
      last = std::max(last, start + variable.bytes);
    }
    ofVariables = std::make_unique<Region>(Region::Kind::variable, first, std::max<size_t>(1, last - first));
    for (const Variable &variable : variables) {
      char *start = reinterpret_cast<char *>(variable.offset);
      // Static storage has a value from the start.
      ofVariables->mark(start, variable.bytes, Record::fromHost);
      ofVariables->objects[start] = {"variable '" + variable.name + "'", variable.bytes};
    }
  }
  return *ofVariables;
}

namespace {

CUresult load(CUmodule *out, const void *image) {
  auto module = std::make_unique<CUmod_st>();
  if (isForHost(image)) {
    module->path = writeFile(image, module->file);
    if (module->path.empty())
      return refuse(CUDA_ERROR_OUT_OF_MEMORY, "a module could not be written to memory: %s", strerror(errno));
  } else if (!configuration().module.empty()) {
    module->path = configuration().module;
  } else {
    return refuse(CUDA_ERROR_NO_BINARY_FOR_GPU,
                  "the image is none for this machine, and INGOT_FAKE_CUDA_MODULE names no shared object in its place");
  }
  module->library = dlopen(module->path.c_str(), RTLD_NOW | RTLD_LOCAL);
  std::string error = module->library == nullptr ? dlerror() : "";
  if (module->library != nullptr)
    module->description = static_cast<const ModuleDescription *>(dlsym(module->library, "ingot_shim_module"));
  if (module->description == nullptr) {
    closeFile(*module);
    return refuse(CUDA_ERROR_INVALID_IMAGE, "%s: %s", module->path.c_str(),
                  error.empty() ? "no module that compile_for_host.py made" : error.c_str());
  }
  readSymbols(*module);
  auto known = [](const Variable &array) { return array.name == anchor; };
  if (std::none_of(module->sharedArrays.begin(), module->sharedArrays.end(), known))
    return refuse(CUDA_ERROR_INVALID_IMAGE, "%s has no symbol table", module->path.c_str());
  for (size_t index = 0; index < module->description->kernelCount; ++index) {
    const Kernel &kernel = module->description->kernels[index];
    auto function = std::make_unique<CUfunc_st>();
    function->module = module.get();
    function->kernel = &kernel;
    std::string prefix = std::string(kernel.name) + "::";
    for (const Variable &array : module->sharedArrays)
      if (array.name.starts_with(prefix))
        function->staticSharedBytes += array.bytes;
    module->functions[kernel.name] = std::move(function);
  }
  for (const Variable &variable : module->variables)
    addVariable(reinterpret_cast<char *>(variable.offset), variable.bytes);
  *out = *modules.insert(module.release()).first;
  return CUDA_SUCCESS;
}

} // namespace

INGOT_FAKE_CUDA_API cuModuleLoadData(CUmodule *module, const void *image) {
  INGOT_FAKE_CUDA_ENTER
  return load(module, image);
}

INGOT_FAKE_CUDA_API cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned, int *, void **) {
  INGOT_FAKE_CUDA_ENTER
  return load(module, image);
}

INGOT_FAKE_CUDA_API cuModuleLoadFatBinary(CUmodule *module, const void *image) {
  INGOT_FAKE_CUDA_ENTER
  return load(module, image);
}

INGOT_FAKE_CUDA_API cuModuleLoad(CUmodule *module, const char *path) {
  INGOT_FAKE_CUDA_ENTER
  std::vector<char> image = readFile(path);
  return image.size() >= sizeof(Elf64_Ehdr) ? load(module, image.data()) : CUDA_ERROR_INVALID_IMAGE;
}

INGOT_FAKE_CUDA_API cuModuleUnload(CUmodule module) {
  INGOT_FAKE_CUDA_ENTER
  if (modules.erase(module) == 0)
    return CUDA_ERROR_INVALID_HANDLE;
  CUresult result = synchronizeAll();
  for (const Variable &variable : module->variables)
    removeVariable(reinterpret_cast<char *>(variable.offset));
  dlclose(module->library);
  closeFile(*module);
  delete module;
  return result;
}

INGOT_FAKE_CUDA_API cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name) {
  INGOT_FAKE_CUDA_ENTER
  if (!modules.contains(module))
    return CUDA_ERROR_INVALID_HANDLE;
  auto found = module->functions.find(name);
  if (found == module->functions.end())
    return CUDA_ERROR_NOT_FOUND;
  *function = found->second.get();
  return CUDA_SUCCESS;
}

INGOT_FAKE_CUDA_API cuModuleGetGlobal_v2(CUdeviceptr *pointer, size_t *bytes, CUmodule module, const char *name) {
  INGOT_FAKE_CUDA_ENTER
  if (!modules.contains(module))
    return CUDA_ERROR_INVALID_HANDLE;
  for (const Variable &variable : module->variables)
    if (variable.name == name) {
      if (pointer != nullptr)
        *pointer = variable.offset;
      if (bytes != nullptr)
        *bytes = variable.bytes;
      return CUDA_SUCCESS;
    }
  return CUDA_ERROR_NOT_FOUND;
}

INGOT_FAKE_CUDA_API cuFuncGetAttribute(int *value, CUfunction_attribute wanted, CUfunction function) {
  INGOT_FAKE_CUDA_ENTER
  switch (wanted) {
  case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
    *value = function->kernel->maxThreads != 0 ? static_cast<int>(function->kernel->maxThreads) : 1024;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
    *value = static_cast<int>(function->staticSharedBytes);
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_PTX_VERSION:
    *value = configuration().image;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_BINARY_VERSION:
    *value = configuration().capability;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
    *value = static_cast<int>(function->mostDynamicBytes);
    return CUDA_SUCCESS;
  default:
    return refuse(CUDA_ERROR_INVALID_VALUE, "function attribute %d is not known here", static_cast<int>(wanted));
  }
}

INGOT_FAKE_CUDA_API cuFuncSetAttribute(CUfunction function, CUfunction_attribute wanted, int value) {
  INGOT_FAKE_CUDA_ENTER
  switch (wanted) {
  case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
    if (value < 0 || static_cast<size_t>(value) + function->staticSharedBytes > mostSharedBytes())
      return refuse(CUDA_ERROR_INVALID_VALUE,
                    "kernel %s: %d bytes of dynamic and %zu of static shared memory are more "
                    "than the %zu of a block on this device",
                    function->kernel->name, value, function->staticSharedBytes, mostSharedBytes());
    function->mostDynamicBytes = static_cast<size_t>(value);
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
    return CUDA_SUCCESS;
  default:
    return refuse(CUDA_ERROR_INVALID_VALUE, "function attribute %d is not known here", static_cast<int>(wanted));
  }
}

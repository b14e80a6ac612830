//===- safetensors_fuzzer.cpp - safetensors files of any bytes ------------===//
//
// A libFuzzer target: reads the input as a safetensors file, in a heap block of its
// exact size, and checks what the reader promises of the tensors.
//
//===----------------------------------------------------------------------===//

#include "compiler/import/huggingface/safetensors.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>
#include <vector>

using namespace ingot;

/// Takes what is read only to be read.
static volatile uint8_t sink;

static void require(bool condition, const char *what) {
  if (condition)
    return;
  llvm::errs() << "broken promise: " << what << "\n";
  std::abort();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::vector<uint8_t> bytes(data, data + size);
  llvm::Expected<safetensors::File> file = safetensors::File::fromMemory(bytes, "input");
  if (!file) {
    std::string message = llvm::toString(file.takeError());
    require(message.rfind("input: ", 0) == 0, "an error begins with the file");
    require(message.size() < 2000, "an error is short");
    require(llvm::none_of(message, [](unsigned char c) { return c < 0x20 || c == 0x7f; }), "an error is one line");
    return 0;
  }
  size_t total = 0;
  const safetensors::Tensor *previous = nullptr;
  for (const safetensors::Tensor &tensor : file->tensors()) {
    require(!previous || previous->name < tensor.name, "names are unique and sorted");
    previous = &tensor;
    require(file->findTensor(tensor.name) == &tensor, "a listed tensor is found");
    total += tensor.bytes.size();
    if (tensor.bytes.empty())
      continue;
    sink = tensor.bytes.front();
    sink = tensor.bytes.back();
    file->release(tensor.bytes);
  }
  require(total <= size, "tensors do not overlap");
  return 0;
}

//===- Link.cpp - the last phase: one file --------------------------------===//

#include "codegen/link/link.h"
#include "codegen/cuda/Nvcc.h"
#include "codegen/cuda/Passes.h"
#include "codegen/host/ObjectFile.h"
#include "codegen/weights/assemble.h"
#include "compiler/Driver.h"
#include "compiler/import/gguf/reader.h"
#include "compiler/import/gguf/tokenizer.h"
#include "dialects/Model/Model.h"
#include "target/CudaTarget.h"
#include "target/TargetDescription.h"

#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace ingot;
using llvm::Error;
using llvm::Expected;

/// The tokenizer of the file that the module names; empty when it names none.
static Expected<std::string> makeTokenizerBlob(mlir::ModuleOp module) {
  auto texts = module.getOps<model::TextOp>();
  if (texts.empty())
    return std::string();
  Expected<gguf::File> file = gguf::File::open((*texts.begin()).getFile());
  if (!file)
    return file.takeError();
  Expected<std::optional<text::TokenizerDescription>> description = gguf::readTokenizer(*file);
  if (!description)
    return description.takeError();
  return *description ? text::serialize(**description) : std::string();
}

/// The device code of a module for GPUs; empty when it has no kernels.
static Expected<std::string> makeDeviceImage(mlir::ModuleOp module, const target::CompileOptions &options,
                                             llvm::StringRef nvcc) {
  if (module.getOps<kernel::FunctionOp>().empty())
    return std::string();
  return cuda::compileDeviceCode(module->getAttrOfType<mlir::StringAttr>(cuda::sourceName).getValue(), nvcc,
                                 *target::parseArchitectures(options.sm), /*contracts=*/!options.batchInvariant);
}

Error compiler::linkModule(mlir::ModuleOp module, llvm::StringRef outputPath, llvm::StringRef nvcc) {
  mlir::FailureOr<target::CompileOptions> options = target::CompileOptions::of(module);
  if (mlir::failed(options))
    return llvm::createStringError("the module says nothing of its target");
  Expected<std::string> inputFolder = link::linkInputFolder();
  if (!inputFolder)
    return inputFolder.takeError();
  Expected<std::string> tokenizer = makeTokenizerBlob(module);
  if (!tokenizer)
    return tokenizer.takeError();

  link::LinkRequest request;
  request.weights.bytes = options->generatesWeights() ? 0 : weights::constantBytes(module);
  codegen::LinkTimeContents contents;
  contents.tokenizer = std::move(*tokenizer);
  if (options->weights == "external" && request.weights.bytes) {
    request.placement = link::WeightPlacement::External;
    contents.externalWeights = llvm::sys::path::filename(link::externalWeightsPath(outputPath)).str();
  }
  if (options->target == "cuda") {
    Expected<std::string> image = makeDeviceImage(module, *options, nvcc);
    if (!image)
      return image.takeError();
    contents.blobs.emplace_back(cuda::imageSymbol, std::move(*image));
    request.archives = {"libingot_runtime.a", "libingot_runtime_cuda.a", "libingot_text.a", "libpcre2-8.a"};
    request.sharedCLibrary = true;
  }
  Expected<llvm::SmallVector<char, 0>> object = codegen::emitObjectFile(module, contents);
  if (!object)
    return object.takeError();
  request.objects.emplace_back(llvm::StringRef(object->data(), object->size()), "model.o");
  request.inputFolder = *inputFolder;
  request.output = outputPath.str();
  request.weights.write = [module](link::WeightSink &sink) {
    return weights::writeConstants(
        module, [&](llvm::ArrayRef<uint8_t> bytes) { return sink.write(bytes); },
        [&](uint64_t bytes) { return sink.skip(bytes); });
  };
  return link::linkExecutable(request);
}

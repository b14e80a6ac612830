//===- Link.cpp - the last phase: one file --------------------------------===//

#include "codegen/link/link.h"
#include "codegen/cuda/Nvcc.h"
#include "codegen/cuda/Passes.h"
#include "codegen/cuda/Tables.h"
#include "codegen/host/ObjectFile.h"
#include "codegen/weights/assemble.h"
#include "compiler/Driver.h"
#include "compiler/import/Tokenizer.h"
#include "dialects/Model/Model.h"
#include "runtime/text/chat_template.h"
#include "runtime/text/serialize.h"
#include "target/CudaTarget.h"
#include "target/TargetDescription.h"

#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace ingot;
using llvm::Error;
using llvm::Expected;

/// Tells at once what `chat` would say of the model's chat template; everything else works without one.
static void warnOfTemplate(model::TextOp op, llvm::StringRef source) {
  if (source.empty())
    return;
  if (auto error = text::ChatTemplate().parse(source))
    op.emitWarning() << "chat template: " << *error << "; `chat` and `serve` will need another one (--template)";
}

/// The tokenizer of the file that the module names; empty when it names none.
static Expected<std::string> makeTokenizerBlob(mlir::ModuleOp module) {
  auto texts = module.getOps<model::TextOp>();
  if (texts.empty())
    return std::string();
  Expected<std::optional<text::TokenizerContents>> contents = compiler::readTokenizer((*texts.begin()).getFile());
  if (!contents)
    return contents.takeError();
  if (!*contents)
    return llvm::createStringError((*texts.begin()).getFile() + ": has no tokenizer, which model.text takes from it");
  warnOfTemplate(*texts.begin(), (*contents)->chatTemplate);
  return text::serialize(**contents);
}

/// Adds the device code of a module for GPUs, which is empty where it has no kernels, and that of its token loop.
static Error addDeviceImages(mlir::ModuleOp module, const target::CompileOptions &options, llvm::StringRef nvcc,
                             codegen::LinkTimeContents &contents) {
  llvm::StringRef source = module->getAttrOfType<mlir::StringAttr>(cuda::sourceName).getValue();
  struct Image {
    llvm::StringRef symbol, macro;
    bool exists;
  };
  const Image images[] = {{cuda::imageSymbol, "", !module.getOps<kernel::FunctionOp>().empty()},
                          {cuda::loopImageSymbol, cuda::loopMacro, source.contains(cuda::printLoop())}};
  for (const Image &image : images) {
    std::string code;
    if (image.exists) {
      Expected<std::string> compiled = cuda::compileDeviceCode(source, nvcc, *target::parseArchitectures(options.sm),
                                                               /*contracts=*/!options.batchInvariant, image.macro);
      if (!compiled)
        return compiled.takeError();
      code = std::move(*compiled);
    }
    contents.blobs.emplace_back(image.symbol, std::move(code));
  }
  return Error::success();
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
    if (Error error = addDeviceImages(module, *options, nvcc, contents))
      return error;
    request.archives = {
        "libingot_runtime.a", "libingot_runtime_serve.a", "libingot_runtime_cuda.a", "libingot_text.a", "libpcre2-8.a",
        "libutf8proc.a"};
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

//===- Driver.cpp - from a model to an executable -------------------------===//

#include "compiler/Driver.h"

#include "codegen/cpu/CpuDescription.h"
#include "codegen/cuda/Nvcc.h"
#include "codegen/cuda/Passes.h"
#include "codegen/link/link.h"
#include "codegen/link/output_file.h"
#include "compiler/Diagnostics.h"
#include "compiler/Options.h"
#include "compiler/Phases.h"
#include "compiler/Processor.h"
#include "compiler/Progress.h"
#include "compiler/Registration.h"
#include "compiler/Tune.h"
#include "compiler/import/RandomParameters.h"
#include "compiler/import/TensorFile.h"
#include "compiler/import/Tokenizer.h"
#include "compiler/import/gguf/Import.h"
#include "compiler/import/huggingface/Import.h"
#include "passes/quantize/Products.h"
#include "passes/schedule/Report.h"
#include "target/CudaTarget.h"
#include "target/TargetDescription.h"

#include "mlir/Bytecode/BytecodeReader.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Remark/RemarkStreamer.h"
#include "mlir/Support/Timing.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Remarks/RemarkFormat.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SourceMgr.h"

#include <cerrno>
#include <map>
#include <set>
#include <sys/mman.h>
#include <unistd.h>

using namespace mlir;
using namespace ingot;
using namespace ingot::compiler;
using llvm::Error;
using llvm::Expected;
using llvm::Twine;

/// What stands in messages for "-".
static constexpr llvm::StringLiteral standardInput = "<stdin>";

namespace {
/// A file that the compilation will write.
struct Output {
  /// Why it is written: an option, as errors name it.
  std::string option;
  std::string path;
  /// Whether it holds a program, which may replace the one that was read.
  bool isProgram = false;
};

/// One compilation. Its methods end at the first error.
class Compilation {
public:
  explicit Compilation(const Options &options)
      : options(options), modelName(options.model == "-" ? standardInput.str() : options.model),
        diagnostics(context, modelName, progress) {
    DialectRegistry registry;
    registerDialects(registry);
    context.appendDialectRegistry(registry);
  }

  Error run();

private:
  std::string targetName() const;
  std::optional<std::string> remarkPath() const;
  std::string dumpPath(Phase phase) const;
  std::vector<Output> outputs(bool externalWeights) const;
  Error checkDistinct(ArrayRef<Output> outputs, const std::set<std::string> &weightFiles, bool modelIsMlir);
  Error checkOutputs();
  Error checkWeightFiles();
  Error enableRemarks();
  Error readModel();
  Error readModule();
  Error attachOptions();
  Expected<target::CompileOptions> optionsForDump();
  Error checkOptions();
  Error checkTarget();
  Error checkContext();
  Error verify(Phase phase, TimingScope &timing);
  Error runPasses(ModuleOp program, Phase phase, void (*addPasses)(OpPassManager &), TimingScope &timing);
  Error checkTuning();
  Error tune(TimingScope &timing);
  Error dump(Phase phase);
  Error finishPhase();
  Error writeReport();
  Error print(StringRef path);

  const Options &options;
  std::string modelName;
  Progress progress;
  MLIRContext context;
  Diagnostics diagnostics;
  OwningOpRef<ModuleOp> module;
  /// The phase at which `module` is.
  Phase reached = Phase::Import;
  /// Whether the module came from MLIR text, not from an importer.
  bool resumed = false;
  /// The program that compiles CUDA C++, where that is to be done.
  std::string nvcc;
  /// What the plan costs, where it was asked for and the plan is made.
  std::optional<llvm::json::Value> report;
};
} // namespace

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// Whether the file is MLIR: bytecode by its first bytes, text by its suffix.
/// Everything else is left to GGUF's reader.
static Expected<bool> isMlir(StringRef path) {
  if (path == "-")
    return true;
  // Opening a pipe would wait for its writer. What is absent is left to the
  // readers, which say why.
  llvm::sys::fs::file_status status;
  if (!llvm::sys::fs::status(path, status) && status.type() == llvm::sys::fs::file_type::directory_file)
    return false;
  if (llvm::sys::fs::exists(status) && status.type() != llvm::sys::fs::file_type::regular_file)
    return llvm::createStringError(path +
                                   ": is neither a regular file nor a directory; give a GGUF or .mlir file, the " +
                                   "directory of a Hugging Face model, or - for standard input");
  if (path.ends_with(".mlir"))
    return true;
  auto start = llvm::MemoryBuffer::getFileSlice(path, 4, 0, /*IsVolatile=*/true);
  return start && isBytecode(**start);
}

Error Compilation::readModule() {
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(options.model);
  if (!buffer)
    return llvm::createStringError(modelName + ": cannot be read, " + buffer.getError().message());
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(llvm::MemoryBuffer::getMemBufferCopy((*buffer)->getBuffer(), modelName), llvm::SMLoc());
  module = parseSourceFile<ModuleOp>(sources, ParserConfig(&context));
  if (!module)
    return diagnostics.takeError("is no MLIR module");
  resumed = true;
  reached = options.compileFrom.value_or(Phase::Model);
  if (reached > options.compileTo)
    return llvm::createStringError(modelName + ": is taken to be at the phase model, which comes after --compile-to=" +
                                   describe(options.compileTo).name + "; say --compile-from=PHASE");
  return checkParameters(*module);
}

Error Compilation::readModel() {
  progress.start("import");
  Expected<bool> mlir = isMlir(options.model);
  if (!mlir)
    return mlir.takeError();
  if (*mlir)
    return readModule();
  if (options.compileFrom)
    return llvm::createStringError(modelName + ": --compile-from=" + describe(*options.compileFrom).name +
                                   " needs a .mlir file that --compile-to wrote");
  Request request = {options.context, options.batch, options.pooling};
  Expected<OwningOpRef<ModuleOp>> imported = llvm::sys::fs::is_directory(options.model)
                                                 ? huggingface::importModel(context, options.model, request)
                                                 : gguf::importModel(context, options.model, request);
  if (!imported)
    return imported.takeError();
  module = std::move(*imported);
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Options in the module
//===----------------------------------------------------------------------===//

/// Elements of the caches that a module at the phase model has already, or
/// nothing.
static std::optional<std::string> cacheElement(ModuleOp module) {
  if (auto forward = module.lookupSymbol<func::FuncOp>(model::forwardName))
    for (Type type : forward.getArgumentTypes())
      if (auto cache = dyn_cast<model::KeyValueType>(type))
        return cache.getElementName().str();
  return std::nullopt;
}

/// Whether all CPUs that `cpu`, a resolved name, stands for multiply pairs of bf16.
static bool multipliesPairs(StringRef cpu) {
  return llvm::all_of(llvm::cantFail(codegen::describeCpus(cpu)),
                      [](const codegen::CpuDescription &description) { return description.hasPairProducts; });
}

/// Whether results of attention go into products with quantised weights only, which round them to 8 bits; where
/// `quantizesAll`, plain weights will be, too.
static bool roundsWhatAttentionGives(ModuleOp module, bool quantizesAll) {
  auto isRounded = [quantizesAll](Operation *user) {
    SmallVector<Value, 2> weights = quantize::getWeights(user);
    return !weights.empty() && llvm::all_of(weights, [quantizesAll](Value weight) {
      encoding::StorageAttr storage = encoding::getStorage(weight.getType());
      return storage && (quantizesAll || storage.getFormat().isQuantized());
    });
  };
  return !module
              .walk([&](model::AttentionOp attention) {
                return llvm::all_of(attention->getUsers(), isRounded) ? WalkResult::advance() : WalkResult::interrupt();
              })
              .wasInterrupted();
}

/// The target's name: the module's, or what was asked for.
std::string Compilation::targetName() const {
  if (module)
    if (auto dictionary = (*module)->getAttrOfType<DictionaryAttr>(target::optionsName))
      if (auto name = dictionary.getAs<StringAttr>("target"))
        return name.str();
  return options.target.value_or("cpu");
}

Error Compilation::attachOptions() {
  target::CompileOptions chosen;
  chosen.target = options.target.value_or("cpu");
  Expected<std::string> cpu = resolveProcessor(options.cpu.value_or("native"));
  if (!cpu)
    return llvm::createStringError(modelName + ": " + llvm::toString(cpu.takeError()));
  chosen.cpu = *cpu;
  chosen.sm = options.sm.value_or("");
  chosen.gemm = options.gemm.value_or("");
  chosen.batchInvariant = options.batchInvariant;
  chosen.activations = options.activations.value_or("auto");
  if (!target::TargetDescription::find(chosen.target)->roundsActivations())
    chosen.activations = "f32";
  chosen.quantize = options.quantize.value_or("");
  if (options.quantize && reached >= Phase::Model)
    return llvm::createStringError(
        modelName + ": --quantize=" + *options.quantize +
        " needs the model itself, or a program as it is after import (--compile-from=import)");
  chosen.weights = options.weights.value_or("embedded");
  if (std::optional<int64_t> seed = target::CompileOptions::parseWeightSeed(chosen.weights))
    makeParametersRandom(*module, *seed);
  std::string asked = options.keyValue.value_or("auto");
  std::optional<std::string> existing = cacheElement(*module);
  if (existing && asked != "auto" && asked != *existing)
    return llvm::createStringError(modelName + ": --kv=" + asked + " contradicts the program, whose caches hold " +
                                   *existing);
  if (existing)
    chosen.keyValue = *existing;
  else if (asked == "auto")
    chosen.keyValue = chosen.activations == "f32" ? "f32"
                      : multipliesPairs(chosen.cpu) && roundsWhatAttentionGives(*module, !chosen.quantize.empty())
                          ? "bf16"
                          : "f16";
  else
    chosen.keyValue = asked;
  if (chosen.keyValue == "bf16" && chosen.target == "cpu" && !multipliesPairs(chosen.cpu))
    return llvm::createStringError(modelName + ": --kv=bf16 needs a CPU with AVX-512 BF16, and '" + chosen.cpu +
                                   "' is not one; take --kv=f16");
  chosen.attachTo(*module);
  return Error::success();
}

/// A dump says what it was made for; the command line may repeat that, not
/// contradict it.
Error Compilation::checkOptions() {
  FailureOr<target::CompileOptions> stored = target::CompileOptions::of(*module);
  if (failed(stored))
    return diagnostics.takeError("has broken options");
  std::optional<std::string> cpu = options.cpu;
  if (cpu) {
    Expected<std::string> resolved = resolveProcessor(*cpu);
    if (!resolved)
      return llvm::createStringError(modelName + ": " + llvm::toString(resolved.takeError()));
    cpu = *resolved;
  } else {
    // An edited dump may name any processor.
    Expected<std::string> resolved = resolveProcessor(stored->cpu);
    if (!resolved)
      return llvm::createStringError(modelName + ": " + llvm::toString(resolved.takeError()));
    if (*resolved != stored->cpu)
      return llvm::createStringError(modelName + ": ingot.options.cpu is '" + stored->cpu + "'; expected a CPU name");
  }
  std::optional<std::string> keyValue = options.keyValue;
  if (keyValue == "auto")
    keyValue.reset();
  std::optional<std::string> activations = options.activations;
  if (activations == "auto" && !target::TargetDescription::find(stored->target)->roundsActivations())
    activations.reset();
  StringRef storedGemm = !stored->gemm.empty() ? StringRef(stored->gemm) : stored->batchInvariant ? "own" : "cublaslt";
  StringRef storedQuantize = stored->quantize.empty() ? "weights as they are" : StringRef(stored->quantize);
  std::string storedSm = llvm::join(*target::parseArchitectures(stored->sm), ",");
  struct {
    StringRef option;
    const std::optional<std::string> &asked;
    StringRef stored;
  } pairs[] = {{"--target", options.target, stored->target},
               {"--mcpu", cpu, stored->cpu},
               {"--quantize", options.quantize, storedQuantize},
               {"--sm", options.sm, storedSm},
               {"--gemm", options.gemm, storedGemm},
               {"--activations", activations, stored->activations},
               {"--kv", keyValue, stored->keyValue},
               {"--weights", options.weights, stored->weights}};
  for (auto &pair : pairs)
    if (pair.asked && *pair.asked != pair.stored)
      return llvm::createStringError(modelName + ": " + pair.option + "=" + *pair.asked +
                                     " contradicts the dump, which was made for " + pair.stored +
                                     "; leave the option out or start from the model");
  if (options.batchInvariant && !stored->batchInvariant)
    return llvm::createStringError(modelName +
                                   ": --batch-invariant contradicts the dump, which was made without; leave "
                                   "the option out or start from the model");
  return Error::success();
}

/// What the target cannot do, and what it lacks to be done, is said before anything is done.
Error Compilation::checkTarget() {
  std::string name = targetName();
  if (name == "cpu") {
    if (options.weights && target::CompileOptions::parseWeightSeed(*options.weights))
      return llvm::createStringError(modelName + ": --weights=" + *options.weights +
                                     " needs --target=cuda, where weights are made when the executable starts");
    for (auto [option, asked] :
         {std::pair("--sm", options.sm), std::pair("--nvcc", options.nvcc), std::pair("--gemm", options.gemm)})
      if (asked)
        return llvm::createStringError(modelName + ": " + option + "=" + *asked +
                                       " is about --target=cuda; leave the option out");
    return Error::success();
  }
  if (options.sm && !target::parseArchitectures(*options.sm))
    return llvm::createStringError(modelName + ": --sm=" + *options.sm + ": expected some of " +
                                   llvm::join(target::getArchitectures(), ",") + ", each at most once");
  if (options.batchInvariant && options.gemm == "cublaslt")
    return llvm::createStringError(modelName +
                                   ": --gemm=cublaslt contradicts --batch-invariant: cuBLASLt adds in an order "
                                   "that it chooses by the number of rows; leave one of them out");
  if (options.tune)
    return llvm::createStringError(modelName + ": --tune measures tiles of the CPU's code, and --target=" + name +
                                   " has none; leave the option out");
  // A vocabulary has no kernels.
  if (options.compileTo != Phase::Link || module->getOps<model::ParameterOp>().empty())
    return Error::success();
  Expected<std::string> found = cuda::findNvcc(options.nvcc.value_or(""));
  if (!found)
    return llvm::createStringError(modelName + ": " + llvm::toString(found.takeError()));
  nvcc = *found;
  return Error::success();
}

Error Compilation::checkContext() {
  if (resumed && (options.batch || options.pooling))
    return llvm::createStringError(modelName + ": " + (options.batch ? "--batch" : "--pooling") +
                                   " is about importing, and this is a program already; leave it out or start from the "
                                   "model");
  if (!resumed || !options.context)
    return Error::success();
  for (auto group : module->getOps<model::CacheGroupOp>())
    if (group.getContext() != static_cast<uint64_t>(*options.context))
      return llvm::createStringError(modelName + ": --context=" + Twine(*options.context) +
                                     " contradicts the program, which is for " + Twine(group.getContext()) +
                                     " positions; leave the option out");
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Phases
//===----------------------------------------------------------------------===//

Error Compilation::runPasses(ModuleOp program, Phase phase, void (*addPasses)(OpPassManager &), TimingScope &timing) {
  TimingScope scope = timing.nest(describe(phase).name);
  PassManager manager(&context, ModuleOp::getOperationName(), OpPassManager::Nesting::Explicit);
  if (failed(applyPassManagerCLOptions(manager)))
    return diagnostics.takeError("MLIR's options cannot be applied");
  manager.enableTiming(scope);
  addPasses(manager);
  if (failed(manager.run(program)))
    return diagnostics.takeError("the phase " + describe(phase).name + " failed");
  return Error::success();
}

Error Compilation::checkTuning() {
  if (!options.tune)
    return Error::success();
  FailureOr<target::CompileOptions> chosen = target::CompileOptions::of(*module);
  if (failed(chosen))
    return diagnostics.takeError("has broken options");
  if (Error error = checkTunable(chosen->cpu))
    return llvm::createStringError(modelName + ": " + llvm::toString(std::move(error)));
  return Error::success();
}

Error Compilation::tune(TimingScope &timing) {
  progress.start("tune");
  Expected<codegen::TileChoices> choices = tuneTiles(*module, options.output, [&](ModuleOp copy) {
    return runPasses(copy, Phase::Codegen, getPasses(Phase::Codegen, targetName()).add, timing);
  });
  if (!choices)
    return choices.takeError();
  choices->attachTo(*module);
  return Error::success();
}

/// Writes what `fill` prints to the file `path`, which appears when it is
/// complete, or to standard output ("-").
static Error writeTo(StringRef path, llvm::function_ref<void(llvm::raw_ostream &)> fill) {
  if (path == "-") {
    fill(llvm::outs());
    llvm::outs().flush();
    if (!llvm::outs().has_error())
      return Error::success();
    std::error_code code = llvm::outs().error();
    llvm::outs().clear_error();
    return llvm::createStringError("<stdout>: cannot write, " + code.message());
  }
  Expected<link::OutputFile> file = link::OutputFile::create(path, /*executable=*/false);
  if (!file)
    return file.takeError();
  llvm::raw_fd_ostream out(file->descriptor(), /*shouldClose=*/false);
  fill(out);
  out.flush();
  if (out.has_error()) {
    std::error_code code = out.error();
    out.clear_error();
    return link::systemError(path, "cannot write", code.value());
  }
  return file->commit();
}

Error Compilation::print(StringRef path) {
  // Where code is text, the text is what there is to see.
  if (auto source = (*module)->getAttrOfType<StringAttr>(cuda::sourceName))
    return writeTo(path, [&](llvm::raw_ostream &out) { out << source.getValue(); });
  // Importers name operations by their location; values of dumps read better
  // with those names.
  return writeTo(path, [&](llvm::raw_ostream &out) {
    module->print(out, OpPrintingFlags().printNameLocAsPrefix());
    out << "\n";
  });
}

std::string Compilation::dumpPath(Phase phase) const {
  return llvm::formatv("{0}/{1,0+2}-{2}.{3}", *options.dumpFolder, static_cast<int>(phase) + 1, describe(phase).name,
                       phase == Phase::Codegen && targetName() == "cuda" ? "cu" : "mlir");
}

Error Compilation::dump(Phase phase) {
  if (!options.dumpFolder)
    return Error::success();
  if (std::error_code code = llvm::sys::fs::create_directories(*options.dumpFolder))
    return llvm::createStringError(*options.dumpFolder + ": cannot be created, " + code.message());
  return print(dumpPath(phase));
}

/// What is due once the module is at the phase `reached`.
Error Compilation::finishPhase() {
  if (options.report && reached == Phase::Plan)
    report = schedule::makeReport(*module);
  return dump(reached);
}

Error Compilation::writeReport() {
  if (!report)
    return Error::success();
  return writeTo(options.report->empty() ? "-" : StringRef(*options.report),
                 [&](llvm::raw_ostream &out) { schedule::printReport(*report, out); });
}

//===----------------------------------------------------------------------===//
// The whole
//===----------------------------------------------------------------------===//

/// Where remarks go, unless to standard error.
std::optional<std::string> Compilation::remarkPath() const {
  std::string format = options.remarkFormat.value_or("emitRemark");
  if (format == "emitRemark")
    return std::nullopt;
  return options.remarkFile.value_or(options.output + ".remarks." + format);
}

std::vector<Output> Compilation::outputs(bool externalWeights) const {
  std::vector<Output> outputs = {{"-o", options.output, /*isProgram=*/options.compileTo != Phase::Link}};
  if (externalWeights && options.compileTo == Phase::Link)
    outputs.push_back({"--weights=external", link::externalWeightsPath(options.output)});
  if (options.report)
    outputs.push_back({"--report", options.report->empty() ? "-" : *options.report});
  if (std::optional<std::string> path = remarkPath())
    outputs.push_back({"--remark-format", *path});
  if (options.dumpFolder)
    for (const PhaseDescription &phase : getPhases())
      if (phase.phase <= options.compileTo && phase.phase != Phase::Link)
        outputs.push_back({"--dump-phases", dumpPath(phase.phase), /*isProgram=*/true});
  return outputs;
}

/// The path without symbolic links and dots; the last name need not exist.
static std::string resolvedPath(StringRef path) {
  SmallString<256> resolved;
  if (!llvm::sys::fs::real_path(path, resolved))
    return resolved.str().str();
  StringRef folder = llvm::sys::path::parent_path(path);
  if (llvm::sys::fs::real_path(folder.empty() ? "." : folder, resolved))
    return path.str();
  llvm::sys::path::append(resolved, llvm::sys::path::filename(path));
  return resolved.str().str();
}

/// "-" is standard input of one and standard output of the other.
static bool isSameFile(StringRef read, StringRef written) {
  return read != "-" && written != "-" && llvm::sys::fs::equivalent(read, written);
}

/// No output may be a file that is read, nor another output. Only a program
/// may be written over the program that was read.
Error Compilation::checkDistinct(ArrayRef<Output> outputs, const std::set<std::string> &weightFiles, bool modelIsMlir) {
  std::map<std::string, StringRef> optionOf;
  for (const Output &output : outputs) {
    auto refuse = [&](const Twine &reason) {
      return llvm::createStringError(output.path + ": cannot write, " + reason + "; choose another file for " +
                                     output.option);
    };
    if (!(modelIsMlir && output.isProgram) && isSameFile(options.model, output.path))
      return refuse("it is the model");
    for (const std::string &file : weightFiles)
      if (isSameFile(file, output.path))
        return refuse("the model's weights are in it");
    std::string path = output.path == "-" ? "-" : resolvedPath(output.path);
    auto [found, isNew] = optionOf.emplace(path, output.option);
    if (!isNew)
      return refuse(found->second + " writes it too");
  }
  return Error::success();
}

/// Whether dumps can be made in `folder`, which is created when needed.
static Error checkFolder(StringRef folder) {
  SmallString<256> existing(folder);
  if (std::error_code code = llvm::sys::fs::make_absolute(existing))
    return llvm::createStringError(folder + ": cannot hold dumps, " + code.message());
  while (!llvm::sys::fs::exists(existing) && llvm::sys::path::has_parent_path(existing))
    llvm::sys::path::remove_filename(existing);
  if (!llvm::sys::fs::is_directory(existing))
    return llvm::createStringError(folder + ": cannot hold dumps, " + existing + " is not a directory");
  if (std::error_code code = llvm::sys::fs::access(existing, llvm::sys::fs::AccessMode::Write))
    return llvm::createStringError(folder + ": cannot hold dumps, " + existing + " cannot be written, " +
                                   code.message());
  return Error::success();
}

/// Finds an output that cannot be written before the work is done.
Error Compilation::checkOutputs() {
  if (remarkPath() && !options.remarkFile && options.output == "-")
    return llvm::createStringError(modelName + ": --remark-format=" + *options.remarkFormat +
                                   " needs --remarks-output-file=FILE with -o -");
  Expected<bool> mlir = isMlir(options.model);
  if (!mlir)
    return mlir.takeError();
  std::vector<Output> written = outputs(options.weights == "external");
  if (Error error = checkDistinct(written, {}, *mlir))
    return error;
  if (options.dumpFolder)
    if (Error error = checkFolder(*options.dumpFolder))
      return error;
  for (const Output &output : written) {
    if (output.path == "-" || output.option == "--dump-phases")
      continue;
    if (llvm::sys::fs::is_directory(output.path))
      return llvm::createStringError(output.path + ": cannot write, it is a directory");
    // Remarks are written into an existing file, whatever its kind; the other
    // outputs replace it.
    if (output.option == "--remark-format" && llvm::sys::fs::exists(output.path)) {
      if (std::error_code code = llvm::sys::fs::access(output.path, llvm::sys::fs::AccessMode::Write))
        return llvm::createStringError(output.path + ": cannot write, " + code.message());
      continue;
    }
    Expected<link::OutputFile> file = link::OutputFile::create(output.path, /*executable=*/false);
    if (!file)
      return file.takeError();
  }
  return Error::success();
}

/// Once the module says so, the files that hold its weights are known, and
/// where its weights go.
Error Compilation::checkWeightFiles() {
  FailureOr<target::CompileOptions> chosen = target::CompileOptions::of(*module);
  if (failed(chosen))
    return diagnostics.takeError("has broken options");
  std::set<std::string> named, files;
  for (auto parameter : module->getOps<model::ParameterOp>())
    if (parameter.getFile())
      named.insert(parameter.getFile()->str());
  for (auto text : module->getOps<model::TextOp>())
    (compiler::isHuggingFaceTokenizer(text.getFile()) ? files : named).insert(text.getFile().str());
  for (const std::string &name : named) {
    Expected<std::unique_ptr<TensorFile>> file = TensorFile::open(name);
    if (!file)
      return file.takeError();
    for (const std::string &path : (*file)->getPaths())
      files.insert(path);
  }
  return checkDistinct(outputs(chosen->weights == "external"), files, resumed);
}

Error Compilation::enableRemarks() {
  if (!options.remarkFormat && !options.remarkFilter && !options.remarkPassedFilter && !options.remarkMissedFilter)
    return Error::success();
  // Each kind has its filter: its own, the one for all kinds, or either;
  // without any filter everything is wanted.
  bool unfiltered = !options.remarkFilter && !options.remarkPassedFilter && !options.remarkMissedFilter;
  auto filter = [&](const std::optional<std::string> &own) -> std::optional<std::string> {
    if (unfiltered)
      return ".*";
    if (own && options.remarkFilter)
      return "(" + *own + ")|(" + *options.remarkFilter + ")";
    return own ? own : options.remarkFilter;
  };
  remark::RemarkCategories categories;
  categories.passed = filter(options.remarkPassedFilter);
  categories.missed = filter(options.remarkMissedFilter);
  categories.analysis = filter(std::nullopt);
  categories.failed = filter(std::nullopt);
  auto policy = std::make_unique<remark::RemarkEmittingPolicyAll>();
  std::string format = options.remarkFormat.value_or("emitRemark");
  LogicalResult enabled = failure();
  if (format == "emitRemark") {
    enabled = remark::enableOptimizationRemarks(context, nullptr, std::move(policy), categories,
                                                /*printAsEmitRemarks=*/true);
  } else {
    std::string path = *remarkPath();
    enabled = remark::enableOptimizationRemarksWithLLVMStreamer(
        context, path, format == "yaml" ? llvm::remarks::Format::YAML : llvm::remarks::Format::Bitstream,
        std::move(policy), categories);
    if (failed(enabled))
      return llvm::createStringError(path + ": remarks cannot be written, " +
                                     llvm::toString(diagnostics.takeError("the file cannot be opened")));
  }
  return failed(enabled) ? diagnostics.takeError("remarks cannot be written") : Error::success();
}

Error Compilation::run() {
  DefaultTimingManager timingManager;
  applyDefaultTimingManagerCLOptions(timingManager);
  TimingScope timing = timingManager.getRootScope();

  if (Error error = checkOutputs())
    return error;
  {
    TimingScope scope = timing.nest("import");
    if (Error error = readModel())
      return error;
  }
  bool hasOptions = (*module)->hasAttr(target::optionsName);
  if (!hasOptions && reached > Phase::Model)
    return llvm::createStringError(modelName + ": has no ingot.options, which every dump of the phase " +
                                   describe(reached).name + " has; expected a file that --compile-to wrote");
  if (Error error = checkTarget())
    return error;
  if (Error error = hasOptions ? checkOptions() : attachOptions())
    return error;
  if (Error error = checkContext())
    return error;
  if (Error error = checkTuning())
    return error;
  if (Error error = checkWeightFiles())
    return error;
  // Only now: this empties the file for remarks.
  if (Error error = enableRemarks())
    return error;
  std::string target = targetName();
  if (resumed && getPasses(reached, target).addVerifier)
    if (Error error = runPasses(*module, reached, getPasses(reached, target).addVerifier, timing))
      return error;
  if (Error error = finishPhase())
    return error;
  for (const PhaseDescription &phase : getPhases()) {
    if (phase.phase <= reached || phase.phase > options.compileTo || !getPasses(phase.phase, target).add)
      continue;
    if (phase.phase == Phase::Codegen && options.tune)
      if (Error error = tune(timing))
        return error;
    progress.start(phase.name);
    if (Error error = runPasses(*module, phase.phase, getPasses(phase.phase, target).add, timing))
      return error;
    reached = phase.phase;
    if (Error error = finishPhase())
      return error;
  }
  if (options.compileTo != Phase::Link) {
    if (Error error = print(options.output))
      return error;
    return writeReport();
  }
  progress.start("link");
  TimingScope scope = timing.nest("link");
  if (Error error = linkModule(*module, options.output, nvcc))
    return error;
  progress.clear();
  return writeReport();
}

/// What `call` writes to standard error, where MLIR's options report values
/// that they refuse whatever stream they are given.
static Expected<std::string> captureErrors(llvm::function_ref<void()> call) {
  int written = ::memfd_create("errors", MFD_CLOEXEC);
  int saved = written < 0 ? -1 : ::dup(STDERR_FILENO);
  if (saved < 0 || ::dup2(written, STDERR_FILENO) < 0)
    return link::systemError("<stderr>", "cannot be redirected", errno);
  call();
  ::dup2(saved, STDERR_FILENO);
  ::close(saved);
  auto text = llvm::MemoryBuffer::getOpenFile(written, "<stderr>", /*FileSize=*/-1, /*RequiresNullTerminator=*/false);
  ::close(written);
  if (!text)
    return llvm::createStringError("<stderr>: cannot be read, " + text.getError().message());
  return (*text)->getBuffer().str();
}

/// Hands --mlir-… to MLIR's own command line.
static Error parseMlirOptions(StringRef program, ArrayRef<std::string> arguments) {
  registerPassManagerCLOptions();
  registerMLIRContextCLOptions();
  registerAsmPrinterCLOptions();
  registerDefaultTimingManagerCLOptions();
  SmallVector<const char *> pointers = {program.data()};
  for (const std::string &argument : arguments)
    pointers.push_back(argument.c_str());
  std::string message;
  llvm::raw_string_ostream errors(message);
  bool parsed = false;
  Expected<std::string> refused =
      captureErrors([&] { parsed = llvm::cl::ParseCommandLineOptions(pointers.size(), pointers.data(), "", &errors); });
  if (!refused)
    return refused.takeError();
  if (parsed)
    return Error::success();
  message += *refused;
  // The first line says what is wrong, the others suggest.
  StringRef line = StringRef(message).split('\n').first.trim();
  line.consume_front("ingotc: ");
  if (line.consume_front("Unknown command line argument "))
    return llvm::createStringError("unknown option " + line.split(".  Try:").first + "; see ingotc --help");
  if (line.consume_front("for the ")) {
    auto [option, reason] = line.split(" option: ");
    return llvm::createStringError(option + ": " + reason.rtrim('!') + "; see ingotc --help");
  }
  return llvm::createStringError(line + "; see ingotc --help");
}

int compiler::runCompiler(int argc, const char *const *argv) {
  auto report = [](Error error, int status) {
    llvm::errs() << "ingotc: error: " << onOneLine(llvm::toString(std::move(error))) << "\n";
    return status;
  };
  Expected<Options> options = parseOptions(ArrayRef(argv + 1, argv + std::max(argc, 1)));
  if (!options)
    return report(options.takeError(), 2);
  if (options->action == Options::Action::Help) {
    llvm::outs() << helpText();
    return 0;
  }
  if (options->action == Options::Action::Version) {
    llvm::outs() << "ingotc " INGOT_VERSION " (LLVM " LLVM_VERSION_STRING ")\n";
    return 0;
  }
  registerPasses();
  if (Error error = parseMlirOptions("ingotc", options->forMlir))
    return report(std::move(error), 2);
  Error error = Compilation(*options).run();
  return error ? report(std::move(error), 1) : 0;
}

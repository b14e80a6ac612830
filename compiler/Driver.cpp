//===- Driver.cpp - from a model to an executable -------------------------===//

#include "compiler/Driver.h"

#include "codegen/link/output_file.h"
#include "compiler/Diagnostics.h"
#include "compiler/Options.h"
#include "compiler/Phases.h"
#include "compiler/Processor.h"
#include "compiler/Progress.h"
#include "compiler/Registration.h"
#include "compiler/import/gguf/Import.h"
#include "passes/schedule/Report.h"
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
#include "llvm/Support/SourceMgr.h"

#include <cerrno>

using namespace mlir;
using namespace ingot;
using namespace ingot::compiler;
using llvm::Error;
using llvm::Expected;
using llvm::Twine;

/// What stands in messages for "-".
static constexpr llvm::StringLiteral standardInput = "<stdin>";

static Error makeError(const Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

namespace {
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
  Error checkOutput();
  Error enableRemarks();
  Error readModel();
  Error readModule();
  Error attachOptions();
  Expected<target::CompileOptions> optionsForDump();
  Error checkOptions();
  Error checkContext();
  Error verify(Phase phase, TimingScope &timing);
  Error runPasses(Phase phase, void (*addPasses)(OpPassManager &), TimingScope &timing);
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
  if (path == "-" || path.ends_with(".mlir"))
    return true;
  auto start = llvm::MemoryBuffer::getFileSlice(path, 4, 0, /*IsVolatile=*/true);
  return start && isBytecode(**start);
}

Error Compilation::readModule() {
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(options.model);
  if (!buffer)
    return makeError(modelName + ": cannot be read, " + buffer.getError().message());
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(llvm::MemoryBuffer::getMemBufferCopy((*buffer)->getBuffer(), modelName), llvm::SMLoc());
  module = parseSourceFile<ModuleOp>(sources, ParserConfig(&context));
  if (!module)
    return diagnostics.takeError("is no MLIR module");
  resumed = true;
  reached = options.compileFrom.value_or(Phase::Model);
  if (reached > options.compileTo)
    return makeError(modelName + ": is taken to be at the phase model, which comes after --compile-to=" +
                     describe(options.compileTo).name + "; say --compile-from=PHASE");
  return gguf::checkParameters(*module);
}

Error Compilation::readModel() {
  progress.start("import");
  Expected<bool> mlir = isMlir(options.model);
  if (!mlir)
    return mlir.takeError();
  if (*mlir)
    return readModule();
  if (options.compileFrom)
    return makeError(modelName + ": --compile-from=" + describe(*options.compileFrom).name +
                     " needs a .mlir file that --compile-to wrote");
  Expected<OwningOpRef<ModuleOp>> imported = gguf::importModel(context, options.model, options.context);
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
        return cache.getElement().isF32() ? "f32" : "f16";
  return std::nullopt;
}

Error Compilation::attachOptions() {
  target::CompileOptions chosen;
  chosen.target = options.target.value_or("cpu");
  Expected<std::string> cpu = resolveProcessor(options.cpu.value_or("native"));
  if (!cpu)
    return makeError(modelName + ": " + llvm::toString(cpu.takeError()));
  chosen.cpu = *cpu;
  chosen.activations = options.activations.value_or("auto");
  chosen.weights = options.weights.value_or("embedded");
  std::string asked = options.keyValue.value_or("auto");
  std::optional<std::string> existing = cacheElement(*module);
  if (existing && asked != "auto" && asked != *existing)
    return makeError(modelName + ": --kv=" + asked + " contradicts the program, whose caches hold " + *existing);
  if (existing)
    chosen.keyValue = *existing;
  else if (asked == "auto")
    chosen.keyValue = chosen.activations == "f32" ? "f32" : "f16";
  else
    chosen.keyValue = asked;
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
      return makeError(modelName + ": " + llvm::toString(resolved.takeError()));
    cpu = *resolved;
  } else {
    // An edited dump may name any processor.
    Expected<std::string> resolved = resolveProcessor(stored->cpu);
    if (!resolved)
      return makeError(modelName + ": " + llvm::toString(resolved.takeError()));
    if (*resolved != stored->cpu)
      return makeError(modelName + ": ingot.options.cpu is '" + stored->cpu + "'; expected a CPU name");
  }
  std::optional<std::string> keyValue = options.keyValue;
  if (keyValue == "auto")
    keyValue.reset();
  struct {
    StringRef option;
    const std::optional<std::string> &asked;
    StringRef stored;
  } pairs[] = {{"--target", options.target, stored->target},
               {"--mcpu", cpu, stored->cpu},
               {"--activations", options.activations, stored->activations},
               {"--kv", keyValue, stored->keyValue},
               {"--weights", options.weights, stored->weights}};
  for (auto &pair : pairs)
    if (pair.asked && *pair.asked != pair.stored)
      return makeError(modelName + ": " + pair.option + "=" + *pair.asked +
                       " contradicts the dump, which was made for " + pair.stored +
                       "; leave the option out or start from the model");
  return Error::success();
}

Error Compilation::checkContext() {
  if (!resumed || !options.context)
    return Error::success();
  for (auto group : module->getOps<model::CacheGroupOp>())
    if (group.getContext() != static_cast<uint64_t>(*options.context))
      return makeError(modelName + ": --context=" + Twine(*options.context) +
                       " contradicts the program, which is for " + Twine(group.getContext()) +
                       " positions; leave the option out");
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Phases
//===----------------------------------------------------------------------===//

Error Compilation::runPasses(Phase phase, void (*addPasses)(OpPassManager &), TimingScope &timing) {
  TimingScope scope = timing.nest(describe(phase).name);
  PassManager manager(&context, ModuleOp::getOperationName(), OpPassManager::Nesting::Explicit);
  if (failed(applyPassManagerCLOptions(manager)))
    return diagnostics.takeError("MLIR's options cannot be applied");
  manager.enableTiming(scope);
  addPasses(manager);
  if (failed(manager.run(*module)))
    return diagnostics.takeError("the phase " + describe(phase).name + " failed");
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
    return makeError("<stdout>: cannot write, " + code.message());
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
  // Importers name operations by their location; values of dumps read better
  // with those names.
  return writeTo(path, [&](llvm::raw_ostream &out) {
    module->print(out, OpPrintingFlags().printNameLocAsPrefix());
    out << "\n";
  });
}

Error Compilation::dump(Phase phase) {
  if (!options.dumpFolder)
    return Error::success();
  if (std::error_code code = llvm::sys::fs::create_directories(*options.dumpFolder))
    return makeError(*options.dumpFolder + ": cannot be created, " + code.message());
  std::string name =
      llvm::formatv("{0}/{1,0+2}-{2}.mlir", *options.dumpFolder, static_cast<int>(phase) + 1, describe(phase).name);
  return print(name);
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

/// Finds an output that cannot be written before the work is done.
Error Compilation::checkOutput() {
  if (options.output == "-")
    return Error::success();
  if (llvm::sys::fs::is_directory(options.output))
    return makeError(options.output + ": cannot write, it is a directory");
  if (options.compileTo == Phase::Link && llvm::sys::fs::equivalent(options.output, options.model))
    return makeError(options.output + ": cannot write, it is the model; choose another output");
  Expected<link::OutputFile> file = link::OutputFile::create(options.output, /*executable=*/false);
  return file ? Error::success() : file.takeError();
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
    if (!options.remarkFile && options.output == "-")
      return makeError(modelName + ": --remark-format=" + format + " needs --remarks-output-file=FILE with -o -");
    std::string path = options.remarkFile.value_or(options.output + ".remarks." + format);
    enabled = remark::enableOptimizationRemarksWithLLVMStreamer(
        context, path, format == "yaml" ? llvm::remarks::Format::YAML : llvm::remarks::Format::Bitstream,
        std::move(policy), categories);
  }
  return failed(enabled) ? diagnostics.takeError("remarks cannot be written") : Error::success();
}

Error Compilation::run() {
  DefaultTimingManager timingManager;
  applyDefaultTimingManagerCLOptions(timingManager);
  TimingScope timing = timingManager.getRootScope();

  if (Error error = checkOutput())
    return error;
  if (Error error = enableRemarks())
    return error;
  {
    TimingScope scope = timing.nest("import");
    if (Error error = readModel())
      return error;
  }
  bool hasOptions = (*module)->hasAttr("ingot.options");
  if (!hasOptions && reached > Phase::Model)
    return makeError(modelName + ": has no ingot.options, which every dump of the phase " + describe(reached).name +
                     " has; expected a file that --compile-to wrote");
  if (Error error = hasOptions ? checkOptions() : attachOptions())
    return error;
  if (Error error = checkContext())
    return error;
  if (resumed && describe(reached).addVerifier)
    if (Error error = runPasses(reached, describe(reached).addVerifier, timing))
      return error;
  if (Error error = finishPhase())
    return error;
  for (const PhaseDescription &phase : getPhases()) {
    if (phase.phase <= reached || phase.phase > options.compileTo || !phase.addPasses)
      continue;
    progress.start(phase.name);
    if (Error error = runPasses(phase.phase, phase.addPasses, timing))
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
  if (Error error = linkModule(*module, options.output))
    return error;
  progress.clear();
  return writeReport();
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
  if (llvm::cl::ParseCommandLineOptions(pointers.size(), pointers.data(), "", &errors))
    return Error::success();
  // The first line says what is wrong, the others suggest.
  StringRef line = StringRef(message).split('\n').first.trim();
  line.consume_front("ingotc: ");
  if (line.consume_front("Unknown command line argument "))
    return makeError("unknown option " + line.split(".  Try:").first + "; see ingotc --help");
  return makeError(line + "; see ingotc --help");
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

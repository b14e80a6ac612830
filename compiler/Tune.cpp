//===- Tune.cpp - tile shapes measured on this machine --------------------===//

#include "compiler/Tune.h"

#include "codegen/link/link.h"
#include "compiler/Driver.h"
#include "compiler/Processor.h"
#include "dialects/Model/Model.h"
#include "target/TargetDescription.h"

#include "mlir/IR/OwningOpRef.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/Signals.h"

#include <vector>

using namespace mlir;
using namespace ingot;
using namespace ingot::compiler;
using llvm::Error;
using llvm::Expected;
using llvm::Twine;

namespace {
/// What shows the effect of one parameter: runs of `bench`, each of which prints a rate.
struct Workload {
  StringRef parameter;
  /// One run for each: a tile that suits one number of rows may leave many rows over of another.
  ArrayRef<int64_t> promptTokens;
  int64_t newTokens, repetitions;
  StringRef rate;
};

/// The candidates and their measurements; files are removed with it.
class Tuning {
public:
  Tuning(ModuleOp module, StringRef output, codegen::TileShape tiles);
  ~Tuning();

  Error build(llvm::function_ref<Error(ModuleOp)> generateCode);
  Expected<codegen::TileChoices> measure();

private:
  Expected<double> run(const std::string &path, const Workload &workload, int64_t promptTokens);
  Expected<double> run(const std::string &path, const Workload &workload);
  Expected<std::vector<SmallVector<double>>> compare(const Workload &workload, ArrayRef<size_t> candidates, int rounds);
  codegen::TileChoices choicesOf(size_t candidate) const;

  ModuleOp module;
  /// Of the candidates' paths.
  std::string prefix;
  int64_t context = 0;
  /// For each parameter its values, the default first. Candidate c has the c-th value of each: a workload shows one
  /// parameter only.
  std::vector<SmallVector<int64_t>> values;
  std::vector<std::string> paths;
};
} // namespace

static constexpr int64_t fewRows[] = {3, 5, 8}, manyRows[] = {128}, noPrompt[] = {0};
static constexpr Workload workloads[] = {
    {"few_rows", fewRows, 0, 10, "prefill_tokens_per_second"},
    {"many_rows", manyRows, 0, 3, "prefill_tokens_per_second"},
    {"prefetch_bytes", noPrompt, 24, 3, "decode_tokens_per_second"},
};

/// Rounds of measurements, in each of which all candidates run; those in which the best of them must win again; and by
/// how much a candidate must be faster, in the median of the rounds' ratios, to be no accident.
static constexpr int roundsOfAll = 5, roundsOfBest = 10;
static constexpr double clearlyFaster = 1.02;
/// Values of a parameter that are tried.
static constexpr size_t mostCandidates = 4;

Error compiler::checkTunable(StringRef cpu) {
  if (cpu == portableProcessor)
    return llvm::createStringError(
        "--tune: --mcpu=portable is for several processors, of which this machine has one; choose "
        "--mcpu=native");
  Expected<SmallVector<codegen::CpuDescription>> described = codegen::describeCpus(cpu);
  if (!described)
    return described.takeError();
  Expected<SmallVector<codegen::CpuDescription>> host = codegen::describeCpus(codegen::getHostCpu());
  if (!host)
    return host.takeError();
  if (described->front().featureBits & ~host->front().featureBits)
    return llvm::createStringError("--tune: this machine cannot run code for --mcpu=" + cpu +
                                   "; tune on the machine that will run "
                                   "it, or leave --tune out");
  return Error::success();
}

Tuning::Tuning(ModuleOp module, StringRef output, codegen::TileShape tiles)
    : module(module), prefix((output + ".tune-" + Twine(llvm::sys::Process::getProcessId()) + "-").str()) {
  for (auto group : module.getOps<model::CacheGroupOp>())
    context = std::max<int64_t>(context, group.getContext());
  for (const codegen::TileParameter &parameter : codegen::getTileParameters()) {
    int64_t byTable = tiles.*parameter.value;
    SmallVector<int64_t> tried = {byTable};
    // The largest first: the smallest are in the table's neighbourhood on no machine that we know.
    for (int64_t value : llvm::reverse(parameter.allowed))
      if (value != byTable && tried.size() < mostCandidates)
        tried.push_back(value);
    values.push_back(std::move(tried));
  }
}

Tuning::~Tuning() {
  for (const std::string &path : paths)
    for (const std::string &file : {path, link::externalWeightsPath(path)}) {
      llvm::sys::fs::remove(file);
      llvm::sys::DontRemoveFileOnSignal(file);
    }
}

codegen::TileChoices Tuning::choicesOf(size_t candidate) const {
  codegen::TileChoices choices;
  for (size_t parameter = 0; parameter < values.size(); ++parameter)
    if (candidate < values[parameter].size())
      choices.set(parameter, values[parameter][candidate]);
  return choices;
}

Error Tuning::build(llvm::function_ref<Error(ModuleOp)> generateCode) {
  FailureOr<target::CompileOptions> options = target::CompileOptions::of(module);
  if (failed(options))
    return llvm::createStringError("the module says nothing of its target");
  options->weights = "external";
  size_t count = 0;
  for (const SmallVector<int64_t> &tried : values)
    count = std::max(count, tried.size());
  for (size_t candidate = 0; candidate < count; ++candidate) {
    OwningOpRef<ModuleOp> copy = module.clone();
    options->attachTo(*copy);
    choicesOf(candidate).attachTo(*copy);
    if (Error error = generateCode(*copy))
      return error;
    std::string path = prefix + std::to_string(candidate), weights = link::externalWeightsPath(path);
    paths.push_back(path);
    for (const std::string &file : {path, weights})
      llvm::sys::RemoveFileOnSignal(file);
    if (Error error = linkModule(*copy, path, /*nvcc=*/""))
      return error;
    // All read the same weights, so that they are in memory once.
    if (candidate && llvm::sys::fs::exists(weights)) {
      std::string shared = weights + ".shared";
      if (!llvm::sys::fs::create_hard_link(link::externalWeightsPath(paths.front()), shared))
        if (std::error_code code = llvm::sys::fs::rename(shared, weights))
          return llvm::createStringError(weights + ": cannot be replaced, " + code.message());
    }
  }
  return Error::success();
}

Expected<double> Tuning::run(const std::string &path, const Workload &workload, int64_t promptTokens) {
  int64_t prompt = std::min(promptTokens, context), predicted = std::min(workload.newTokens, context);
  std::string promptText = std::to_string(prompt), predictedText = std::to_string(predicted);
  std::string repetitions = std::to_string(workload.repetitions);
  StringRef arguments[] = {path, "bench", "-p", promptText, "-n", predictedText, "-r", repetitions};
  SmallString<128> printed;
  if (std::error_code code = llvm::sys::fs::createTemporaryFile("ingot-tune", "json", printed))
    return llvm::createStringError("--tune: no temporary file, " + code.message());
  llvm::scope_exit remove([&] { llvm::sys::fs::remove(printed); });
  std::optional<StringRef> redirects[] = {StringRef(""), StringRef(printed), StringRef(printed)};
  std::string message;
  constexpr unsigned mostSeconds = 600;
  int status =
      llvm::sys::ExecuteAndWait(path, arguments, std::nullopt, redirects, mostSeconds, /*MemoryLimit=*/0, &message);
  auto text = llvm::MemoryBuffer::getFile(printed);
  if (status || !text)
    return llvm::createStringError(
        "--tune: " + path + " bench failed" + (message.empty() ? "" : ", " + message) +
        (text && !(*text)->getBuffer().empty() ? ": " + (*text)->getBuffer().trim() : Twine()));
  Expected<llvm::json::Value> result = llvm::json::parse((*text)->getBuffer());
  if (!result)
    return result.takeError();
  const llvm::json::Object *object = result->getAsObject();
  std::optional<double> rate = object ? object->getNumber(workload.rate) : std::nullopt;
  if (!rate || !(*rate > 0))
    return llvm::createStringError("--tune: " + path + " bench printed no " + workload.rate);
  return *rate;
}

/// The rate of one step of each number of rows after the other, or of decoding.
Expected<double> Tuning::run(const std::string &path, const Workload &workload) {
  double tokens = 0, seconds = 0;
  for (int64_t rows : workload.promptTokens) {
    Expected<double> rate = run(path, workload, rows);
    if (!rate)
      return rate;
    int64_t ofRun = std::max<int64_t>(rows, 1);
    tokens += ofRun;
    seconds += ofRun / *rate;
  }
  return tokens / seconds;
}

static double median(SmallVector<double> numbers) {
  llvm::sort(numbers);
  size_t middle = numbers.size() / 2;
  return numbers.size() % 2 ? numbers[middle] : (numbers[middle - 1] + numbers[middle]) / 2;
}

/// For each of `candidates` its rates divided by those of the first, round by round.
Expected<std::vector<SmallVector<double>>> Tuning::compare(const Workload &workload, ArrayRef<size_t> candidates,
                                                           int rounds) {
  std::vector<SmallVector<double>> ratios(candidates.size());
  for (int round = 0; round < rounds; ++round) {
    // All in every round, so that a slower minute of the machine slows all; and each in every place of the order.
    SmallVector<double> rates(candidates.size());
    for (size_t turn = 0; turn < candidates.size(); ++turn) {
      size_t index = (turn + round) % candidates.size();
      Expected<double> rate = run(paths[candidates[index]], workload);
      if (!rate)
        return rate.takeError();
      rates[index] = *rate;
    }
    for (auto [ratio, rate] : llvm::zip(ratios, rates))
      ratio.push_back(rate / rates.front());
  }
  return ratios;
}

/// Faster in the median, and in at least four rounds of five.
static bool isClearlyFaster(const SmallVector<double> &ratios) {
  auto won = llvm::count_if(ratios, [](double each) { return each > 1; });
  return median(ratios) > clearlyFaster && 5 * won >= 4 * static_cast<int64_t>(ratios.size());
}

Expected<codegen::TileChoices> Tuning::measure() {
  codegen::TileChoices chosen;
  ArrayRef<codegen::TileParameter> parameters = codegen::getTileParameters();
  for (const Workload &workload : workloads) {
    size_t parameter =
        llvm::find_if(parameters, [&](auto &known) { return known.name == workload.parameter; }) - parameters.begin();
    ArrayRef<int64_t> tried = values[parameter];
    auto all = llvm::to_vector(llvm::seq<size_t>(tried.size()));
    Expected<std::vector<SmallVector<double>>> ratios = compare(workload, all, roundsOfAll);
    if (!ratios)
      return ratios.takeError();
    size_t best = 0;
    std::string speeds;
    for (size_t candidate : all) {
      const SmallVector<double> &own = (*ratios)[candidate];
      speeds += llvm::formatv("{0}{1}: {2:f3}", candidate ? ", " : "", tried[candidate], median(own)).str();
      if (isClearlyFaster(own) && median(own) > median((*ratios)[best]))
        best = candidate;
    }
    // The best of several may be so by luck: it must win again, alone against the default.
    if (best) {
      Expected<std::vector<SmallVector<double>>> again = compare(workload, {0, best}, roundsOfBest);
      if (!again)
        return again.takeError();
      speeds += llvm::formatv(", {0} again: {1:f3}", tried[best], median(again->back())).str();
      if (!isClearlyFaster(again->back()))
        best = 0;
    }
    remark::passed(module.getLoc(), remark::RemarkOpts::name("tune").category("codegen"))
        << remark::metric("parameter", workload.parameter) << remark::metric("chosen", tried[best])
        << remark::metric("default", tried[0]) << remark::metric("speed", speeds);
    if (best)
      chosen.set(parameter, tried[best]);
  }
  return chosen;
}

Expected<codegen::TileChoices> compiler::tuneTiles(ModuleOp module, StringRef output,
                                                   llvm::function_ref<Error(ModuleOp)> generateCode) {
  FailureOr<target::CompileOptions> options = target::CompileOptions::of(module);
  if (failed(options))
    return llvm::createStringError("the module says nothing of its target");
  Expected<SmallVector<codegen::CpuDescription>> cpus = codegen::describeCpus(options->cpu);
  if (!cpus)
    return cpus.takeError();
  Tuning tuning(module, output, cpus->front().tiles);
  if (Error error = tuning.build(generateCode))
    return std::move(error);
  return tuning.measure();
}

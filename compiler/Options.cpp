//===- Options.cpp - the command line of ingotc ---------------------------===//

#include "compiler/Options.h"

#include "target/TargetDescription.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Regex.h"

using namespace ingot::compiler;
using namespace llvm;

/// Positions of a sequence that are surely a mistake.
static constexpr int64_t mostContext = 1 << 24;
/// Sequences of a step, likewise.
static constexpr int64_t mostBatch = 1 << 12;

static Error usageError(const Twine &message) { return createStringError(message + "; see ingotc --help"); }

namespace {
/// Walks over the arguments. Options with a value take it after '=' or as the
/// next argument.
class Parser {
public:
  explicit Parser(ArrayRef<const char *> arguments) : arguments(arguments) {}
  Expected<Options> parse();

private:
  Error parseOption(StringRef argument);
  Error parsePhase(StringRef text, StringRef option, Phase &phase);
  /// Of `what`, from 1 to `most`.
  Error parseNumber(StringRef text, StringRef option, StringRef what, int64_t most, std::optional<int64_t> &number);
  Error check();

  ArrayRef<const char *> arguments;
  size_t next = 0;
  Options options;
};
} // namespace

/// "a, b, c"
template <typename Range> static std::string listed(Range &&names) { return llvm::join(names, ", "); }

static std::vector<std::string> phaseNames() {
  std::vector<std::string> names;
  for (const PhaseDescription &phase : getPhases())
    names.push_back(phase.name.str());
  return names;
}

Error Parser::parsePhase(StringRef text, StringRef option, Phase &phase) {
  std::optional<Phase> found = findPhase(text);
  if (!found)
    return usageError(option + "=" + text + ": no such phase; the phases are " + listed(phaseNames()));
  phase = *found;
  return Error::success();
}

Error Parser::parseNumber(StringRef text, StringRef option, StringRef what, int64_t most,
                          std::optional<int64_t> &number) {
  int64_t parsed;
  if (text.getAsInteger(10, parsed) || parsed < 1 || parsed > most)
    return usageError(option + "=" + text + ": expected a number of " + what + " from 1 to " + Twine(most));
  number = parsed;
  return Error::success();
}

Error Parser::parseOption(StringRef argument) {
  auto [name, value] = argument.split('=');
  bool hasValue = argument.contains('=');
  auto take = [&]() -> Error {
    if (hasValue && !value.empty())
      return Error::success();
    if (hasValue || next == arguments.size())
      return usageError("option '" + name + "' needs a value");
    value = arguments[next++];
    return Error::success();
  };
  auto oneOf = [&](std::optional<std::string> &option, std::initializer_list<StringRef> allowed) -> Error {
    if (Error error = take())
      return error;
    if (allowed.size() && !is_contained(allowed, value))
      return usageError(name + "=" + value + ": expected one of " + listed(allowed));
    option = value.str();
    return Error::success();
  };

  if (name == "--report") {
    if (hasValue && value.empty())
      return usageError("--report=: expected a file name, or --report alone "
                        "for standard output");
    options.report = value.str();
    return Error::success();
  }
  if (argument == "--batch-invariant") {
    options.batchInvariant = true;
    return Error::success();
  }
  if (argument == "--tune") {
    options.tune = true;
    return Error::success();
  }
  if (name.starts_with("--mlir-")) {
    options.forMlir.push_back(argument.str());
    return Error::success();
  }
  if (name == "-o") {
    std::optional<std::string> output;
    if (Error error = oneOf(output, {}))
      return error;
    options.output = *output;
    return Error::success();
  }
  if (name == "--weights") {
    if (Error error = take())
      return error;
    if (value != "embedded" && value != "external" && !ingot::target::CompileOptions::parseWeightSeed(value))
      return usageError("--weights=" + value + ": expected one of embedded, external, random:SEED");
    options.weights = value.str();
    return Error::success();
  }
  if (name == "--quantize") {
    if (Error error = take())
      return error;
    const ingot::encoding::WeightFormat *format = ingot::encoding::findGgmlFormat(value);
    if (!format || !ingot::encoding::canQuantize(*format))
      return usageError("--quantize=" + value + ": expected one of " + ingot::encoding::listQuantizableFormats());
    options.quantize = value.lower();
    return Error::success();
  }
  struct {
    StringRef name;
    std::optional<std::string> &option;
    std::initializer_list<StringRef> allowed;
  } texts[] = {{"--target", options.target, {"cpu", "cuda"}},
               {"--mcpu", options.cpu, {}},
               {"--sm", options.sm, {}},
               {"--nvcc", options.nvcc, {}},
               {"--gemm", options.gemm, {"own", "cublaslt"}},
               {"--activations", options.activations, {"auto", "f32"}},
               {"--kv", options.keyValue, {"auto", "f32", "f16", "bf16", "q8_0"}},
               {"--dump-phases", options.dumpFolder, {}},
               {"--remark-format", options.remarkFormat, {"emitRemark", "yaml", "bitstream"}},
               {"--remarks-output-file", options.remarkFile, {}},
               {"--remarks-filter", options.remarkFilter, {}},
               {"--remarks-filter-passed", options.remarkPassedFilter, {}},
               {"--remarks-filter-missed", options.remarkMissedFilter, {}}};
  for (auto &text : texts)
    if (name == text.name)
      return oneOf(text.option, text.allowed);
  if (name == "--pooling") {
    if (Error error = take())
      return error;
    options.pooling = StringSwitch<std::optional<Pooling>>(value)
                          .Case("mean", Pooling::Mean)
                          .Case("cls", Pooling::First)
                          .Case("none", Pooling::None)
                          .Default(std::nullopt);
    return options.pooling ? Error::success() : usageError("--pooling=" + value + ": expected one of mean, cls, none");
  }
  if (name == "--context" || name == "--batch" || name == "--compile-to" || name == "--compile-from") {
    if (Error error = take())
      return error;
    if (name == "--context")
      return parseNumber(value, name, "positions", mostContext, options.context);
    if (name == "--batch")
      return parseNumber(value, name, "sequences", mostBatch, options.batch);
    Phase phase;
    if (Error error = parsePhase(value, name, phase))
      return error;
    if (name == "--compile-to")
      options.compileTo = phase;
    else
      options.compileFrom = phase;
    return Error::success();
  }
  return usageError("unknown option '" + name + "'");
}

Error Parser::check() {
  if (options.model.empty())
    return usageError("no model given");
  if (options.output.empty())
    return usageError("no output given: -o OUT");
  if (options.compileFrom == Phase::Link)
    return usageError("--compile-from=link: an executable cannot be resumed");
  if (options.compileFrom && *options.compileFrom > options.compileTo)
    return usageError("--compile-from=" + describe(*options.compileFrom).name +
                      " comes after --compile-to=" + describe(options.compileTo).name);
  if (options.tune && (options.compileTo < Phase::Codegen || options.compileFrom == Phase::Codegen))
    return usageError("--tune: expected a compilation that passes the phase codegen, which it is for");
  if (options.tune && options.output == "-")
    return usageError("--tune: needs a file as output, beside which it measures");
  if (options.nvcc && options.compileTo != Phase::Link)
    return usageError("--nvcc: expected a compilation to an executable, which it is for");
  if (options.report && (options.compileTo < Phase::Plan || options.compileFrom == Phase::Codegen))
    return usageError("--report: expected a compilation that passes the phase "
                      "plan, from which it is read");
  if (options.report == "" && options.output == "-")
    return usageError("--report: standard output is taken by -o -; say "
                      "--report=FILE");
  if (options.output == "-" && options.compileTo == Phase::Link)
    return usageError("-o -: an executable cannot be written to standard output");
  if (options.remarkFile && options.remarkFormat.value_or("emitRemark") == "emitRemark")
    return usageError("--remarks-output-file=" + *options.remarkFile + ": needs --remark-format=yaml or bitstream");
  struct {
    StringRef name;
    const std::optional<std::string> &expression;
  } filters[] = {{"--remarks-filter", options.remarkFilter},
                 {"--remarks-filter-passed", options.remarkPassedFilter},
                 {"--remarks-filter-missed", options.remarkMissedFilter}};
  for (auto &filter : filters) {
    std::string reason;
    if (filter.expression && !Regex(*filter.expression).isValid(reason))
      return usageError(filter.name + "=" + *filter.expression + ": no regular expression, " + reason);
  }
  return Error::success();
}

Expected<Options> Parser::parse() {
  bool onlyModels = false;
  while (next < arguments.size()) {
    StringRef argument = arguments[next++];
    if (!onlyModels && argument == "--") {
      onlyModels = true;
    } else if (!onlyModels && (argument == "--help" || argument == "-h")) {
      options.action = Options::Action::Help;
      return options;
    } else if (!onlyModels && argument == "--version") {
      options.action = Options::Action::Version;
      return options;
    } else if (!onlyModels && argument.size() > 1 && argument.starts_with("-")) {
      if (Error error = parseOption(argument))
        return error;
    } else if (options.model.empty()) {
      options.model = argument.str();
    } else {
      return usageError("expected one model, found '" + options.model + "' and '" + argument + "'");
    }
  }
  if (Error error = check())
    return error;
  return std::move(options);
}

Expected<Options> ingot::compiler::parseOptions(ArrayRef<const char *> arguments) { return Parser(arguments).parse(); }

std::string ingot::compiler::helpText() {
  std::string text = R"(ingotc MODEL -o OUT [options]

Casts a transformer into one Linux executable. MODEL is a GGUF file, the directory of a Hugging Face model
(config.json, model.safetensors, tokenizer.json), or a .mlir file at one of the phases below ('-': standard input).

What is compiled
  --target=cpu|cuda        for which kind of machine (default: cpu); cuda: an NVIDIA GPU, compiled by nvcc
  --mcpu=NAME              native (default), portable (one executable for several x86-64
                           processors), or an x86-64 CPU name as LLVM knows it
  --sm=80,86,89,90,90a,100,120
                           compute capabilities that get machine code of their own (cuda; default: 90a);
                           others from 8.0 on compile the kernels when they load them
  --nvcc=FILE              NVIDIA's compiler (cuda; default: that of PATH, or of CUDA_HOME or /usr/local/cuda)
  --gemm=own|cublaslt      who multiplies more than 64 rows by f16 and bf16 weights (cuda; default: cublaslt, which
                           rounds activations to the weights' format and must be where the executable runs)
  --context=N              positions of one sequence (default: the model's, at most 4096)
  --quantize=q8_0|q5_0|q5_1|q4_0|q4_1|q4_k|q5_k
                           round the matrices that the model stores as f32, f16 or bf16 (default: they stay); q4_k and
                           q5_k: q5_0 and q5_1 where a width is no multiple of 256
  --batch=N                sequences of one step (default: 1, of an encoder 8)
  --pooling=mean|cls|none  what an encoder gives of a text: the mean of its tokens' hidden states, that of the first, or
                           all of them (default: as modules.json says, else mean)
  --activations=auto|f32   auto: 8-bit where the weights are quantised (cpu); f32: the exact path (cuda: always)
  --kv=auto|f32|f16|bf16|q8_0
                           elements of the key-value cache; auto: f32 on the exact path, else f16, or bf16 where the
                           CPU multiplies it (AVX-512 BF16) and the weights are quantised
  --batch-invariant        results depend neither on the batch nor on how a text is cut into steps: on a GPU one kernel for
                           every matrix, which slows single sequences down (see --report); a CPU's never do
  --tune                   measure tile shapes on this machine, and take those that are faster
  --weights=embedded|external|random:SEED
                           in the executable, or in OUT.weights beside it; random: the executable holds none, and makes
                           its own when it starts, to measure a shape (cuda)

Stopping and resuming
  --compile-to=PHASE       write the program as it is after PHASE to OUT ('-': standard output)
  --compile-from=PHASE     MODEL is a program as it is after PHASE (default for .mlir: model)
  --dump-phases=DIR        also write the program after every phase to DIR

Looking inside
  --report[=FILE]          what the executable needs: memory, weights, launches
  --remark-format=FORMAT   emitRemark (to standard error), yaml or bitstream: every decision taken or missed
  --remarks-output-file=FILE
                           for yaml and bitstream (default: OUT.remarks.yaml, OUT.remarks.bitstream)
  --remarks-filter=REGEX, --remarks-filter-passed=REGEX, --remarks-filter-missed=REGEX
                           only remarks of phases (model, quantize, fuse, ...) that match
  --mlir-timing, --mlir-print-ir-after-all, --mlir-pass-pipeline-crash-reproducer=FILE, --mlir-...
                           MLIR's own options, as mlir-opt has them

  --help, --version

Phases
)";
  for (const PhaseDescription &phase : getPhases()) {
    text += "  " + phase.name.str() + std::string(10 - phase.name.size(), ' ') + phase.summary.str() + "\n";
  }
  return text;
}

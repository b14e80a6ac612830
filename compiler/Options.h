//===- Options.h - the command line of ingotc --------------------*- C++
//-*-===//
//
// What the user asked for, each option checked as far as it can be without the
// model. An option that has not landed is unknown, not ignored.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_OPTIONS_H
#define INGOT_COMPILER_OPTIONS_H

#include "compiler/Phases.h"
#include "compiler/import/Transformer.h"

#include "llvm/Support/Error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ingot::compiler {

struct Options {
  /// What the command line does apart from compiling.
  enum class Action { Compile, Help, Version } action = Action::Compile;

  /// Path of the model ("-": MLIR from standard input) and of the output ("-":
  /// standard output).
  std::string model, output;
  /// Unset where the user said nothing: a dump then keeps its own.
  std::optional<std::string> target, cpu, sm, gemm, activations, keyValue, weights, quantize;
  /// Positions of one sequence, at least 1.
  std::optional<int64_t> context;
  /// Sequences of a step, at least 1, and what an encoder gives of one.
  std::optional<int64_t> batch;
  std::optional<Pooling> pooling;
  /// The program that compiles CUDA C++; unset: looked for.
  std::optional<std::string> nvcc;
  /// Whether results may depend on no batch.
  bool batchInvariant = false;
  /// Whether tile shapes are measured on this machine.
  bool tune = false;
  std::optional<Phase> compileFrom;
  Phase compileTo = Phase::Link;
  /// Folder for a dump of every phase.
  std::optional<std::string> dumpFolder;
  /// File for the report; empty: standard output.
  std::optional<std::string> report;

  /// "emitRemark", "yaml" or "bitstream"; regular expressions on the names of
  /// phases.
  std::optional<std::string> remarkFormat, remarkFile;
  std::optional<std::string> remarkFilter, remarkPassedFilter, remarkMissedFilter;

  /// Options that MLIR itself reads: --mlir-….
  std::vector<std::string> forMlir;
};

/// Reads the arguments after the program's name. An error is one line about a
/// wrong use.
llvm::Expected<Options> parseOptions(llvm::ArrayRef<const char *> arguments);

/// The text of --help.
std::string helpText();

} // namespace ingot::compiler

#endif // INGOT_COMPILER_OPTIONS_H

//===- Report.h - what a plan costs, for people and for info ----*- C++ -*-===//
//
// Reads a planned module and says what it holds, moves and is made of: `ingotc
// --report`, and the report inside of the executable.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_PASSES_SCHEDULE_REPORT_H
#define INGOT_PASSES_SCHEDULE_REPORT_H

#include "dialects/Schedule/Schedule.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/JSON.h"

namespace ingot::schedule {

/// Bytes that the compute lane reads in a step of one row.
struct DecodeTraffic {
  /// Packed weights and other constants, each counted once; of an embedding's
  /// table one row.
  uint64_t weightBytes = 0;
  /// By cache group: keys and values of all its layers, for each position that the row sees.
  llvm::StringMap<uint64_t> keyValueBytesPerPosition;
};

/// Reads it from the program for one row of a planned module; zeros where there
/// is none.
DecodeTraffic getDecodeTraffic(mlir::ModuleOp module);

/// Launches and barriers of one program; those of a layer are a middle layer's: from one layer's first launch that
/// touches its cache to the next layer's, 0 for a model of one layer.
struct ProgramCounts {
  int64_t launches = 0, barriers = 0;
  int64_t launchesPerLayer = 0, barriersPerLayer = 0;
};
ProgramCounts countProgram(ProgramOp program);

/// The report of a planned module, one object:
///   model, cpu              strings
///   layers                  number
///   planned_bytes           sum of all arenas
///   arenas                  [{name, place, lifetime, bytes}]
///   weights                 [{format, parameters, bytes}] as packed, largest first
///   cache_groups            [{name, context, window, page_rows, pages, bytes_per_position}], window 0: all of the
///                           context
///   programs                [{name, first_row, last_row, launches, barriers, launches_per_layer, barriers_per_layer,
///                             kernel_bodies}]
///   decode                  {lane, weight_bytes, key_value_bytes_per_position}, the latter of all groups
///   batch_invariant         with --batch-invariant: what it costs, as TargetDescription has it
///   licences                [{component, licence}]
/// Per-layer counts are those of a middle layer: from one layer's first launch
/// that touches its cache to the next layer's; 0 for a model of one layer. A
/// module without programs has no arenas and no programs.
llvm::json::Value makeReport(mlir::ModuleOp module);

/// Prints what makeReport returned, for a person.
void printReport(const llvm::json::Value &report, llvm::raw_ostream &stream);

} // namespace ingot::schedule

#endif // INGOT_PASSES_SCHEDULE_REPORT_H

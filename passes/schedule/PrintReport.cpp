//===- PrintReport.cpp - the report of a plan, on standard output ---------===//

#include "passes/schedule/Passes.h"
#include "passes/schedule/Report.h"
#include "target/TargetDescription.h"

namespace ingot::schedule {
#define GEN_PASS_DEF_SCHEDULEPRINTREPORT
#include "passes/schedule/Passes.h.inc"
} // namespace ingot::schedule

using namespace mlir;
using namespace ingot;

namespace {
struct PrintReport : schedule::impl::SchedulePrintReportBase<PrintReport> {
  using Base::Base;

  void runOnOperation() override {
    llvm::json::Value report = schedule::makeReport(getOperation());
    if (json)
      llvm::outs() << llvm::formatv("{0:2}\n", report);
    else
      schedule::printReport(report, llvm::outs());
    markAllAnalysesPreserved();
  }
};
} // namespace

//===- Tables.cpp - programs as constant tables ---------------------------===//

#include "codegen/cuda/Tables.h"

#include "codegen/cuda/SourcePrinter.h"
#include "target/CudaTarget.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::cuda;

namespace {
/// Blocks of a launch: see IngotCudaLaunch.
struct Grid {
  int64_t x, rowsPerBlock;
};

/// Rows of the tables, as they are found.
class TableWriter {
public:
  TableWriter(ModuleOp module, ArrayRef<KernelEntry> kernels) : kernels(kernels) {
    for (auto [index, entry] : llvm::enumerate(kernels))
      indices[kernel::FunctionOp(entry.function).getSymName()] = index;
    for (auto arena : module.getOps<schedule::ArenaOp>()) {
      arenaIndices[arena.getSymName()] = arenaIndices.size();
      arenas += fillIn("{\"$name\", $bytes, $alignment, $lifetime}, // $comment\n",
                       {{"name", arena.getSymName()},
                        {"bytes", arena.getBytes()},
                        {"alignment", arena.getAlignment()},
                        {"lifetime", static_cast<int>(arena.getLifetime())},
                        {"comment", schedule::stringifyLifetime(arena.getLifetime())}});
    }
  }

  LogicalResult add(schedule::ProgramOp program);
  std::string finish(schedule::ProgramOp largest);

private:
  std::string spell(schedule::ViewOp view) const {
    return fillIn("{$arena, 0, $offset}",
                  {{"arena", arenaIndices.lookup(view.getArena())}, {"offset", view.getOffset()}});
  }
  void addLaunch(schedule::LaunchOp launch, const DenseMap<Value, int64_t> &positions);

  ArrayRef<KernelEntry> kernels;
  llvm::StringMap<size_t> indices, arenaIndices;
  std::string arenas, buffers, awaits, launches, programs;
  int64_t bufferCount = 0, awaitCount = 0, launchCount = 0, programCount = 0;
};
} // namespace

static Grid getGrid(schedule::LaunchOp launch, kernel::FunctionOp function) {
  schedule::PartitionAttr partition = launch.getPartition();
  switch (partition.getAxis()) {
  case schedule::Axis::Rows:
    return {1, partition.getGrain()};
  case schedule::Axis::Columns:
    return {partition.getGrains(), target::getProductRows(function.getRowRange())};
  case schedule::Axis::Heads:
    return {partition.getGrains(), partition.getGrain()};
  case schedule::Axis::HeadKeys:
    // As many as the longest sequence has.
    return {partition.getGrains() *
                static_cast<int64_t>(cast<kernel::AttentionPartialOp>(function.getKernel()).getChunks()),
            1};
  }
  llvm_unreachable("unknown axis");
}

void TableWriter::addLaunch(schedule::LaunchOp launch, const DenseMap<Value, int64_t> &positions) {
  size_t index = indices.lookup(launch.getCallee());
  kernel::FunctionOp function = kernels[index].function;
  Grid grid = getGrid(launch, function);
  int64_t firstBuffer = bufferCount, firstAwait = awaitCount;
  std::string line;
  for (ValueRange part :
       {ValueRange(launch.getInputs()), ValueRange(launch.getStates()), ValueRange(launch.getOutputs())})
    for (Value buffer : part) {
      line += (line.empty() ? "" : " ") + spell(buffer.getDefiningOp<schedule::ViewOp>()) + ",";
      ++bufferCount;
    }
  buffers += line + "\n";
  line.clear();
  for (Value await : launch.getAwaits()) {
    line += (line.empty() ? "" : " ") + std::to_string(positions.lookup(await)) + ",";
    ++awaitCount;
  }
  if (!line.empty())
    awaits += line + "\n";
  launches += fillIn("{$kernel, $x, $rows, $wanted, $buffer, $await, $awaits, 0}, // $name\n",
                     {{"kernel", index},
                      {"x", grid.x},
                      {"rows", grid.rowsPerBlock},
                      {"wanted", launch.getWanted() ? 1 : 0},
                      {"buffer", firstBuffer},
                      {"await", firstAwait},
                      {"awaits", awaitCount - firstAwait},
                      {"name", kernels[index].name}});
  ++launchCount;
}

LogicalResult TableWriter::add(schedule::ProgramOp program) {
  int64_t firstLaunch = launchCount;
  DenseMap<Value, int64_t> positions;
  for (Operation &op : program.getBody().front()) {
    for (Value operand : op.getOperands())
      if (isa<schedule::BufferType>(operand.getType()) && !operand.getDefiningOp<schedule::ViewOp>())
        return op.emitOpError() << "expected buffers in arenas: run the plan phase first";
    auto launch = dyn_cast<schedule::LaunchOp>(op);
    if (!launch)
      continue;
    if (!indices.contains(launch.getCallee()))
      return launch.emitOpError() << "expected a kernel.function named " << launch.getCalleeAttr() << ", found none";
    positions[launch.getTimepoint()] = static_cast<int64_t>(positions.size());
    addLaunch(launch, positions);
  }
  programs += fillIn("{\"$name\", $first, $last, $launch, $launches},\n", {{"name", program.getSymName()},
                                                                           {"first", program.getRowRange().getFirst()},
                                                                           {"last", program.getRowRange().getLast()},
                                                                           {"launch", firstLaunch},
                                                                           {"launches", launchCount - firstLaunch}});
  ++programCount;
  return success();
}

/// A table, or a null pointer where it would be empty.
static std::string table(StringRef type, StringRef name, StringRef rows) {
  if (rows.empty())
    return fillIn("static const $type *const $name = nullptr;\n", {{"type", type}, {"name", name}});
  return fillIn("static const $type $name[] = {\n    $rows\n};\n", {{"type", type}, {"name", name}, {"rows", rows}});
}

std::string TableWriter::finish(schedule::ProgramOp largest) {
  std::string kernelRows;
  for (KernelEntry kernel : kernels) {
    int64_t count = llvm::count_if(kernel.function.getResultTypes(), llvm::IsaPred<RankedTensorType>);
    for (Type type : kernel.function.getArgumentTypes())
      count += isa<RankedTensorType>(type) ? 1 : isa<model::KeyValueType>(type) ? 2 : 0;
    kernelRows += fillIn("{\"$name\", $threads, 0, $buffers, 0},\n",
                         {{"name", kernel.name}, {"threads", kernel.threads}, {"buffers", count}});
  }
  std::string text = "namespace {\n";
  text += table("IngotCudaKernel", "kernels", kernelRows);
  text += table("IngotCudaArena", "arenas", arenas);
  text += table("IngotCudaBuffer", "buffers", buffers);
  text += table("uint32_t", "awaits", awaits);
  text += table("IngotCudaLaunch", "launches", launches);
  text += table("IngotCudaProgram", "programs", programs);
  text += "} // namespace\n\n";
  model::StepType step = cast<model::StepType>(largest.getStep());
  auto result = cast<schedule::ReturnOp>(largest.getBody().front().back());
  text += fillIn(R"(extern "C" const IngotCudaDescriptor ingot_cuda_descriptor = {
    INGOT_CUDA_VERSION, sizeof(IngotCudaDescriptor),
    kernels, arenas, buffers, awaits, launches, programs,
    $kernels, $arenas, $programs, // kernels, arenas, programs
    $rows, $sequences, $wanted, // rows, sequences, wanted rows
    $columns, $stride, $output, // output
};
)",
                 {{"kernels", kernels.size()},
                  {"arenas", arenaIndices.size()},
                  {"programs", programCount},
                  {"rows", step.getRows()},
                  {"sequences", step.getSequences()},
                  {"wanted", step.getWanted()},
                  {"columns", result.getColumns()},
                  {"stride", encoding::paddedToPanels(static_cast<int64_t>(result.getColumns())) * 4},
                  {"output", spell(result.getOutput().getDefiningOp<schedule::ViewOp>())}});
  return text;
}

FailureOr<std::string> cuda::printTables(ModuleOp module, ArrayRef<KernelEntry> kernels) {
  SmallVector<schedule::ProgramOp> programs(module.getOps<schedule::ProgramOp>());
  llvm::sort(programs, [](schedule::ProgramOp a, schedule::ProgramOp b) {
    return a.getRowRange().getFirst() < b.getRowRange().getFirst();
  });
  if (programs.empty())
    return std::string();
  TableWriter writer(module, kernels);
  for (schedule::ProgramOp program : programs)
    if (failed(writer.add(program)))
      return failure();
  return writer.finish(programs.back());
}

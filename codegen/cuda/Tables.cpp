//===- Tables.cpp - programs as constant tables ---------------------------===//

#include "codegen/cuda/Tables.h"

#include "codegen/cuda/Kernels.h"
#include "codegen/cuda/Passes.h"
#include "codegen/host/ConstantWriter.h"
#include "codegen/host/Descriptor.h"
#include "target/CudaTarget.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::cuda;

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

SmallVector<KernelEntry> cuda::listKernels(ModuleOp module) {
  SmallVector<KernelEntry> kernels;
  llvm::StringSet<> taken = {readerName};
  for (auto function : module.getOps<kernel::FunctionOp>())
    if (!isa<kernel::LibraryMatmulOp>(function.getKernel()))
      kernels.push_back(
          {function, makeName(function.getSymName(), taken), getThreads(function.getKernel(), function.getRowRange())});
  return kernels;
}

namespace {
/// Blocks of a launch: see IngotCudaLaunch.
struct Grid {
  int64_t x, rowsPerBlock;
};

/// Finds the rows of the tables.
class TableBuilder {
public:
  TableBuilder(ModuleOp module, ArrayRef<KernelEntry> kernels);
  LogicalResult add(schedule::ProgramOp program);
  Tables finish(schedule::ProgramOp largest);

private:
  IngotCudaBuffer locate(schedule::ViewOp view) const {
    return {arenaIndices.lookup(view.getArena()), 0, view.getOffset()};
  }
  void addProduct(kernel::FunctionOp function);
  void addLaunch(schedule::LaunchOp launch, const DenseMap<Value, uint32_t> &positions);

  ArrayRef<KernelEntry> kernels;
  /// Of kernels, products and arenas.
  llvm::StringMap<uint32_t> indices, productIndices, arenaIndices;
  Tables tables;
};
} // namespace

TableBuilder::TableBuilder(ModuleOp module, ArrayRef<KernelEntry> kernels) : kernels(kernels) {
  for (auto [index, entry] : llvm::enumerate(kernels)) {
    kernel::FunctionOp function = entry.function;
    indices[function.getSymName()] = index;
    uint32_t buffers = llvm::count_if(function.getResultTypes(), llvm::IsaPred<RankedTensorType>);
    for (Type type : function.getArgumentTypes())
      buffers += isa<RankedTensorType>(type) ? 1 : isa<model::KeyValueType>(type) ? 2 : 0;
    tables.kernels.push_back({entry.name, static_cast<uint32_t>(entry.threads), /*sharedBytes=*/0, buffers});
  }
  for (auto function : module.getOps<kernel::FunctionOp>())
    if (isa<kernel::LibraryMatmulOp>(function.getKernel()))
      addProduct(function);
  for (auto arena : module.getOps<schedule::ArenaOp>()) {
    arenaIndices[arena.getSymName()] = tables.arenas.size();
    tables.arenas.push_back(
        {arena.getSymName().str(), arena.getBytes(), static_cast<uint32_t>(arena.getAlignment()), arena.getLifetime()});
  }
}

void TableBuilder::addProduct(kernel::FunctionOp function) {
  auto product = cast<kernel::LibraryMatmulOp>(function.getKernel());
  auto weight = tensorOf(product.getWeight());
  bool isBfloat = encoding::getStorage(weight).getFormat().getWeightFormat().element == encoding::ElementKind::BF16;
  productIndices[function.getSymName()] = tables.products.size();
  tables.products.push_back({function.getSymName().str(), static_cast<uint32_t>(weight.getDimSize(0)),
                             static_cast<uint32_t>(weight.getDimSize(1)),
                             static_cast<uint32_t>(isBfloat ? INGOT_CUDA_BF16 : INGOT_CUDA_F16),
                             product.getAddend() ? 1u : 0u, static_cast<uint32_t>(strideOf(product.getInput())),
                             static_cast<uint32_t>(strideOf(product.getResult())),
                             encoding::getActivationRowBytes(tensorOf(product.getWorkspace())) *
                                 static_cast<uint64_t>(function.getRowRange().getLast())});
}

static Grid getGrid(schedule::LaunchOp launch, kernel::FunctionOp function) {
  schedule::PartitionAttr partition = launch.getPartition();
  switch (partition.getAxis()) {
  case schedule::Axis::Rows:
    return {1, partition.getGrain()};
  case schedule::Axis::Columns:
    return {partition.getGrains(), target::getProductTile(function.getKernel(), function.getRowRange()).rows};
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

void TableBuilder::addLaunch(schedule::LaunchOp launch, const DenseMap<Value, uint32_t> &positions) {
  auto product = productIndices.find(launch.getCallee());
  bool isProduct = product != productIndices.end();
  uint32_t index = isProduct ? product->second : indices.lookup(launch.getCallee());
  Grid grid = isProduct ? Grid{1, 1} : getGrid(launch, kernels[index].function);
  IngotCudaLaunch row = {};
  row.kernel = index;
  row.product = isProduct;
  row.grid_x = grid.x;
  row.rows_per_block = grid.rowsPerBlock;
  row.wanted = launch.getWanted() ? 1 : 0;
  row.first_buffer = tables.buffers.size();
  row.first_await = tables.awaits.size();
  for (ValueRange part :
       {ValueRange(launch.getInputs()), ValueRange(launch.getStates()), ValueRange(launch.getOutputs())})
    for (Value buffer : part)
      tables.buffers.push_back(locate(buffer.getDefiningOp<schedule::ViewOp>()));
  for (Value await : launch.getAwaits())
    tables.awaits.push_back(positions.lookup(await));
  row.await_count = tables.awaits.size() - row.first_await;
  tables.launches.push_back(row);
}

LogicalResult TableBuilder::add(schedule::ProgramOp program) {
  uint32_t firstLaunch = tables.launches.size();
  DenseMap<Value, uint32_t> positions;
  for (Operation &op : program.getBody().front()) {
    for (Value operand : op.getOperands())
      if (isa<schedule::BufferType>(operand.getType()) && !operand.getDefiningOp<schedule::ViewOp>())
        return op.emitOpError() << "expected buffers in arenas: run the plan phase first";
    auto launch = dyn_cast<schedule::LaunchOp>(op);
    if (!launch)
      continue;
    if (!indices.contains(launch.getCallee()) && !productIndices.contains(launch.getCallee()))
      return launch.emitOpError() << "expected a kernel.function named " << launch.getCalleeAttr() << ", found none";
    uint32_t position = positions.size();
    positions[launch.getTimepoint()] = position;
    addLaunch(launch, positions);
  }
  kernel::RowRangeAttr rows = program.getRowRange();
  tables.programs.push_back({program.getSymName().str(), static_cast<uint32_t>(rows.getFirst()),
                             static_cast<uint32_t>(rows.getLast()), firstLaunch,
                             static_cast<uint32_t>(tables.launches.size() - firstLaunch)});
  return success();
}

Tables TableBuilder::finish(schedule::ProgramOp largest) {
  model::StepType step = cast<model::StepType>(largest.getStep());
  auto result = cast<schedule::ReturnOp>(largest.getBody().front().back());
  tables.rows = step.getRows();
  tables.sequences = step.getSequences();
  tables.wantedRows = step.getWanted();
  tables.outputColumns = result.getColumns();
  tables.outputStride = encoding::paddedToPanels(static_cast<int64_t>(result.getColumns())) * 4;
  tables.output = locate(result.getOutput().getDefiningOp<schedule::ViewOp>());
  // A block has a thread for the candidates of each part.
  uint32_t parts = (tables.outputColumns + INGOT_CUDA_PART_TOKENS - 1) / INGOT_CUDA_PART_TOKENS;
  if (parts <= INGOT_CUDA_SAMPLING_THREADS) {
    tables.parts = parts;
    tables.candidates = {"ingot_find_candidates", INGOT_CUDA_SAMPLING_THREADS, /*sharedBytes=*/0, /*buffers=*/0};
    tables.choose = {"ingot_choose_token", INGOT_CUDA_SAMPLING_THREADS, /*sharedBytes=*/0, /*buffers=*/0};
  }
  return std::move(tables);
}

FailureOr<Tables> cuda::makeTables(ModuleOp module, ArrayRef<KernelEntry> kernels) {
  SmallVector<schedule::ProgramOp> programs = codegen::getPrograms(module);
  if (programs.empty())
    return Tables();
  TableBuilder builder(module, kernels);
  for (schedule::ProgramOp program : programs)
    if (failed(builder.add(program)))
      return failure();
  Tables tables = builder.finish(programs.back());
  if (failed(addFills(module, tables)))
    return failure();
  return tables;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

/// A table, or a null pointer where it would be empty.
static std::string table(StringRef type, StringRef name, StringRef rows) {
  if (rows.empty())
    return fillIn("static const $type *const $name = nullptr;\n", {{"type", type}, {"name", name}});
  return fillIn("static const $type $name[] = {\n    $rows\n};\n", {{"type", type}, {"name", name}, {"rows", rows}});
}

static std::string spell(IngotCudaBuffer buffer) {
  return fillIn("{$arena, 0, $offset}", {{"arena", buffer.arena}, {"offset", buffer.offset}});
}

static std::string spell(const Tables::Kernel &kernel) {
  return fillIn("{\"$name\", $threads, $shared, $buffers, 0}", {{"name", kernel.name},
                                                                {"threads", kernel.threads},
                                                                {"shared", kernel.sharedBytes},
                                                                {"buffers", kernel.buffers}});
}

/// What a launch has of a table, on a line.
template <typename T, typename Spell> static std::string spellPart(ArrayRef<T> part, Spell spell) {
  std::string line;
  for (const T &element : part)
    line += (line.empty() ? "" : " ") + spell(element) + ",";
  return line.empty() ? "" : line + "\n";
}

std::string cuda::printTables(const Tables &tables) {
  if (tables.programs.empty())
    return "";
  std::string kernels, products, arenas, buffers, awaits, launches, programs;
  for (const Tables::Kernel &kernel : tables.kernels)
    kernels += spell(kernel) + ",\n";
  for (const Tables::Product &product : tables.products)
    products += fillIn("{\"$name\", $outputs, $columns, $element, $addend, $inputStride, $resultStride, $workspace},\n",
                       {{"name", product.name},
                        {"outputs", product.outputs},
                        {"columns", product.columns},
                        {"element", product.element == INGOT_CUDA_BF16 ? "INGOT_CUDA_BF16" : "INGOT_CUDA_F16"},
                        {"addend", product.addend},
                        {"inputStride", product.inputStride},
                        {"resultStride", product.resultStride},
                        {"workspace", product.workspaceBytes}});
  for (const Tables::Arena &arena : tables.arenas)
    arenas += fillIn("{\"$name\", $bytes, $alignment, $lifetime}, // $comment\n",
                     {{"name", arena.name},
                      {"bytes", arena.bytes},
                      {"alignment", arena.alignment},
                      {"lifetime", static_cast<int>(arena.lifetime)},
                      {"comment", schedule::stringifyLifetime(arena.lifetime)}});
  for (const IngotCudaLaunch &launch : tables.launches) {
    StringRef name = launch.product ? tables.products[launch.kernel].name : tables.kernels[launch.kernel].name;
    uint32_t count = launch.product ? 4 + tables.products[launch.kernel].addend : tables.kernels[launch.kernel].buffers;
    buffers += spellPart(ArrayRef(tables.buffers).slice(launch.first_buffer, count),
                         [](IngotCudaBuffer buffer) { return spell(buffer); });
    awaits += spellPart(ArrayRef(tables.awaits).slice(launch.first_await, launch.await_count),
                        [](uint32_t await) { return std::to_string(await); });
    launches += fillIn("{$kernel, $x, $rows, $wanted, $buffer, $await, $awaits, $product}, // $name\n",
                       {{"kernel", launch.kernel},
                        {"x", launch.grid_x},
                        {"rows", launch.rows_per_block},
                        {"wanted", launch.wanted},
                        {"buffer", launch.first_buffer},
                        {"await", launch.first_await},
                        {"awaits", launch.await_count},
                        {"product", launch.product},
                        {"name", name}});
  }
  for (const Tables::Program &program : tables.programs)
    programs += fillIn("{\"$name\", $first, $last, $launch, $launches},\n", {{"name", program.name},
                                                                             {"first", program.firstRow},
                                                                             {"last", program.lastRow},
                                                                             {"launch", program.firstLaunch},
                                                                             {"launches", program.launches}});
  std::string generators, fills;
  for (const GeneratorEntry &generator : tables.generators)
    generators += fillIn("\"$name\",\n", {{"name", generator.name}});
  for (const IngotCudaFill &fill : tables.fills)
    fills += fillIn("{$offset, $seed, $generator, $columns, $panels, $panelStep, $lane, $lanes, $row, $laneRows, "
                    "$panelRows, $scale, $numbers, 0},\n",
                    {{"offset", fill.offset},
                     {"seed", fill.seed},
                     {"generator", fill.generator},
                     {"columns", fill.columns},
                     {"panels", fill.panels},
                     {"panelStep", fill.panel_step},
                     {"lane", fill.first_lane},
                     {"lanes", fill.lanes},
                     {"row", fill.first_row},
                     {"laneRows", fill.lane_rows},
                     {"panelRows", fill.panel_rows},
                     {"scale", literal(fill.scale)},
                     {"numbers", fill.numbers}});
  std::string text = "namespace {\n";
  text += table("IngotCudaKernel", "kernels", kernels);
  text += table("IngotCudaProduct", "products", products);
  text += table("IngotCudaArena", "arenas", arenas);
  text += table("IngotCudaBuffer", "buffers", buffers);
  text += table("uint32_t", "awaits", awaits);
  text += table("IngotCudaLaunch", "launches", launches);
  text += table("IngotCudaProgram", "programs", programs);
  text += table("char *const", "generators", generators);
  text += table("IngotCudaFill", "fills", fills);
  text += "} // namespace\n\n";
  text += fillIn(R"(extern "C" const IngotCudaDescriptor ingot_cuda_descriptor = {
    INGOT_CUDA_VERSION, sizeof(IngotCudaDescriptor),
    kernels, arenas, buffers, awaits, launches, programs, products,
    $kernels, $arenas, $programs, $products, 0, // kernels, arenas, programs, products
    $rows, $sequences, $wanted, // rows, sequences, wanted rows
    $columns, $stride, $output, // output
    "$reader", generators, fills, $generators, $fills,
    {$candidates, $choose, $parts, 0}, // sampler
};
)",
                 {{"kernels", tables.kernels.size()},
                  {"arenas", tables.arenas.size()},
                  {"programs", tables.programs.size()},
                  {"products", tables.products.size()},
                  {"rows", tables.rows},
                  {"sequences", tables.sequences},
                  {"wanted", tables.wantedRows},
                  {"columns", tables.outputColumns},
                  {"stride", tables.outputStride},
                  {"output", spell(tables.output)},
                  {"reader", readerName},
                  {"generators", tables.generators.size()},
                  {"fills", tables.fills.size()},
                  {"candidates", spell(tables.candidates)},
                  {"choose", spell(tables.choose)},
                  {"parts", tables.parts}});
  return text;
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

void cuda::addTables(ModuleOp module, const Tables &tables) {
  using codegen::Field;
  codegen::ConstantWriter writer(module, "ingot.cuda");
  Type pointer = writer.pointer(), i32 = writer.i32(), i64 = writer.i64();
  SmallVector<SmallVector<Field>> kernels, products, arenas, programs, generators;
  auto count = [](auto &&number) { return Field(uint64_t(number)); };
  for (const Tables::Kernel &kernel : tables.kernels)
    kernels.push_back({writer.string(kernel.name), count(kernel.threads), count(kernel.sharedBytes),
                       count(kernel.buffers), count(0)});
  for (const Tables::Product &product : tables.products)
    products.push_back({writer.string(product.name), count(product.outputs), count(product.columns),
                        count(product.element), count(product.addend), count(product.inputStride),
                        count(product.resultStride), count(product.workspaceBytes)});
  for (const Tables::Arena &arena : tables.arenas)
    arenas.push_back({writer.string(arena.name), count(arena.bytes), count(arena.alignment), count(arena.lifetime)});
  for (const Tables::Program &program : tables.programs)
    programs.push_back({writer.string(program.name), count(program.firstRow), count(program.lastRow),
                        count(program.firstLaunch), count(program.launches)});
  for (const GeneratorEntry &generator : tables.generators)
    generators.push_back({writer.string(generator.name)});
  Field kernelTable = writer.array({pointer, i32, i32, i32, i32}, kernels),
        arenaTable = writer.array({pointer, i64, i32, i32}, arenas),
        bufferTable = writer.plain(ArrayRef(tables.buffers)), awaitTable = writer.plain(ArrayRef(tables.awaits)),
        launchTable = writer.plain(ArrayRef(tables.launches)), generatorTable = writer.array({pointer}, generators),
        fillTable = writer.plain(ArrayRef(tables.fills)),
        programTable = writer.array({pointer, i32, i32, i32, i32}, programs),
        productTable = writer.array({pointer, i32, i32, i32, i32, i32, i32, i64}, products);
  writer.structure(tablesSymbol, {i32, i32, pointer, pointer, pointer, pointer, pointer, pointer, pointer, i32,
                                  i32, i32, i32,     i32,     i32,     i32,     i32,     i32,     i32,     i32,
                                  i32, i64, pointer, pointer, pointer, i32,     i32,     pointer, i32,     i32,
                                  i32, i32, pointer, i32,     i32,     i32,     i32,     i32,     i32},
                   {count(INGOT_CUDA_VERSION),
                    count(sizeof(IngotCudaDescriptor)),
                    kernelTable,
                    arenaTable,
                    bufferTable,
                    awaitTable,
                    launchTable,
                    programTable,
                    productTable,
                    count(kernels.size()),
                    count(arenas.size()),
                    count(programs.size()),
                    count(products.size()),
                    count(0),
                    count(tables.rows),
                    count(tables.sequences),
                    count(tables.wantedRows),
                    count(tables.outputColumns),
                    count(tables.outputStride),
                    count(tables.output.arena),
                    count(0),
                    count(tables.output.offset),
                    writer.string(readerName),
                    generatorTable,
                    fillTable,
                    count(generators.size()),
                    count(tables.fills.size()),
                    writer.string(tables.candidates.name),
                    count(tables.candidates.threads),
                    count(0),
                    count(0),
                    count(0),
                    writer.string(tables.choose.name),
                    count(tables.choose.threads),
                    count(0),
                    count(0),
                    count(0),
                    count(tables.parts),
                    count(0)});
}

//===- Descriptor.cpp - the descriptor of an executable -------------------===//

#include "codegen/host/Descriptor.h"

#include "codegen/host/ConstantWriter.h"
#include "dialects/Schedule/Schedule.h"
#include "runtime/abi.h"
#include "target/TargetDescription.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::codegen;

static uint64_t lifetimeOf(schedule::Lifetime lifetime) {
  switch (lifetime) {
  case schedule::Lifetime::Constant:
    return INGOT_LIFETIME_CONSTANT;
  case schedule::Lifetime::State:
    return INGOT_LIFETIME_STATE;
  case schedule::Lifetime::Transient:
  case schedule::Lifetime::Staging:
    return INGOT_LIFETIME_TRANSIENT;
  }
  llvm_unreachable("unknown lifetime");
}

Type codegen::getDescriptorType(MLIRContext *context) {
  Type pointer = LLVM::LLVMPointerType::get(context), i32 = IntegerType::get(context, 32),
       i64 = IntegerType::get(context, 64);
  return LLVM::LLVMStructType::getLiteral(context, {i32,     i32,     i32,     i32, pointer, pointer, pointer, pointer,
                                                    pointer, i32,     i32,     i32, i32,     i64,     i64,     i64,
                                                    i64,     pointer, pointer, i64, pointer, i64});
}

LogicalResult codegen::verifyDescriptor(LLVM::GlobalOp global) {
  Type type = getDescriptorType(global.getContext());
  if (global.getType() != type || !global.getConstant() || global.getInitializerRegion().empty())
    return global.emitOpError() << "expected a constant of the descriptor's type " << type << " with an initializer";
  const int64_t expected[] = {INGOT_ABI_MAGIC, INGOT_ABI_VERSION, sizeof(IngotDescriptor)};
  unsigned found = 0;
  for (auto insert : global.getInitializerRegion().getOps<LLVM::InsertValueOp>()) {
    int64_t field = insert.getPosition().front();
    if (field >= 3)
      continue;
    auto constant = insert.getValue().getDefiningOp<LLVM::ConstantOp>();
    auto value = constant ? dyn_cast<IntegerAttr>(constant.getValue()) : IntegerAttr();
    if (!value || value.getInt() != expected[field])
      return insert.emitOpError() << "expected " << expected[field] << " in field " << field
                                  << " of the descriptor: the interface of this compiler's runtime";
    ++found;
  }
  if (found != std::size(expected))
    return global.emitOpError() << "expected magic number, version and size in fields 0 to 2";
  return success();
}

SmallVector<schedule::ProgramOp> codegen::getPrograms(ModuleOp module) {
  SmallVector<schedule::ProgramOp> programs(module.getOps<schedule::ProgramOp>());
  llvm::sort(programs, [](schedule::ProgramOp a, schedule::ProgramOp b) {
    return a.getRowRange().getFirst() < b.getRowRange().getFirst();
  });
  return programs;
}

/// Null where the module gives logits.
static model::EncoderOp findEncoder(ModuleOp module) {
  auto encoders = module.getOps<model::EncoderOp>();
  return encoders.empty() ? model::EncoderOp() : *encoders.begin();
}

DescriptorContents codegen::describeModule(ModuleOp module) {
  SmallVector<schedule::ProgramOp> programs = getPrograms(module);
  DescriptorContents contents = {};
  schedule::ProgramOp largest = programs.back();
  auto stepType = cast<model::StepType>(largest.getStep());
  contents.rows = stepType.getRows();
  contents.sequences = stepType.getSequences();
  contents.wantedRows = stepType.getWanted();
  auto result = cast<schedule::ReturnOp>(largest.getBody().front().back());
  auto view = result.getOutput().getDefiningOp<schedule::ViewOp>();
  FailureOr<target::CompileOptions> options = target::CompileOptions::of(module);
  const bool generatesWeights = succeeded(options) && options->generatesWeights();
  for (auto [index, arena] : llvm::enumerate(module.getOps<schedule::ArenaOp>())) {
    if (arena.getSymName() == view.getArena())
      contents.output.arena = index;
    if (arena.getLifetime() == schedule::Lifetime::Constant && !generatesWeights)
      contents.weightBytes = arena.getBytes();
  }
  contents.output.offset = view.getOffset();
  contents.output.columns = result.getColumns();
  contents.output.rows = stepType.getWanted();
  model::EncoderOp encoder = findEncoder(module);
  contents.vocabulary = encoder ? static_cast<int64_t>(encoder.getVocabulary()) : contents.output.columns;
  contents.output.rowBytes = encoding::paddedToPanels(result.getColumns()) * 4;
  contents.kernelBodies = llvm::range_size(module.getOps<kernel::FunctionOp>());

  schedule::ProgramOp decode = programs.front();
  for (auto launch : decode.getBody().getOps<schedule::LaunchOp>())
    if (auto function = module.lookupSymbol<kernel::FunctionOp>(launch.getCallee()))
      contents.layers += isa<kernel::AttentionOp, kernel::AttentionPartialOp>(function.getKernel());
  schedule::DecodeTraffic traffic = schedule::getDecodeTraffic(module);
  contents.stepWeightBytes = traffic.weightBytes;
  contents.keyValueBytesPerPosition = std::move(traffic.keyValueBytesPerPosition);
  llvm::raw_string_ostream(contents.report) << schedule::makeReport(module);
  return contents;
}

void codegen::addDescriptor(ModuleOp module, const DescriptorContents *contents) {
  ConstantWriter writer(module, "ingot");
  Type pointer = writer.pointer(), i32 = writer.i32(), i64 = writer.i64();

  std::string variants;
  uint64_t variantCount = 0;
  SmallVector<SmallVector<Field>> entryRows, arenaRows, groupRows;
  if (contents) {
    SmallVector<SmallVector<Field>> variantRows;
    for (const StepVariant &variant : contents->variants) {
      SmallVector<SmallVector<Field>> ranges;
      for (const StepFunction &function : variant.functions)
        ranges.push_back({number(function.firstRow), number(function.lastRow), number(function.counts.launches),
                          number(function.counts.barriers), number(function.counts.launchesPerLayer),
                          number(function.counts.barriersPerLayer), function.symbol});
      variantRows.push_back({writer.string(variant.name), variant.features,
                             writer.array({i32, i32, i32, i32, i32, i32, pointer}, ranges), number(ranges.size()),
                             uint64_t(0)});
    }
    variantCount = variantRows.size();
    variants = writer.array({pointer, i64, pointer, i32, i32}, variantRows);
    const StepOutput &output = contents->output;
    model::EncoderOp encoder = findEncoder(module);
    const char *outputName = !encoder ? "logits" : encoder.getLabels() ? "probabilities" : "embeddings";
    std::string outputs = writer.array({pointer, i32, i32, i64, i64, i32, i32},
                                       {{writer.string(outputName), uint64_t(INGOT_ELEMENT_F32), uint64_t(output.arena),
                                         output.offset, output.rowBytes, number(output.rows), number(output.columns)}});
    SmallVector<SmallVector<Field>> labels;
    if (encoder && encoder.getLabels())
      for (auto label : encoder.getLabels()->getAsRange<StringAttr>())
        labels.push_back({writer.string(label.getValue())});
    uint64_t kind = !encoder ? INGOT_ENTRY_GENERATE : encoder.getEachRow() ? INGOT_ENTRY_HIDDEN : INGOT_ENTRY_ENCODE;
    entryRows.push_back({writer.string(encoder ? "encode" : "generate"), kind, number(contents->sequences),
                         number(contents->rows), number(contents->wantedRows), variants, variantCount, uint64_t(1),
                         outputs, writer.array({pointer}, labels)});
  }
  for (auto arena : module.getOps<schedule::ArenaOp>())
    arenaRows.push_back(
        {writer.string(arena.getSymName()), arena.getBytes(), arena.getAlignment(), lifetimeOf(arena.getLifetime())});
  for (auto group : module.getOps<model::CacheGroupOp>())
    groupRows.push_back({writer.string(group.getName()), group.getPageRows(), group.getPages(),
                         group.getWindow().value_or(0), group.getContext(), number(group.getSequencePages()),
                         uint64_t(0),
                         contents ? contents->keyValueBytesPerPosition.lookup(group.getName()) : uint64_t(0)});

  auto text = [&](StringRef name, StringRef otherwise) {
    auto attribute = module->getAttrOfType<StringAttr>(name);
    return writer.string(attribute ? attribute.getValue() : otherwise);
  };
  std::string report = contents ? contents->report : "{}";
  std::string entries = writer.array({pointer, i32, i32, i32, i32, pointer, i32, i32, pointer, pointer}, entryRows);
  std::string arenas = writer.array({pointer, i64, i32, i32}, arenaRows);
  std::string groups = writer.array({pointer, i32, i32, i32, i32, i32, i32, i64}, groupRows);
  std::string name = text("model.name", "model"), version = writer.string("ingotc " INGOT_VERSION);
  std::string reportText = writer.string(report);
  writer.structure(descriptorSymbol, cast<LLVM::LLVMStructType>(getDescriptorType(module.getContext())).getBody(),
                   {uint64_t(INGOT_ABI_MAGIC),
                    uint64_t(INGOT_ABI_VERSION),
                    uint64_t(sizeof(IngotDescriptor)),
                    number(contents ? contents->vocabulary : 0),
                    name,
                    version,
                    entries,
                    arenas,
                    groups,
                    number(entryRows.size()),
                    number(arenaRows.size()),
                    number(groupRows.size()),
                    number(contents ? contents->layers : 0),
                    number(contents ? contents->kernelBodies : 0),
                    contents ? contents->stepWeightBytes : 0,
                    contents ? contents->weightBytes : 0,
                    uint64_t(0),
                    std::string(),
                    std::string(),
                    uint64_t(0),
                    reportText,
                    uint64_t(report.size())});
}

//===- Descriptor.cpp - the descriptor of an executable -------------------===//

#include "codegen/cpu/Descriptor.h"

#include "codegen/cpu/Symbols.h"
#include "dialects/Schedule/Schedule.h"
#include "runtime/abi.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <variant>

using namespace mlir;
using namespace ingot;
using namespace ingot::codegen;

namespace {
/// A field of a constant structure: a number, or the address of a symbol ("" is null).
using Field = std::variant<uint64_t, std::string>;

/// Writes constants as LLVM globals.
class ConstantWriter {
public:
  explicit ConstantWriter(ModuleOp module)
      : builder(ImplicitLocOpBuilder::atBlockEnd(module.getLoc(), module.getBody())) {}

  Type pointer() { return LLVM::LLVMPointerType::get(builder.getContext()); }
  Type i32() { return builder.getI32Type(); }
  Type i64() { return builder.getI64Type(); }

  /// A zero-terminated string; the symbol that holds it.
  std::string string(StringRef text) {
    std::string symbol = newSymbol("string"), bytes = text.str() + '\0';
    auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), bytes.size());
    create(symbol, type, LLVM::Linkage::Internal, builder.getStringAttr(bytes));
    return symbol;
  }

  /// An array of structures of `types`; "" when it is empty.
  std::string array(ArrayRef<Type> types, ArrayRef<SmallVector<Field>> rows) {
    if (rows.empty())
      return "";
    std::string symbol = newSymbol("table");
    auto structure = LLVM::LLVMStructType::getLiteral(builder.getContext(), types);
    LLVM::GlobalOp global =
        create(symbol, LLVM::LLVMArrayType::get(structure, rows.size()), LLVM::Linkage::Internal, {});
    fill(global, [&](Value value) {
      for (auto [index, row] : llvm::enumerate(rows))
        for (auto [field, content] : llvm::enumerate(row))
          value = insert(value, types[field], content, {static_cast<int64_t>(index), static_cast<int64_t>(field)});
      return value;
    });
    return symbol;
  }

  /// One exported structure.
  void structure(StringRef symbol, ArrayRef<Type> types, ArrayRef<Field> fields) {
    auto type = LLVM::LLVMStructType::getLiteral(builder.getContext(), types);
    LLVM::GlobalOp global = create(symbol, type, LLVM::Linkage::External, {});
    fill(global, [&](Value value) {
      for (auto [index, content] : llvm::enumerate(fields))
        value = insert(value, types[index], content, {static_cast<int64_t>(index)});
      return value;
    });
  }

private:
  std::string newSymbol(StringRef kind) { return ("ingot." + kind + "." + Twine(counter++)).str(); }

  LLVM::GlobalOp create(StringRef symbol, Type type, LLVM::Linkage linkage, Attribute value) {
    return LLVM::GlobalOp::create(builder, type, /*isConstant=*/true, linkage, symbol, value, /*alignment=*/8);
  }

  void fill(LLVM::GlobalOp global, function_ref<Value(Value)> content) {
    OpBuilder::InsertionGuard guard(builder);
    builder.createBlock(&global.getInitializerRegion());
    Value value = LLVM::ZeroOp::create(builder, global.getType());
    LLVM::ReturnOp::create(builder, content(value));
  }

  Value insert(Value aggregate, Type type, const Field &content, ArrayRef<int64_t> position) {
    Value value;
    if (const std::string *symbol = std::get_if<std::string>(&content)) {
      if (symbol->empty())
        return aggregate;
      value = LLVM::AddressOfOp::create(builder, pointer(), *symbol);
    } else {
      value = LLVM::ConstantOp::create(builder, type, builder.getIntegerAttr(type, std::get<uint64_t>(content)));
    }
    return LLVM::InsertValueOp::create(builder, aggregate, value, position);
  }

  ImplicitLocOpBuilder builder;
  unsigned counter = 0;
};
} // namespace

static uint64_t number(int64_t value) { return static_cast<uint64_t>(value); }

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

void codegen::addDescriptor(ModuleOp module, const DescriptorContents *contents) {
  ConstantWriter writer(module);
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
      variantRows.push_back({writer.string(variant.cpu.name), variant.cpu.featureBits,
                             writer.array({i32, i32, i32, i32, i32, i32, pointer}, ranges), number(ranges.size()),
                             uint64_t(0)});
    }
    variantCount = variantRows.size();
    variants = writer.array({pointer, i64, pointer, i32, i32}, variantRows);
    const StepOutput &output = contents->output;
    std::string outputs = writer.array({pointer, i32, i32, i64, i64, i32, i32},
                                       {{writer.string("logits"), uint64_t(INGOT_ELEMENT_F32), uint64_t(output.arena),
                                         output.offset, output.rowBytes, number(output.rows), number(output.columns)}});
    entryRows.push_back({writer.string("generate"), uint64_t(INGOT_ENTRY_GENERATE), number(contents->sequences),
                         number(contents->rows), number(contents->wantedRows), variants, variantCount, uint64_t(1),
                         outputs});
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
  std::string entries = writer.array({pointer, i32, i32, i32, i32, pointer, i32, i32, pointer}, entryRows);
  std::string arenas = writer.array({pointer, i64, i32, i32}, arenaRows);
  std::string groups = writer.array({pointer, i32, i32, i32, i32, i32, i32, i64}, groupRows);
  std::string name = text("model.name", "model"), version = writer.string("ingotc " INGOT_VERSION);
  std::string reportText = writer.string(report);
  writer.structure(descriptorSymbol, cast<LLVM::LLVMStructType>(getDescriptorType(module.getContext())).getBody(),
                   {uint64_t(INGOT_ABI_MAGIC),
                    uint64_t(INGOT_ABI_VERSION),
                    uint64_t(sizeof(IngotDescriptor)),
                    number(contents ? contents->output.columns : 0),
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

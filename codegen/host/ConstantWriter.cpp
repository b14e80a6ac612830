//===- ConstantWriter.cpp - tables of the runtime as constants ------------===//

#include "codegen/host/ConstantWriter.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::codegen;

std::string ConstantWriter::bytes(StringRef contents) {
  if (contents.empty())
    return "";
  std::string symbol = newSymbol("table");
  create(symbol, LLVM::LLVMArrayType::get(builder.getI8Type(), contents.size()), LLVM::Linkage::Internal,
         builder.getStringAttr(contents));
  return symbol;
}

std::string ConstantWriter::string(StringRef text) {
  std::string symbol = newSymbol("string"), bytes = text.str() + '\0';
  auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), bytes.size());
  create(symbol, type, LLVM::Linkage::Internal, builder.getStringAttr(bytes));
  return symbol;
}

std::string ConstantWriter::array(ArrayRef<Type> types, ArrayRef<SmallVector<Field>> rows) {
  if (rows.empty())
    return "";
  std::string symbol = newSymbol("table");
  auto structure = LLVM::LLVMStructType::getLiteral(builder.getContext(), types);
  LLVM::GlobalOp global = create(symbol, LLVM::LLVMArrayType::get(structure, rows.size()), LLVM::Linkage::Internal, {});
  fill(global, [&](Value value) {
    for (auto [index, row] : llvm::enumerate(rows))
      for (auto [field, content] : llvm::enumerate(row))
        value = insert(value, types[field], content, {static_cast<int64_t>(index), static_cast<int64_t>(field)});
    return value;
  });
  return symbol;
}

void ConstantWriter::structure(StringRef symbol, ArrayRef<Type> types, ArrayRef<Field> fields) {
  auto type = LLVM::LLVMStructType::getLiteral(builder.getContext(), types);
  LLVM::GlobalOp global = create(symbol, type, LLVM::Linkage::External, {});
  fill(global, [&](Value value) {
    for (auto [index, content] : llvm::enumerate(fields))
      value = insert(value, types[index], content, {static_cast<int64_t>(index)});
    return value;
  });
}

LLVM::GlobalOp ConstantWriter::create(StringRef symbol, Type type, LLVM::Linkage linkage, Attribute value) {
  return LLVM::GlobalOp::create(builder, type, /*isConstant=*/true, linkage, symbol, value, /*alignment=*/8);
}

void ConstantWriter::fill(LLVM::GlobalOp global, function_ref<Value(Value)> content) {
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&global.getInitializerRegion());
  Value value = LLVM::ZeroOp::create(builder, global.getType());
  LLVM::ReturnOp::create(builder, content(value));
}

Value ConstantWriter::insert(Value aggregate, Type type, const Field &content, ArrayRef<int64_t> position) {
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

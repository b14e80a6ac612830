//===- ConstantWriter.h - tables of the runtime as constants ----*- C++ -*-===//
//
// What compiled code hands to the runtime is C structures (runtime/abi.h and
// runtime/cuda/tables.h), written as constants of the llvm dialect.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_CODEGEN_HOST_CONSTANTWRITER_H
#define INGOT_CODEGEN_HOST_CONSTANTWRITER_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <type_traits>
#include <variant>

namespace ingot::codegen {

/// A field of a constant structure: a number, or the address of a symbol ("" is null).
using Field = std::variant<uint64_t, std::string>;

inline uint64_t number(int64_t value) { return static_cast<uint64_t>(value); }

/// Appends constants to a module. `prefix` begins the names of those that no other module names.
class ConstantWriter {
public:
  ConstantWriter(mlir::ModuleOp module, llvm::StringRef prefix)
      : builder(mlir::ImplicitLocOpBuilder::atBlockEnd(module.getLoc(), module.getBody())), prefix(prefix) {}

  mlir::Type pointer() { return mlir::LLVM::LLVMPointerType::get(builder.getContext()); }
  mlir::Type i32() { return builder.getI32Type(); }
  mlir::Type i64() { return builder.getI64Type(); }

  /// A zero-terminated string; the symbol that holds it.
  std::string string(llvm::StringRef text);

  /// An array of structures of `types`; "" when it is empty.
  std::string array(llvm::ArrayRef<mlir::Type> types, llvm::ArrayRef<llvm::SmallVector<Field>> rows);

  /// An array of structures without pointers, as they lie in memory; "" when it is empty.
  template <typename T> std::string plain(llvm::ArrayRef<T> rows) {
    static_assert(std::is_trivially_copyable_v<T>);
    return bytes({reinterpret_cast<const char *>(rows.data()), rows.size() * sizeof(T)});
  }

  /// One exported structure.
  void structure(llvm::StringRef symbol, llvm::ArrayRef<mlir::Type> types, llvm::ArrayRef<Field> fields);

private:
  std::string newSymbol(llvm::StringRef kind) { return (prefix + "." + kind + "." + llvm::Twine(counter++)).str(); }
  std::string bytes(llvm::StringRef contents);
  mlir::LLVM::GlobalOp create(llvm::StringRef symbol, mlir::Type type, mlir::LLVM::Linkage linkage,
                              mlir::Attribute value);
  void fill(mlir::LLVM::GlobalOp global, llvm::function_ref<mlir::Value(mlir::Value)> content);
  mlir::Value insert(mlir::Value aggregate, mlir::Type type, const Field &content, llvm::ArrayRef<int64_t> position);

  mlir::ImplicitLocOpBuilder builder;
  std::string prefix;
  unsigned counter = 0;
};

} // namespace ingot::codegen

#endif // INGOT_CODEGEN_HOST_CONSTANTWRITER_H

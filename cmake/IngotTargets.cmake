# How Ingot's own libraries are declared.

# Most of the time to compile a file of the compiler goes into MLIR's headers: they are compiled once, here. Only headers
# from outside of the project, so that no edit of ours compiles them again.
file(WRITE ${CMAKE_BINARY_DIR}/precompiled_headers.cpp "")
add_library(ingot_precompiled_headers STATIC ${CMAKE_BINARY_DIR}/precompiled_headers.cpp)
target_include_directories(ingot_precompiled_headers SYSTEM PUBLIC ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
# Without its time of writing ccache can tell that a precompiled header is the same one.
set(INGOT_COMPILER_OPTIONS -fno-exceptions -fno-rtti -O1 "SHELL:-Xclang -fno-pch-timestamp")
target_compile_options(ingot_precompiled_headers PRIVATE ${INGOT_COMPILER_OPTIONS})
target_precompile_headers(ingot_precompiled_headers PRIVATE
  <mlir/Bytecode/BytecodeOpInterface.h>
  <mlir/Dialect/Arith/IR/Arith.h>
  <mlir/Dialect/Func/IR/FuncOps.h>
  <mlir/Dialect/LLVMIR/LLVMDialect.h>
  <mlir/Dialect/Math/IR/Math.h>
  <mlir/Dialect/SCF/IR/SCF.h>
  <mlir/Dialect/Tensor/IR/Tensor.h>
  <mlir/Dialect/Vector/IR/VectorOps.h>
  <mlir/IR/Builders.h>
  <mlir/IR/BuiltinOps.h>
  <mlir/IR/DialectImplementation.h>
  <mlir/IR/IRMapping.h>
  <mlir/IR/ImplicitLocOpBuilder.h>
  <mlir/IR/OpImplementation.h>
  <mlir/IR/Remarks.h>
  <mlir/IR/SymbolTable.h>
  <mlir/Interfaces/FunctionInterfaces.h>
  <mlir/Pass/Pass.h>
  <mlir/Pass/PassManager.h>
  <llvm/ADT/TypeSwitch.h>
  <llvm/Support/JSON.h>)

# A library of the compiler: sees LLVM and MLIR, no exceptions, no RTTI (as LLVM itself is built).
#   ingot_add_compiler_library(NAME [LLVM_ONLY] SOURCES a.cpp … [DEPENDS tablegen-targets …] [LINK libraries …])
# LLVM_ONLY: knows nothing of MLIR.
function(ingot_add_compiler_library name)
  cmake_parse_arguments(ARG "LLVM_ONLY" "" "SOURCES;DEPENDS;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} SYSTEM PUBLIC ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  # -O1: the compiler waits for LLVM, not for its own code, and this halves the build.
  target_compile_options(${name} PRIVATE ${INGOT_COMPILER_OPTIONS})
  if(NOT ARG_LLVM_ONLY)
    target_precompile_headers(${name} REUSE_FROM ingot_precompiled_headers)
  endif()
  target_link_libraries(${name} PUBLIC ${ARG_LINK})
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
endfunction()

# Runs mlir-tblgen on one file of this folder, writing into the same folder of the build tree.
#   ingot_tablegen(Ops.td Ops.h.inc -gen-op-decls …)
macro(ingot_tablegen source output)
  set(LLVM_TARGET_DEFINITIONS ${source})
  mlir_tablegen(${output} ${ARGN})
endmacro()

# How Ingot's own libraries are declared.

# A library of the compiler: sees LLVM and MLIR, no exceptions, no RTTI (as LLVM itself is built).
#   ingot_add_compiler_library(NAME SOURCES a.cpp … [DEPENDS tablegen-targets …] [LINK libraries …])
function(ingot_add_compiler_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} SYSTEM PUBLIC ${MLIR_INCLUDE_DIRS} ${LLVM_INCLUDE_DIRS})
  # -O1: the compiler waits for LLVM, not for its own code, and this halves the build.
  target_compile_options(${name} PRIVATE -fno-exceptions -fno-rtti -O1)
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

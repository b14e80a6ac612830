// RUN: ingot-opt %s --split-input-file --ingot-codegen-verify-phase --verify-diagnostics

// expected-error @below {{expected the constant @ingot_descriptor, found none}}
module {
}

// -----

// expected-error @below {{expected a constant of the descriptor's type}}
llvm.mlir.global external constant @ingot_descriptor(0 : i32) : i32

// -----

!descriptor = !llvm.struct<(i32, i32, i32, i32, ptr, ptr, ptr, ptr, ptr, i32, i32, i32, i32, i64, i64, i64, i64, ptr, ptr, i64, ptr, i64)>
llvm.mlir.global external constant @ingot_descriptor() : !descriptor {
  %0 = llvm.mlir.zero : !descriptor
  %magic = llvm.mlir.constant(1414481742 : i32) : i32
  %1 = llvm.insertvalue %magic, %0[0] : !descriptor
  %version = llvm.mlir.constant(4 : i32) : i32
  %2 = llvm.insertvalue %version, %1[1] : !descriptor
  %size = llvm.mlir.constant(152 : i32) : i32
  // expected-error @below {{expected 144 in field 2 of the descriptor: the interface of this compiler's runtime}}
  %3 = llvm.insertvalue %size, %2[2] : !descriptor
  llvm.return %3 : !descriptor
}

// -----

!descriptor = !llvm.struct<(i32, i32, i32, i32, ptr, ptr, ptr, ptr, ptr, i32, i32, i32, i32, i64, i64, i64, i64, ptr, ptr, i64, ptr, i64)>
// expected-error @below {{expected magic number, version and size in fields 0 to 2}}
llvm.mlir.global external constant @ingot_descriptor() : !descriptor {
  %0 = llvm.mlir.zero : !descriptor
  %magic = llvm.mlir.constant(1414481742 : i32) : i32
  %1 = llvm.insertvalue %magic, %0[0] : !descriptor
  %version = llvm.mlir.constant(4 : i32) : i32
  %2 = llvm.insertvalue %version, %1[1] : !descriptor
  llvm.return %2 : !descriptor
}

// -----

!descriptor = !llvm.struct<(i32, i32, i32, i32, ptr, ptr, ptr, ptr, ptr, i32, i32, i32, i32, i64, i64, i64, i64, ptr, ptr, i64, ptr, i64)>
llvm.mlir.global external constant @ingot_descriptor() : !descriptor {
  %0 = llvm.mlir.zero : !descriptor
  %magic = llvm.mlir.constant(1414481742 : i32) : i32
  %1 = llvm.insertvalue %magic, %0[0] : !descriptor
  %version = llvm.mlir.constant(4 : i32) : i32
  %2 = llvm.insertvalue %version, %1[1] : !descriptor
  %size = llvm.mlir.constant(144 : i32) : i32
  %3 = llvm.insertvalue %size, %2[2] : !descriptor
  llvm.return %3 : !descriptor
}
llvm.func @ingot_team_barrier(!llvm.ptr, i32)
// expected-error @below {{expected a definition of @helper: the runtime has only @ingot_team_barrier, @ingot_team_launch, @ingot_team_claim}}
llvm.func @helper(!llvm.ptr)

// -----

!descriptor = !llvm.struct<(i32, i32, i32, i32, ptr, ptr, ptr, ptr, ptr, i32, i32, i32, i32, i64, i64, i64, i64, ptr, ptr, i64, ptr, i64)>
llvm.mlir.global external constant @ingot_descriptor() : !descriptor {
  %0 = llvm.mlir.zero : !descriptor
  %magic = llvm.mlir.constant(1414481742 : i32) : i32
  %1 = llvm.insertvalue %magic, %0[0] : !descriptor
  %version = llvm.mlir.constant(4 : i32) : i32
  %2 = llvm.insertvalue %version, %1[1] : !descriptor
  %size = llvm.mlir.constant(144 : i32) : i32
  %3 = llvm.insertvalue %size, %2[2] : !descriptor
  llvm.return %3 : !descriptor
}
llvm.func @step(%a: i32) -> i32 {
  // expected-error @below {{expected only llvm operations in step, found arith.addi}}
  %0 = arith.addi %a, %a : i32
  llvm.return %0 : i32
}

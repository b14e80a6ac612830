// Functions of vectors become polynomials, so that no call per lane is left.
// RUN: ingot-opt %s --ingot-codegen-expand-math | FileCheck %s

// CHECK-LABEL: @exp
// CHECK-DAG:     arith.constant dense<88.3762589> : vector<16xf32>
// CHECK-DAG:     arith.constant dense<-87.3365478> : vector<16xf32>
// CHECK-NOT:     math.exp
// CHECK:         math.roundeven {{.*}} : vector<16xf32>
// CHECK-COUNT-8: llvm.intr.fmuladd
// CHECK:         arith.shli
// CHECK:         arith.bitcast {{.*}} : vector<16xi32> to vector<16xf32>
llvm.func @exp(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = math.exp %x : vector<16xf32>
  llvm.return %0 : vector<16xf32>
}

// CHECK-LABEL: @others
// CHECK-NOT:     math.tanh
// CHECK-NOT:     math.erf
// CHECK-NOT:     math.log
// CHECK:         llvm.return
llvm.func @others(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = math.tanh %x : vector<16xf32>
  %1 = math.erf %0 : vector<16xf32>
  %2 = math.log %1 : vector<16xf32>
  llvm.return %2 : vector<16xf32>
}

// Fused where the CPU has the instruction, two roundings elsewhere: never a call of fmaf.
// CHECK-LABEL: @fma
// CHECK-NEXT:    llvm.intr.fmuladd(%arg0, %arg1, %arg2) : (vector<16xf32>, vector<16xf32>, vector<16xf32>) -> vector<16xf32>
// CHECK-NEXT:    llvm.return
llvm.func @fma(%a: vector<16xf32>, %b: vector<16xf32>, %c: vector<16xf32>) -> vector<16xf32> {
  %0 = math.fma %a, %b, %c : vector<16xf32>
  llvm.return %0 : vector<16xf32>
}

// Tables of angles are scalars: exact, from the C library.
// CHECK-LABEL: @angles
// CHECK:         math.cos
// CHECK:         math.sin
llvm.func @angles(%x: f32) -> f32 {
  %0 = math.cos %x : f32
  %1 = math.sin %0 : f32
  llvm.return %1 : f32
}

// One lowering of the byte dot product for each instruction set, named on the function.
// RUN: ingot-opt %s --ingot-codegen-lower-dot-products | FileCheck %s

// CHECK-LABEL: @avx512vnni
// CHECK-NEXT:  llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%arg0, %arg1, %arg3) : (vector<16xi32>, vector<64xi8>, vector<64xi8>) -> vector<16xi32>
// CHECK-NEXT:  llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%{{.*}}, %arg2, %arg4)
// CHECK-NEXT:  llvm.return
llvm.func @avx512vnni(%sum: vector<16xi32>, %u0: vector<64xi8>, %u1: vector<64xi8>, %s0: vector<64xi8>, %s1: vector<64xi8>) -> vector<16xi32> attributes {ingot.dot = "avx512vnni"} {
  %0 = kernel.dot4 %sum, (%u0, %u1) times (%s0, %s1) {unsigned_max = 15 : i64} : vector<16xi32>, (vector<64xi8>, vector<64xi8>) times (vector<64xi8>, vector<64xi8>)
  llvm.return %0 : vector<16xi32>
}

// Two halves, each a chain of its own.
// CHECK-LABEL: @avxvnni
// CHECK:         vector.extract_strided_slice %arg0 {offsets = [0], sizes = [8]
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.256"
// CHECK:         vector.extract_strided_slice %arg0 {offsets = [8], sizes = [8]
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.256"
// CHECK-NOT:     llvm.call_intrinsic
llvm.func @avxvnni(%sum: vector<16xi32>, %u0: vector<64xi8>, %u1: vector<64xi8>, %s0: vector<64xi8>, %s1: vector<64xi8>) -> vector<16xi32> attributes {ingot.dot = "avxvnni"} {
  %0 = kernel.dot4 %sum, (%u0, %u1) times (%s0, %s1) {unsigned_max = 15 : i64} : vector<16xi32>, (vector<64xi8>, vector<64xi8>) times (vector<64xi8>, vector<64xi8>)
  llvm.return %0 : vector<16xi32>
}

// Codes of 4 bits: sums of 2 · 127 · 15 fit eight times into 16 bits, so both pairs are widened together.
// CHECK-LABEL: @avx2_4_bits
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
// CHECK:         arith.addi %{{.*}} : vector<16xi16>
// CHECK-NEXT:    llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
// CHECK:         llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
llvm.func @avx2_4_bits(%sum: vector<16xi32>, %u0: vector<64xi8>, %u1: vector<64xi8>, %s0: vector<64xi8>, %s1: vector<64xi8>) -> vector<16xi32> attributes {ingot.dot = "avx2"} {
  %0 = kernel.dot4 %sum, (%u0, %u1) times (%s0, %s1) {unsigned_max = 15 : i64} : vector<16xi32>, (vector<64xi8>, vector<64xi8>) times (vector<64xi8>, vector<64xi8>)
  llvm.return %0 : vector<16xi32>
}

// Codes of 8 bits would saturate: the lower four bits, then the upper ones times 16.
// CHECK-LABEL: @avx2_8_bits
// CHECK-DAG:     %[[LOW:.*]] = arith.constant dense<252645135> : vector<8xi32>
// CHECK:         arith.andi %{{.*}}, %[[LOW]]
// CHECK:         llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
// CHECK-NEXT:    llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// CHECK:         arith.constant dense<16> : vector<16xi16>
// CHECK:         arith.shrui
// CHECK:         llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"
llvm.func @avx2_8_bits(%sum: vector<16xi32>, %u: vector<64xi8>, %s: vector<64xi8>) -> vector<16xi32> attributes {ingot.dot = "avx2"} {
  %0 = kernel.dot4 %sum, (%u) times (%s) {unsigned_max = 255 : i64} : vector<16xi32>, (vector<64xi8>) times (vector<64xi8>)
  llvm.return %0 : vector<16xi32>
}

// What unpacks codes is repeated at half the width: no whole vector is taken apart.
// CHECK-LABEL: @avx2_unpacking
// CHECK-NOT:     vector.extract_strided_slice {{.*}} vector<64xi8>
// CHECK-COUNT-2: llvm.load {{.*}} -> vector<8xi32>
// CHECK-NOT:     vector.extract_strided_slice {{.*}} vector<64xi8>
llvm.func @avx2_unpacking(%sum: vector<16xi32>, %codes: !llvm.ptr, %s: vector<16xi32>) -> vector<16xi32> attributes {ingot.dot = "avx2"} {
  %mask = arith.constant dense<252645135> : vector<16xi32>
  %word = llvm.load %codes {alignment = 32 : i64} : !llvm.ptr -> vector<16xi32>
  %low = arith.andi %word, %mask : vector<16xi32>
  %u = vector.bitcast %low : vector<16xi32> to vector<64xi8>
  %signed = vector.bitcast %s : vector<16xi32> to vector<64xi8>
  %0 = kernel.dot4 %sum, (%u) times (%signed) {unsigned_max = 15 : i64} : vector<16xi32>, (vector<64xi8>) times (vector<64xi8>)
  llvm.return %0 : vector<16xi32>
}

// Without a name, arithmetic that runs anywhere: a product for each of four bytes.
// CHECK-LABEL: @plain
// CHECK-COUNT-4: arith.muli
// CHECK-NOT:     arith.muli
// CHECK-NOT:     llvm.call_intrinsic
llvm.func @plain(%sum: vector<16xi32>, %u: vector<64xi8>, %s: vector<64xi8>) -> vector<16xi32> {
  %0 = kernel.dot4 %sum, (%u) times (%s) {unsigned_max = 15 : i64} : vector<16xi32>, (vector<64xi8>) times (vector<64xi8>)
  llvm.return %0 : vector<16xi32>
}

// Operands of the width of a register are not taken apart.
// CHECK-LABEL: @avx2_register
// CHECK-NOT:     vector.extract_strided_slice
// CHECK:         llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"(%arg1, %arg2)
// CHECK-NEXT:    llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// CHECK-NOT:     vector.insert_strided_slice
llvm.func @avx2_register(%sum: vector<8xi32>, %u: vector<32xi8>, %s: vector<32xi8>) -> vector<8xi32> attributes {ingot.dot = "avx2"} {
  %0 = kernel.dot4 %sum, (%u) times (%s) {unsigned_max = 15 : i64} : vector<8xi32>, (vector<32xi8>) times (vector<32xi8>)
  llvm.return %0 : vector<8xi32>
}

// The same with 512 bits, where a CPU has no vpdpbusd.
// CHECK-LABEL: @avx512bw
// CHECK:         llvm.call_intrinsic "llvm.x86.avx512.pmaddubs.w.512"(%arg1, %arg2)
// CHECK-NEXT:    llvm.call_intrinsic "llvm.x86.avx512.pmaddw.d.512"
llvm.func @avx512bw(%sum: vector<16xi32>, %u: vector<64xi8>, %s: vector<64xi8>) -> vector<16xi32> attributes {ingot.dot = "avx512bw"} {
  %0 = kernel.dot4 %sum, (%u) times (%s) {unsigned_max = 15 : i64} : vector<16xi32>, (vector<64xi8>) times (vector<64xi8>)
  llvm.return %0 : vector<16xi32>
}

// Bytes widened in their lane, two pairs to a product and sum; 16 lanes are four registers.
// CHECK-LABEL: @sse2
// CHECK-COUNT-8: llvm.call_intrinsic "llvm.x86.sse2.pmadd.wd"(%{{.*}}, %{{.*}}) : (vector<8xi16>, vector<8xi16>) -> vector<4xi32>
// CHECK-NOT:     llvm.call_intrinsic
llvm.func @sse2(%sum: vector<16xi32>, %u: vector<64xi8>, %s: vector<64xi8>) -> vector<16xi32> attributes {ingot.dot = "sse2"} {
  %0 = kernel.dot4 %sum, (%u) times (%s) {unsigned_max = 255 : i64} : vector<16xi32>, (vector<64xi8>) times (vector<64xi8>)
  llvm.return %0 : vector<16xi32>
}

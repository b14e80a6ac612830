// Over a cache of bf16 queries and weights are rounded to it, too, and pairs multiplied: two dimensions of a key, two
// positions of values.
// RUN: ingot-opt %s --ingot-codegen-emit-kernels | FileCheck %s
// RUN: sed 's/znver4/x86-64-v4/' %s | not ingot-opt --ingot-codegen-emit-kernels 2>&1 | FileCheck %s --check-prefix=CPU
// CPU: error: 'kernel.attention' op expected a CPU with AVX-512 BF16 for '!model.key_value<1 x 32 x bf16, "full">', found x86-64-v4

#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
!step = !model.step<rows = 512, sequences = 1, wanted = 8>
!cache = !model.key_value<1 x 32 x bf16, "full">
module attributes {ingot.options = {target = "cpu", cpu = "znver4", activations = "auto", key_value = "bf16", weights = "embedded"}} {
model.cache_group "full" {context = 512 : i64, page_rows = 64 : i64, pages = 8 : i64}

// CHECK-LABEL: llvm.func internal @attention.znver4(
// The queries of a grain.
// CHECK:         arith.truncf {{.*}} : vector<16xf32> to vector<16xbf16>
// Scores: a key's pair of dimensions at a time.
// CHECK:         llvm.load {{.*}} -> vector<32xbf16>
// CHECK:         llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"
// Weights: powers of two, rounded, and added up as they are multiplied.
// CHECK:         llvm.call_intrinsic "llvm.x86.avx512.mask.scalef.ps.512"
// CHECK:         %[[WEIGHT:.*]] = arith.truncf {{.*}} : vector<16xf32> to vector<16xbf16>
// CHECK:         llvm.store %[[WEIGHT]]
// CHECK:         arith.bitcast %[[WEIGHT]]
// Outputs: pairs of positions, then a last one without its neighbour.
// CHECK:         arith.constant -2 : i64
// CHECK:         llvm.load {{.*}} -> vector<32xbf16>
// CHECK:         llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"
// CHECK:         arith.constant dense<65535> : vector<16xi32>
// CHECK:         llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"
kernel.function @attention(%q: tensor<?x96xf32>, %c: !cache, %s: !step) -> tensor<?x96xf32, #i8> attributes {row_range = #kernel.rows<9 to 512>} {
  %y = kernel.attention %q, %c, %s {heads = 3 : i64, scale = 0.125 : f32} : tensor<?x96xf32>, !cache, !step to tensor<?x96xf32, #i8>
  kernel.return %y : tensor<?x96xf32, #i8>
}

// An even dimension and the next one are stored together; a value's elements beside those of the neighbour.
// CHECK-LABEL: llvm.func internal @append.znver4(
// CHECK:         vector.bitcast {{.*}} : vector<16xbf16> to vector<8xi32>
// CHECK-COUNT-8: llvm.store {{.*}} : i32, !llvm.ptr
// CHECK:         llvm.store {{.*}} : bf16, !llvm.ptr
kernel.function @append(%c: !cache, %k: tensor<?x32xf32>, %v: tensor<?x32xf32>, %s: !step) -> !cache attributes {row_range = #kernel.rows<9 to 512>} {
  %n = kernel.append %c, %k, %v, %s : !cache, tensor<?x32xf32>, tensor<?x32xf32>, !step
  kernel.return %n : !cache
}
}

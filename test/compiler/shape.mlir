// ingot-shape prints what the model phase leaves.
// RUN: ingot-shape --layers 2 --heads 4 --key-value-heads 2 --head-dim 24 --width 64 --hidden 96 --vocabulary 131 --context 100 --rows 70 --sequences 2 --wanted 3 --format q4_0 --seed 7 --kv f32 >%t.mlir
// RUN: ingot-opt %t.mlir --ingot-model-verify-phase | FileCheck %s
// CHECK: model.parameter @token_embd.weight : tensor<131x64xf32, #encoding.storage<format = #encoding.ggml<q4_0>>> random 7 scale 0.216506347
// CHECK: model.parameter @blk.0.attn_norm.weight : tensor<64xf32, #encoding.storage<format = #encoding.ggml<f32>>> splat 1.000000e+00
// CHECK: model.parameter @blk.0.attn_q.weight : tensor<96x64xf32, #encoding.storage<format = #encoding.ggml<q4_0>>> random 9 scale
// CHECK: model.parameter @blk.1.ffn_down.weight : tensor<64x96xf32,
// CHECK-NOT: @output.weight
// CHECK: model.cache_group "full" {context = 100 : i64, page_rows = 64 : i64, pages = 4 : i64}
// CHECK: func.func @forward(%{{.*}}: !model.step<rows = 70, sequences = 2, wanted = 3>, %{{.*}}: !model.key_value<2 x 24 x f32, "full">, %{{.*}}: !model.key_value<2 x 24 x f32, "full">)
// CHECK: model.gated_mlp

// Every format; a head of its own; one number for all elements.
// RUN: sh -c 'for format in f32 f16 bf16 q4_0 q4_1 q5_0 q5_1 q8_0 i4; do ingot-shape --width 128 --hidden 256 --heads 8 --format $format >%t.mlir && ingotc %t.mlir --compile-to=quantize -o %t.out.mlir || exit 1; done'
// RUN: ingot-shape --separate-head --splat 0.5 --format i4 --width 128 --heads 8 | FileCheck %s --check-prefix=SPLAT
// SPLAT: model.parameter @blk.0.attn_q.weight : tensor<128x128xf32, #encoding.storage<format = #encoding.block<i4, group = 128, scale = static>>> splat 5.000000e-01
// SPLAT: model.parameter @output.weight
// SPLAT-NOT: random

// RUN: sh -c 'for flags in "--format i4" "--format q4_2" "--key-value-heads 3" "--head-dim 3" "--layers 0" "--kv i8" "--rope-base 1" "--splat 1 --seed 2" "--sequences 4 --rows 2"; do ingot-shape $flags; done; true' 2>&1 | FileCheck %s --check-prefix=ERROR --match-full-lines
// ERROR: ingot-shape: error: --format=i4: parameter token_embd.weight has 64 columns; expected a multiple of 128
// ERROR-NEXT: ingot-shape: error: --format=q4_2: expected f32, f16, bf16, q4_0, q4_1, q5_0, q5_1, q8_0, q2_k, q3_k, q4_k, q5_k, q6_k or i4
// ERROR-NEXT: ingot-shape: error: --key-value-heads=3: expected a divisor of the 4 heads
// ERROR-NEXT: ingot-shape: error: --head-dim=3: expected an even number, and at most 16777216 elements in all heads
// ERROR-NEXT: ingot-shape: error: --layers=0: expected 1 to 16777216
// ERROR-NEXT: ingot-shape: error: --kv=i8: expected f16, f32 or q8_0
// ERROR-NEXT: ingot-shape: error: --rope-base: expected a number above 1
// ERROR-NEXT: ingot-shape: error: --splat and --seed: expected one of them
// ERROR-NEXT: ingot-shape: error: --sequences=4: expected at most one for each of the 2 rows

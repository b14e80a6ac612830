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

// RUN: sh -c 'for flags in "--format i4" "--format q4_2" "--key-value-heads 3" "--head-dim 3" "--layers 0" "--kv i8" "--rope-base 1" "--splat 1 --seed 2" "--sequences 4 --rows 2" "--window -1"; do ingot-shape $flags; done; true' 2>&1 | FileCheck %s --check-prefix=ERROR --match-full-lines
// ERROR: ingot-shape: error: --format=i4: parameter token_embd.weight has 64 columns; expected a multiple of 128
// ERROR-NEXT: ingot-shape: error: --format=q4_2: expected f32, f16, bf16, q4_0, q4_1, q5_0, q5_1, q8_0, q2_k, q3_k, q4_k, q5_k, q6_k or i4
// ERROR-NEXT: ingot-shape: error: --key-value-heads=3: expected a divisor of the 4 heads
// ERROR-NEXT: ingot-shape: error: --head-dim=3: expected an even number, and at most 16777216 elements in all heads
// ERROR-NEXT: ingot-shape: error: --layers=0: expected 1 to 16777216
// ERROR-NEXT: ingot-shape: error: --kv=i8: expected f16, bf16, f32 or q8_0
// ERROR-NEXT: ingot-shape: error: --rope-base: expected a number above 1
// ERROR-NEXT: ingot-shape: error: --splat and --seed: expected one of them
// ERROR-NEXT: ingot-shape: error: --sequences=4: expected at most one for each of the 2 rows
// ERROR-NEXT: ingot-shape: error: --window=-1: expected 0 to 16777216

// Windows: a ring of ceil((40 + 70 - 1) / 64) pages for each of two sequences; every third layer sees everything. A program
// whose windows hide nothing has none.
// RUN: ingot-shape --layers 4 --context 300 --rows 70 --sequences 2 --window 40 --window-pattern 3 | FileCheck %s --check-prefix=WINDOW
// WINDOW: model.cache_group "full" {context = 300 : i64, page_rows = 64 : i64, pages = 10 : i64}
// WINDOW: model.cache_group "window_40" {context = 300 : i64, page_rows = 64 : i64, pages = 4 : i64, ring = 2 : i64, window = 40 : i64}
// WINDOW: "window_40">, %{{[^ ]*}}: !model.key_value<2 x 16 x f16, "window_40">, %{{[^ ]*}}: !model.key_value<2 x 16 x f16, "full">, %{{[^ ]*}}: !model.key_value<2 x 16 x f16, "window_40">)
// WINDOW: window = 40 : i64
// RUN: ingot-shape --context 300 --window 300 | FileCheck %s --check-prefix=WIDE
// WIDE-NOT: window

// What later phases say of it: kernels named for their windows, shares of the keys that a row sees, states of the ring.
// RUN: ingot-shape --layers 2 --context 900 --rows 70 --window 200 --window-pattern 2 >%t.window.mlir
// RUN: ingotc %t.window.mlir --compile-from=model --compile-to=plan --mcpu=x86-64-v3 -o - | FileCheck %s --check-prefix=PLAN
// PLAN: kernel.attention_partial %{{.*}} {chunks = 3 : i64, heads = 4 : i64, scale = 2.500000e-01 : f32, window = 200 : i64}
// PLAN: kernel.attention_partial %{{.*}} {chunks = 8 : i64, heads = 4 : i64, scale = 2.500000e-01 : f32}
// PLAN: schedule.arena @key_value : host[0], state, 245760 align 64
// PLAN: schedule.launch @attention_partial_4x2x16_f16_window_200.rows_1({{.*}} <head_keys, 128 x 2, window 200>
// PLAN: schedule.launch @attention_partial_4x2x16_f16.rows_1({{.*}} <head_keys, 128 x 2>
// RUN: ingotc %t.window.mlir --compile-from=model --mcpu=x86-64-v3 -o %t.whole
// RUN: ingotc %t.window.mlir --compile-from=model --compile-to=plan --mcpu=x86-64-v3 -o %t.plan.mlir
// RUN: ingotc %t.plan.mlir --compile-from=plan -o %t.resumed
// RUN: cmp %t.whole %t.resumed
// RUN: ingotc %t.window.mlir --compile-from=model --compile-to=plan --mcpu=x86-64-v3 --report -o %t.plan.mlir | FileCheck %s --check-prefix=REPORT
// REPORT: cache group full: 900 positions, 15 pages of 64
// REPORT-NEXT: cache group window_200: 900 positions, a window of 200, 5 pages of 64
// REPORT: cache   384 bytes per position, 192 bytes of it for the last 200 only

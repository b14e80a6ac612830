// A Llama layer is seven launches, of one row five, and layers add no function.

// RUN: python3 %S/Inputs/make_llama.py 2 q4_1 i8 >%t.2.mlir
// RUN: ingot-opt %t.2.mlir --ingot-phase-fuse --remarks-filter=fuse -o %t.2.fused.mlir 2>%t.2.remarks
// RUN: FileCheck %s <%t.2.fused.mlir
// RUN: FileCheck %s --check-prefix=REMARK <%t.2.remarks
// RUN: grep "kernel.function" %t.2.fused.mlir >%t.2.functions

// RUN: python3 %S/Inputs/make_llama.py 4 q4_1 i8 >%t.4.mlir
// RUN: ingot-opt %t.4.mlir --ingot-phase-fuse | grep "kernel.function" >%t.4.functions
// RUN: cmp %t.2.functions %t.4.functions

// The exact path takes the same fusions.
// RUN: python3 %S/Inputs/make_llama.py 2 q4_1 f32 >%t.f32.mlir
// RUN: ingot-opt %t.f32.mlir --ingot-phase-fuse --remarks-filter=fuse 2>%t.f32.remarks | FileCheck %s --check-prefix=EXACT
// RUN: FileCheck %s --check-prefix=REMARK <%t.f32.remarks

// Eight bodies for one row, ten for more.
// CHECK-COUNT-8: kernel.function {{.*}} attributes {row_range = #kernel.rows<1 to 1>}
// CHECK-NOT: kernel.function
// CHECK-LABEL: func.func @forward.rows_1
// CHECK: kernel.call @embedding_320x96_q4_1.rows_1
// CHECK-NEXT: model.load_parameter @blk.0.attn_norm.weight
// CHECK-NEXT: kernel.call @rope_table_32.rows_1
// CHECK-NEXT: model.load_parameter @blk.0.attn_qkv.weight
// CHECK-NEXT: kernel.call @norm_quantize_96_then_qkv_rope_append_3x1x32_f16_160x96_q4_1.rows_1
// CHECK-NEXT: kernel.call @attention_3x1x32_f16_quantize.rows_1
// CHECK-NEXT: model.load_parameter @blk.0.attn_output.weight
// CHECK-NEXT: kernel.call @matmul_96x96_q4_1_add.rows_1
// CHECK-NEXT: model.load_parameter @blk.0.ffn_norm.weight
// CHECK: model.load_parameter @blk.0.ffn_gate_up.weight
// CHECK-NEXT: kernel.call @norm_quantize_96_then_gated_matmul_256x96_q4_1_quantize.rows_1
// CHECK-NEXT: kernel.call @matmul_96x128_q4_1_add.rows_1
// CHECK-NEXT: model.load_parameter @blk.1.attn_norm.weight
// CHECK: kernel.call @wanted_rows_96_then_norm_quantize_96_then_matmul_320x96_q4_1.rows_1({{.*}}) wanted
// CHECK-NEXT: return
// CHECK: kernel.function @embedding_320x96_q4_1.rows_2_to_8
// CHECK: kernel.function @embedding_320x96_q4_1.rows_9_to_512

// REMARK-NOT: [Missed]
// REMARK: [Missed] split-keys | {{.*}}Reason="a sequence is one chunk of 128 keys"
// REMARK: [Missed] split-keys |
// REMARK-NOT: [Missed]
// REMARK: [Analysis] launches | Category:fuse | Function=forward.rows_1 | Launches=13, LaunchesBeforeLayers=2, LaunchesOnWantedRows=1, LaunchesPerLayer=5, Layers=2
// REMARK: [Analysis] launches | Category:fuse | Function=forward.rows_2_to_8 | {{.*}}LaunchesPerLayer=7
// REMARK: [Analysis] launches | Category:fuse | Function=forward.rows_9_to_512 | {{.*}}LaunchesPerLayer=7
// REMARK-NOT: [Missed]

// EXACT-NOT: scale = dynamic
// EXACT-COUNT-8: kernel.function {{.*}} attributes {row_range = #kernel.rows<1 to 1>}
// EXACT-NOT: kernel.function
// EXACT-LABEL: func.func @forward.rows_1
// EXACT-NOT: scale = dynamic

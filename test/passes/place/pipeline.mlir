// RUN: python3 %S/../fuse/Inputs/make_llama.py 2 q4_1 i8 >%t.mlir
// RUN: ingot-opt %t.mlir --ingot-phase-fuse --ingot-phase-place | FileCheck %s
// Placing what is placed changes nothing.
// RUN: ingot-opt %t.mlir --ingot-phase-fuse --ingot-phase-place -o %t.once
// RUN: ingot-opt %t.once --ingot-phase-place -o %t.twice
// RUN: cmp %t.once %t.twice

// Forward functions load only what is stored: recipes with a home, matrices with a layout.
// CHECK: encoding.assemble @blk.0.ffn_gate_up.weight : tensor<256x96xf32, {{.*}}layout = <16 x 4>>> on "host[0]"
// CHECK: encoding.assemble @blk.0.attn_qkv.weight : tensor<160x96xf32, {{.*}}layout = <16 x 4>>> on "host[0]"
// CHECK: encoding.assemble @token_embd.weight.packed : tensor<320x96xf32, {{.*}}layout = <16 x 4>>> on "host[0]"
// CHECK: encoding.assemble @blk.0.attn_norm.weight.packed : tensor<96xf32, {{.*}}<f32>>> on "host[0]"
// CHECK-LABEL: func.func @forward.rows_1
// CHECK: %[[TABLE:.*]] = model.load_parameter @token_embd.weight.packed
// CHECK: kernel.call @embedding_320x96_q4_1.rows_1(%[[TABLE]], {{.*}}) on "compute"
// CHECK: kernel.call @wanted_rows_96_then_norm_quantize_96_then_matmul_320x96_q4_1.rows_1({{.*}}, %[[TABLE]]) wanted on "compute"

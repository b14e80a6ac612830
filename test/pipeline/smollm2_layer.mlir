// A decode layer with SmolLM2's widths as every phase leaves it; the second of three, so that it stands between others.
// The end of the last layer runs on the rows whose logits are wanted.

// RUN: ingot-shape --layers=3 --width=576 --heads=9 --key-value-heads=3 --head-dim=64 --hidden=1536 --vocabulary=49152 --rope-base=100000 --rows=512 --context=2048 --format=q4_1 >%t.shape.mlir
// RUN: sed 's/^module {/module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {/' %t.shape.mlir >%t.import.mlir

// RUN: ingot-opt %t.import.mlir --ingot-phase-model -o %t.model.mlir
// RUN: FileCheck %s --check-prefix=MODEL --input-file=%t.model.mlir
// RUN: ingot-opt %t.model.mlir --ingot-phase-quantize -o %t.quantize.mlir
// RUN: FileCheck %s --check-prefix=QUANTIZE --input-file=%t.quantize.mlir
// RUN: ingot-opt %t.quantize.mlir --ingot-phase-fuse -o %t.fuse.mlir
// RUN: FileCheck %s --check-prefix=FUSE --input-file=%t.fuse.mlir
// RUN: ingot-opt %t.fuse.mlir --ingot-phase-place -o %t.place.mlir
// RUN: FileCheck %s --check-prefix=PLACE --input-file=%t.place.mlir
// RUN: ingot-opt %t.place.mlir --ingot-phase-schedule -o %t.schedule.mlir
// RUN: FileCheck %s --check-prefix=SCHEDULE --input-file=%t.schedule.mlir
// RUN: ingot-opt %t.schedule.mlir --ingot-phase-plan -o %t.plan.mlir
// RUN: FileCheck %s --check-prefix=PLAN --input-file=%t.plan.mlir
// RUN: ingot-opt %t.plan.mlir --ingot-phase-codegen -o %t.codegen.mlir
// RUN: FileCheck %s --check-prefix=CODEGEN --input-file=%t.codegen.mlir

// What a transformer computes, in its own words.
// MODEL:      func.func @forward(%[[STEP:.*]]: !model.step<rows = 512, sequences = 1, wanted = 16>, %{{[^:]*: [^>]*}}>, %[[CACHE:[^:]*]]: !model.key_value<3 x 64 x f16, "full">, %{{[^:]*: [^>]*}}>)
// MODEL:      model.load_parameter @blk.1.attn_norm.weight
// MODEL-NEXT: %[[NORM:[0-9]+]] = model.rms_norm %[[X:[0-9]+]],
// MODEL:      %[[Q:[0-9]+]] = model.linear %[[NORM]], {{.*}} tensor<576x576xf32, #encoding.storage<format = #encoding.ggml<q4_1>>>
// MODEL-NEXT: %[[RQ:[0-9]+]] = model.rope %[[Q]], %[[STEP]]
// MODEL:      %[[K:[0-9]+]] = model.linear %[[NORM]],
// MODEL-NEXT: %[[RK:[0-9]+]] = model.rope %[[K]], %[[STEP]]
// MODEL:      %[[V:[0-9]+]] = model.linear %[[NORM]],
// MODEL-NEXT: %[[NEXT:[0-9]+]] = model.key_value_append %[[CACHE]], %[[RK]], %[[V]], %[[STEP]]
// MODEL-NEXT: %[[A:[0-9]+]] = model.attention %[[RQ]], %[[STEP]] cache %[[NEXT]]
// MODEL:      %[[O:[0-9]+]] = model.linear %[[A]],
// MODEL-NEXT: %[[Y:[0-9]+]] = arith.addf %[[X]], %[[O]]
// MODEL:      %[[NORM2:[0-9]+]] = model.rms_norm %[[Y]],
// MODEL:      %[[G:[0-9]+]] = model.gated_mlp silu %[[NORM2]],
// MODEL:      %[[D:[0-9]+]] = model.linear %[[G]],
// MODEL-NEXT: arith.addf %[[Y]], %[[D]]
// MODEL:      model.attention
// MODEL:      model.wanted_rows
// MODEL:      model.gated_mlp
// MODEL:      model.logits

// Activations are rounded once for each place that produces them: four times a layer.
// QUANTIZE:      model.load_parameter @blk.1.attn_norm.weight
// QUANTIZE:      model.rms_norm
// QUANTIZE-NEXT: %[[I:.*]] = encoding.quantize {{.*}} tensor<?x576xf32, #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>>
// QUANTIZE-COUNT-3: model.linear %[[I]],
// QUANTIZE:      model.attention
// QUANTIZE-NEXT: encoding.quantize
// QUANTIZE:      model.linear
// QUANTIZE:      model.rms_norm
// QUANTIZE-NEXT: encoding.quantize
// QUANTIZE:      model.gated_mlp
// QUANTIZE-NEXT: encoding.quantize
// QUANTIZE-NOT:  encoding.quantize
// QUANTIZE:      model.load_parameter @blk.2.attn_norm.weight

// Five launches, with one range of rows to a function.
// FUSE-LABEL: func.func @forward.rows_1(
// FUSE:       model.load_parameter @blk.1.attn_norm.weight
// FUSE-NEXT:  model.load_parameter @blk.1.attn_qkv.weight : tensor<960x576xf32
// FUSE-NEXT:  kernel.call @norm_quantize_576_then_qkv_rope_append_9x3x64_f16_960x576_q4_1.rows_1
// FUSE-NEXT:  kernel.call @attention_partial_9x3x64_f16.rows_1
// FUSE-NEXT:  model.load_parameter @blk.1.attn_output.weight
// FUSE-NEXT:  kernel.call @attention_merge_9x64_quantize_then_matmul_576x576_q4_1_add.rows_1
// FUSE-NEXT:  model.load_parameter @blk.1.ffn_norm.weight
// FUSE-NEXT:  model.load_parameter @blk.1.ffn_gate_up.weight : tensor<3072x576xf32
// FUSE-NEXT:  kernel.call @norm_quantize_576_then_gated_matmul_3072x576_q4_1_quantize.rows_1
// FUSE-NEXT:  model.load_parameter @blk.1.ffn_down.weight
// FUSE-NEXT:  kernel.call @matmul_576x1536_q4_1_add.rows_1
// FUSE:       kernel.call @wanted_rows_576_then_norm_quantize_576_then_gated_matmul_3072x576_q4_1_quantize.rows_1{{.*}} wanted
// FUSE:       kernel.call @wanted_rows_576_then_matmul_576x1536_q4_1_add.rows_1{{.*}} wanted
// FUSE:       kernel.call @norm_quantize_576_then_matmul_49152x576_{{.*}}.rows_1{{.*}} wanted
// FUSE:       func.func @forward.rows_2_to_8(
// FUSE-LABEL: func.func @forward.rows_9_to_512(
// FUSE-COUNT-3: kernel.call @attention_
// FUSE:       kernel.call @wanted_rows_576.rows_9_to_512{{.*}} wanted
// FUSE:       kernel.call @norm_quantize_576.rows_9_to_512{{.*}} wanted
// FUSE:       kernel.call @gated_matmul_3072x576_q4_1_quantize.rows_9_to_512{{.*}} wanted
// FUSE:       kernel.call @matmul_576x1536_q4_1_add.rows_9_to_512{{.*}} wanted

// Parameters have a home and a layout, launches a lane.
// PLACE:       encoding.assemble @blk.1.attn_qkv.weight : tensor<960x576xf32, #encoding.storage<format = #encoding.ggml<q4_1>, layout = <16 x 4>>> on "host[0]"
// PLACE-LABEL: func.func @forward.rows_1(
// PLACE:       model.load_parameter @blk.1.attn_qkv.weight : tensor<960x576xf32, #encoding.storage<format = #encoding.ggml<q4_1>, layout = <16 x 4>>>
// PLACE-NEXT:  kernel.call @norm_quantize_576_then_qkv_rope_append_9x3x64_f16_960x576_q4_1.rows_1{{.*}} on "compute"

// Buffers instead of tensors; each launch after those that write what it reads.
// SCHEDULE-LABEL: schedule.program @forward.rows_1(
// SCHEDULE:       schedule.constant @blk.1.attn_norm.weight
// SCHEDULE:       schedule.constant @blk.1.attn_qkv.weight
// SCHEDULE:       %[[QUERY:.*]] = schedule.allocate : <host[0], transient, 2304>
// SCHEDULE:       %[[L:.*]] = schedule.launch @norm_quantize_576_then_qkv_rope_append_9x3x64_f16_960x576_q4_1.rows_1{{.*}} updates({{.*}} on compute <columns, 16 x 30>
// SCHEDULE:       schedule.launch @attention_partial_9x3x64_f16.rows_1(%[[QUERY]] {{.*}} after {{.*}}%[[L]]{{.*}} on compute <head_keys, 128 x 3>
// SCHEDULE:       schedule.launch @attention_merge_9x64_quantize_then_matmul_576x576_q4_1_add.rows_1{{.*}} on compute <columns, 16 x 36>
// SCHEDULE:       schedule.launch @norm_quantize_576_then_gated_matmul_3072x576_q4_1_quantize.rows_1{{.*}} on compute <columns, 32 x 48>

// Addresses, and five barriers.
// PLAN-LABEL: schedule.program @forward.rows_1(
// PLAN:       schedule.view @weights[{{[0-9]+}}] of @blk.1.attn_norm.weight
// PLAN-NEXT:  schedule.view @weights[{{[0-9]+}}] of @blk.1.attn_qkv.weight
// PLAN-NEXT:  schedule.view @transient[{{[0-9]+}}] : <host[0], transient, 2304>
// PLAN-NEXT:  schedule.barrier
// PLAN-NEXT:  schedule.launch @norm_quantize_576_then_qkv_rope_append
// PLAN:       schedule.barrier
// PLAN-NEXT:  schedule.launch @attention_partial
// PLAN:       schedule.barrier
// PLAN-NEXT:  schedule.launch @attention_merge_9x64_quantize_then_matmul_576x576
// PLAN:       schedule.barrier
// PLAN-NEXT:  schedule.launch @norm_quantize_576_then_gated_matmul
// PLAN:       schedule.barrier
// PLAN-NEXT:  schedule.launch @matmul_576x1536

// Straight-line calls of shared functions, for every worker: ten bodies for a range of rows, and the step function.
// CODEGEN-NOT: {{kernel|schedule}}.launch
// CODEGEN-COUNT-10: llvm.func internal @"{{.*}}.rows_1.x86-64-v3"
// CODEGEN-COUNT-10: llvm.func internal @"{{.*}}.rows_2_to_8.x86-64-v3"
// CODEGEN-COUNT-10: llvm.func internal @"{{.*}}.rows_9_to_512.x86-64-v3"
// CODEGEN:      llvm.func @ingot_team_barrier(!llvm.ptr, i32)
// CODEGEN:      llvm.func @ingot_team_launch(!llvm.ptr, i32, i64) -> !llvm.ptr
// CODEGEN:      llvm.func internal @"forward.rows_1.x86-64-v3"(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %[[TEAM:.*]]: !llvm.ptr, %[[WORKER:.*]]: i32)
// CODEGEN:      llvm.call @"matmul_576x1536_q4_1_add.rows_1.x86-64-v3"
// CODEGEN:      llvm.call @ingot_team_barrier(%[[TEAM]], %[[WORKER]])
// CODEGEN:      llvm.call @"norm_quantize_576_then_qkv_rope_append_9x3x64_f16_960x576_q4_1.rows_1.x86-64-v3"
// CODEGEN:      llvm.call @ingot_team_barrier
// CODEGEN:      llvm.call @"attention_partial_9x3x64_f16.rows_1.x86-64-v3"
// CODEGEN:      llvm.call @ingot_team_barrier
// CODEGEN:      llvm.call @"attention_merge_9x64_quantize_then_matmul_576x576_q4_1_add.rows_1.x86-64-v3"
// CODEGEN:      llvm.call @ingot_team_barrier
// CODEGEN:      llvm.call @"norm_quantize_576_then_gated_matmul_3072x576_q4_1_quantize.rows_1.x86-64-v3"
// CODEGEN:      llvm.call @ingot_team_barrier
// CODEGEN:      llvm.call @"matmul_576x1536_q4_1_add.rows_1.x86-64-v3"
// CODEGEN:      llvm.mlir.global {{.*}}@ingot_descriptor

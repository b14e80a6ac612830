// RUN: ingot-opt %s --split-input-file --ingot-model-narrow-to-wanted-rows --remarks-filter=model 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK <%t.remarks

// A feed-forward layer with its residual runs on the wanted rows, and so does the norm before the head. Attention reads
// all rows.

!step = !model.step<rows = 8, sequences = 1, wanted = 2>
!cache = !model.key_value<2 x 16 x f16, "full">

// CHECK-LABEL: func.func @feed_forward
func.func @feed_forward(%step: !step, %cache: !cache, %table: tensor<8x32xf32>, %scale: tensor<32xf32>, %wide: tensor<64x32xf32>, %down: tensor<32x64xf32>) -> tensor<?x8xf32> {
  %x = model.embedding %table, %step : tensor<8x32xf32>, !step to tensor<?x32xf32>
  // CHECK: %[[A:.*]] = model.attention
  %a = model.attention %x, %step cache %cache : !cache {heads = 2 : i64, key_value_heads = 2 : i64, scale = 0.25 : f32} : tensor<?x32xf32>, !step to tensor<?x32xf32>
  // CHECK-NEXT: %[[R:.*]] = arith.addf %{{.*}}, %[[A]]
  %r = arith.addf %x, %a : tensor<?x32xf32>
  // CHECK-NEXT: %[[W:.*]] = model.wanted_rows %[[R]], %{{.*}} : tensor<?x32xf32>
  // CHECK-NEXT: %[[N:.*]] = model.rms_norm %[[W]], %{{.*}} {epsilon = 9.99999974E-6 : f32}
  %n = model.rms_norm %r, %scale {epsilon = 1.0e-5 : f32} : tensor<?x32xf32>, tensor<32xf32>
  // CHECK-NEXT: %[[H:.*]] = model.gated_mlp silu %[[N]]
  %h = model.gated_mlp silu %n, %wide, %wide : tensor<?x32xf32>, tensor<64x32xf32>, tensor<64x32xf32> to tensor<?x64xf32>
  // CHECK-NEXT: %[[U:.*]] = model.activation gelu %[[H]]
  %u = model.activation gelu %h : tensor<?x64xf32>
  // CHECK-NEXT: %[[D:.*]] = model.linear %[[U]]
  %d = model.linear %u, %down : tensor<?x64xf32>, tensor<32x64xf32> to tensor<?x32xf32>
  // CHECK-NEXT: %[[S:.*]] = arith.addf %[[W]], %[[D]]
  %s = arith.addf %r, %d : tensor<?x32xf32>
  // CHECK-NEXT: %[[L:.*]] = model.logits %[[S]]
  %w = model.wanted_rows %s, %step : tensor<?x32xf32>, !step to tensor<?x32xf32>
  %l = model.logits %w, %table : tensor<?x32xf32>, tensor<8x32xf32> to tensor<?x8xf32>
  // CHECK: return %[[L]]
  return %l : tensor<?x8xf32>
}
// REMARK: [Passed] narrow-to-wanted-rows | Category:model | Function=feed_forward | Operations=5, Remark="operations moved onto the wanted rows; model.attention, one of 2 values that meet here, does not treat each row by itself"

// -----

// Attention and feed-forward side by side: two values meet in the sum, and no single one stands above both.

!step = !model.step<rows = 8, sequences = 1, wanted = 2>
!cache = !model.key_value<2 x 16 x f16, "full">

// CHECK-LABEL: func.func @parallel
func.func @parallel(%step: !step, %cache: !cache, %table: tensor<8x32xf32>, %wide: tensor<64x32xf32>, %down: tensor<32x64xf32>) -> tensor<?x32xf32> {
  %x = model.embedding %table, %step : tensor<8x32xf32>, !step to tensor<?x32xf32>
  %a = model.attention %x, %step cache %cache : !cache {heads = 2 : i64, key_value_heads = 2 : i64, scale = 0.25 : f32} : tensor<?x32xf32>, !step to tensor<?x32xf32>
  %h = model.gated_mlp silu %x, %wide, %wide : tensor<?x32xf32>, tensor<64x32xf32>, tensor<64x32xf32> to tensor<?x64xf32>
  // CHECK: %[[D:.*]] = model.linear
  %d = model.linear %h, %down : tensor<?x64xf32>, tensor<32x64xf32> to tensor<?x32xf32>
  // CHECK-NEXT: %[[S:.*]] = arith.addf %{{.*}}, %[[D]]
  %s = arith.addf %a, %d : tensor<?x32xf32>
  // CHECK-NEXT: %[[W:.*]] = model.wanted_rows %[[S]]
  %w = model.wanted_rows %s, %step : tensor<?x32xf32>, !step to tensor<?x32xf32>
  // CHECK-NEXT: return %[[W]]
  return %w : tensor<?x32xf32>
}
// REMARK: [Missed] narrow-to-wanted-rows | Category:model | Function=parallel | Reason="model.attention, one of 2 values that meet here, does not treat each row by itself"

// -----

// What something else reads as well is computed for all rows, too; what that needs only stays.

!step = !model.step<rows = 8, sequences = 1, wanted = 2>

// CHECK-LABEL: func.func @other_users
func.func @other_users(%step: !step, %table: tensor<8x32xf32>, %scale: tensor<32xf32>, %square: tensor<32x32xf32>) -> (tensor<?x32xf32>, tensor<?x32xf32>) {
  // CHECK: %[[X:.*]] = model.embedding
  %x = model.embedding %table, %step : tensor<8x32xf32>, !step to tensor<?x32xf32>
  // CHECK-NEXT: %[[ALL:.*]] = model.rms_norm %[[X]]
  %n = model.rms_norm %x, %scale {epsilon = 1.0e-5 : f32} : tensor<?x32xf32>, tensor<32xf32>
  // CHECK-NEXT: %[[W:.*]] = model.wanted_rows %[[X]]
  // CHECK-NEXT: %[[N:.*]] = model.rms_norm %[[W]]
  // CHECK-NEXT: %[[D:.*]] = model.linear %[[N]]
  %d = model.linear %n, %square : tensor<?x32xf32>, tensor<32x32xf32> to tensor<?x32xf32>
  %w = model.wanted_rows %d, %step : tensor<?x32xf32>, !step to tensor<?x32xf32>
  // CHECK-NEXT: return %[[D]], %[[ALL]]
  return %w, %n : tensor<?x32xf32>, tensor<?x32xf32>
}
// REMARK: [Passed] {{.*}} Function=other_users | Operations=2, Remark="operations moved onto the wanted rows; model.embedding does not treat each row by itself"

// -----

// A constant gets as many rows as what it meets, and is no value that has to be narrowed itself.

!step = !model.step<rows = 8, sequences = 1, wanted = 2>

// CHECK-LABEL: func.func @constants
func.func @constants(%step: !step, %table: tensor<8x32xf32>) -> tensor<?x32xf32> {
  %zero = arith.constant 0 : index
  // CHECK-DAG: %[[HALF:.*]] = arith.constant 5.0
  %half = arith.constant 0.5 : f32
  // CHECK: %[[X:.*]] = model.embedding
  %x = model.embedding %table, %step : tensor<8x32xf32>, !step to tensor<?x32xf32>
  %rows = tensor.dim %x, %zero : tensor<?x32xf32>
  %halves = tensor.splat %half[%rows] : tensor<?x32xf32>
  // CHECK-NEXT: %[[W:.*]] = model.wanted_rows %[[X]]
  // CHECK: %[[ROWS:.*]] = tensor.dim %[[W]]
  // CHECK-NEXT: %[[HALVES:.*]] = tensor.splat %[[HALF]][%[[ROWS]]]
  // CHECK-NEXT: %[[A:.*]] = arith.mulf %[[W]], %[[HALVES]]
  %a = arith.mulf %x, %halves : tensor<?x32xf32>
  // CHECK-NEXT: %[[B:.*]] = math.tanh %[[A]]
  %b = math.tanh %a : tensor<?x32xf32>
  // CHECK-NEXT: %[[C:.*]] = arith.mulf %[[B]], %[[HALVES]]
  %c = arith.mulf %b, %halves : tensor<?x32xf32>
  // CHECK-NEXT: return %[[C]]
  %w = model.wanted_rows %c, %step : tensor<?x32xf32>, !step to tensor<?x32xf32>
  return %w : tensor<?x32xf32>
}
// REMARK: [Passed] {{.*}} Function=constants | Operations=3

// -----

// Rotation knows the positions of the step: nothing to do.

!step = !model.step<rows = 8, sequences = 1, wanted = 2>

// CHECK-LABEL: func.func @nothing
func.func @nothing(%step: !step, %table: tensor<8x32xf32>) -> tensor<?x32xf32> {
  %x = model.embedding %table, %step : tensor<8x32xf32>, !step to tensor<?x32xf32>
  // CHECK: %[[R:.*]] = model.rope
  %r = model.rope %x, %step {dimension = 4 : i64, frequencies = array<f32: 1.0, 0.5>, style = 0 : i32} : tensor<?x32xf32>, !step
  // CHECK-NEXT: model.wanted_rows %[[R]]
  %w = model.wanted_rows %r, %step : tensor<?x32xf32>, !step to tensor<?x32xf32>
  return %w : tensor<?x32xf32>
}
// REMARK: [Missed] {{.*}} Function=nothing | Reason="model.rope does not treat each row by itself"

// -----

// A function without an embedding: its argument is all that there is.

!step = !model.step<rows = 8, sequences = 1, wanted = 2>

// CHECK-LABEL: func.func @argument
func.func @argument(%step: !step, %x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  // CHECK-NEXT: model.wanted_rows %{{.*}}, %{{.*}}
  %w = model.wanted_rows %x, %step : tensor<?x32xf32>, !step to tensor<?x32xf32>
  return %w : tensor<?x32xf32>
}
// REMARK: [Missed] {{.*}} Function=argument | Reason="an argument has nothing above it"

// -----

// One row for all is as good for the wanted ones.

!step = !model.step<rows = 8, sequences = 1, wanted = 2>

// CHECK-LABEL: func.func @repeated
func.func @repeated(%step: !step, %table: tensor<8x32xf32>, %row: tensor<32xf32>) -> tensor<?x32xf32> {
  // CHECK: %[[X:.*]] = model.embedding
  %x = model.embedding %table, %step : tensor<8x32xf32>, !step to tensor<?x32xf32>
  // CHECK-NEXT: %[[ROW:.*]] = model.repeat_row
  %r = model.repeat_row %row, %step : tensor<32xf32>, !step to tensor<?x32xf32>
  // CHECK-NEXT: %[[W:.*]] = model.wanted_rows %[[X]]
  // CHECK-NEXT: %[[S:.*]] = arith.addf %[[W]], %[[ROW]]
  %s = arith.addf %x, %r : tensor<?x32xf32>
  // CHECK-NEXT: %[[N:.*]] = model.layer_norm %[[S]]
  %n = model.layer_norm %s {epsilon = 1.0e-5 : f32} : tensor<?x32xf32>
  %w = model.wanted_rows %n, %step : tensor<?x32xf32>, !step to tensor<?x32xf32>
  // CHECK-NEXT: return %[[N]]
  return %w : tensor<?x32xf32>
}
// REMARK: [Passed] narrow-to-wanted-rows | Category:model | Function=repeated | Operations=2, Remark="operations moved onto the wanted rows; model.embedding does not treat each row by itself"

// -----

// Experts: rows are those of the input and of what was chosen for them.

!step = !model.step<rows = 8, sequences = 1, wanted = 2>

// CHECK-LABEL: func.func @experts
func.func @experts(%step: !step, %table: tensor<8x32xf32>, %router: tensor<2x32xf32>, %one: tensor<1x32xf32>, %gates: tensor<32x32xf32>, %downs: tensor<64x16xf32>) -> tensor<?x32xf32> {
  // CHECK: %[[X:.*]] = model.embedding
  %x = model.embedding %table, %step : tensor<8x32xf32>, !step to tensor<?x32xf32>
  // CHECK-NEXT: %[[W:.*]] = model.wanted_rows %[[X]]
  // CHECK-NEXT: %[[LOGITS:.*]] = model.linear %[[W]]
  %logits = model.linear %x, %router : tensor<?x32xf32>, tensor<2x32xf32> to tensor<?x2xf32>
  // CHECK-NEXT: %[[CHOICE:.*]] = model.choose_experts softmax_of_all %[[LOGITS]]
  %choice = model.choose_experts softmax_of_all %logits {count = 1 : i64} : tensor<?x2xf32> to tensor<?x2xf32>
  // CHECK-NEXT: %[[HIDDEN:.*]] = model.expert_gated_mlp silu %[[W]], %[[CHOICE]]
  %hidden = model.expert_gated_mlp silu %x, %choice, %gates, %gates {experts = 2 : i64} : tensor<?x32xf32>, tensor<?x2xf32>, tensor<32x32xf32>, tensor<32x32xf32> to tensor<?x16xf32>
  // CHECK-NEXT: %[[SUM:.*]] = model.expert_sum %[[HIDDEN]], %[[CHOICE]]
  %sum = model.expert_sum %hidden, %choice, %downs {experts = 2 : i64} : tensor<?x16xf32>, tensor<?x2xf32>, tensor<64x16xf32> to tensor<?x32xf32>
  // CHECK-NEXT: %[[GATE:.*]] = model.linear %[[W]]
  %gate = model.linear %x, %one : tensor<?x32xf32>, tensor<1x32xf32> to tensor<?x1xf32>
  // CHECK-NEXT: %[[COLUMNS:.*]] = model.repeat_column %[[GATE]]
  %columns = model.repeat_column %gate : tensor<?x1xf32> to tensor<?x32xf32>
  // CHECK-NEXT: %[[Y:.*]] = arith.mulf %[[SUM]], %[[COLUMNS]]
  %y = arith.mulf %sum, %columns : tensor<?x32xf32>
  %w = model.wanted_rows %y, %step : tensor<?x32xf32>, !step to tensor<?x32xf32>
  // CHECK-NEXT: return %[[Y]]
  return %w : tensor<?x32xf32>
}
// REMARK: [Passed] narrow-to-wanted-rows | Category:model | Function=experts | Operations=7, Remark="operations moved onto the wanted rows; model.embedding does not treat each row by itself"

// RUN: ingot-opt %s --split-input-file --ingot-model-raise-gated-mlp --remarks-filter=model 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK <%t.remarks

#f32 = #encoding.storage<format = #encoding.ggml<f32>>
!rows = tensor<?x32xf32>
!hidden = tensor<?x64xf32>
!matrix = tensor<64x32xf32, #f32>

// CHECK-LABEL: func.func @gate_left
// CHECK-SAME: (%[[X:.*]]: tensor<?x32xf32>, %[[G:.*]]: tensor<64x32xf32, {{.*}}>, %[[U:.*]]: tensor<64x32xf32, {{.*}}>)
// CHECK-NEXT: %[[Y:.*]] = model.gated_mlp silu %[[X]], %[[G]], %[[U]]
// CHECK-NEXT: return %[[Y]]
// REMARK: [Passed] gated-mlp | Category:model | Function=gate_left
func.func @gate_left(%x: !rows, %g: !matrix, %u: !matrix) -> !hidden {
  %gate = model.linear %x, %g : !rows, !matrix to !hidden
  %up = model.linear %x, %u : !rows, !matrix to !hidden
  %active = model.activation silu %gate : !hidden
  %y = arith.mulf %active, %up : !hidden
  return %y : !hidden
}

// The order of the factors does not matter, nor which function it is.
// CHECK-LABEL: func.func @gate_right
// CHECK-SAME: (%[[X:.*]]: tensor<?x32xf32>, %[[G:.*]]: tensor<64x32xf32, {{.*}}>, %[[U:.*]]: tensor<64x32xf32, {{.*}}>)
// CHECK-NEXT: model.gated_mlp gelu_tanh %[[X]], %[[G]], %[[U]]
// REMARK: [Passed] gated-mlp | Category:model | Function=gate_right
func.func @gate_right(%x: !rows, %g: !matrix, %u: !matrix) -> !hidden {
  %up = model.linear %x, %u : !rows, !matrix to !hidden
  %gate = model.linear %x, %g : !rows, !matrix to !hidden
  %active = model.activation gelu_tanh %gate : !hidden
  %y = arith.mulf %up, %active : !hidden
  return %y : !hidden
}

// CHECK-LABEL: func.func @no_linear
// CHECK: model.activation
// REMARK: [Missed] gated-mlp | {{.*}}Function=no_linear | {{.*}}Reason="its input is not a linear map"
func.func @no_linear(%x: !hidden) -> !hidden {
  %y = model.activation silu %x : !hidden
  return %y : !hidden
}

// CHECK-LABEL: func.func @plain_mlp
// CHECK: model.activation
// REMARK: [Missed] gated-mlp | {{.*}}Function=plain_mlp | {{.*}}Reason="it is not multiplied with another linear map"
func.func @plain_mlp(%x: !rows, %g: !matrix) -> !hidden {
  %gate = model.linear %x, %g : !rows, !matrix to !hidden
  %y = model.activation silu %gate : !hidden
  return %y : !hidden
}

// CHECK-LABEL: func.func @gate_of_input
// CHECK: arith.mulf
// REMARK: [Missed] gated-mlp | {{.*}}Function=gate_of_input | {{.*}}Reason="it is not multiplied with another linear map"
func.func @gate_of_input(%x: !rows, %g: !matrix, %h: !hidden) -> !hidden {
  %gate = model.linear %x, %g : !rows, !matrix to !hidden
  %active = model.activation silu %gate : !hidden
  %y = arith.mulf %active, %h : !hidden
  return %y : !hidden
}

// CHECK-LABEL: func.func @other_user_of_gate
// CHECK: arith.mulf
// REMARK: [Missed] gated-mlp | {{.*}}Function=other_user_of_gate | {{.*}}Reason="the gate has other users"
func.func @other_user_of_gate(%x: !rows, %g: !matrix, %u: !matrix) -> (!hidden, !hidden) {
  %gate = model.linear %x, %g : !rows, !matrix to !hidden
  %up = model.linear %x, %u : !rows, !matrix to !hidden
  %active = model.activation silu %gate : !hidden
  %y = arith.mulf %active, %up : !hidden
  return %y, %gate : !hidden, !hidden
}

// CHECK-LABEL: func.func @other_user_of_up
// CHECK: arith.mulf
// REMARK: [Missed] gated-mlp | {{.*}}Function=other_user_of_up | {{.*}}Reason="the map that it gates has other users"
func.func @other_user_of_up(%x: !rows, %g: !matrix, %u: !matrix) -> (!hidden, !hidden) {
  %gate = model.linear %x, %g : !rows, !matrix to !hidden
  %up = model.linear %x, %u : !rows, !matrix to !hidden
  %active = model.activation silu %gate : !hidden
  %y = arith.mulf %active, %up : !hidden
  return %y, %up : !hidden, !hidden
}

// CHECK-LABEL: func.func @two_inputs
// CHECK: arith.mulf
// REMARK: [Missed] gated-mlp | {{.*}}Function=two_inputs | {{.*}}Reason="the two linear maps have different inputs"
func.func @two_inputs(%x: !rows, %z: !rows, %g: !matrix, %u: !matrix) -> !hidden {
  %gate = model.linear %x, %g : !rows, !matrix to !hidden
  %up = model.linear %z, %u : !rows, !matrix to !hidden
  %active = model.activation silu %gate : !hidden
  %y = arith.mulf %active, %up : !hidden
  return %y : !hidden
}

// CHECK-LABEL: func.func @biases
// CHECK-NEXT: model.gated_mlp silu %arg0, %arg1, %arg2 bias %arg3, %arg4 : tensor<64xf32>, tensor<64xf32>
// REMARK: [Passed] gated-mlp | Category:model | Function=biases
func.func @biases(%x: !rows, %g: !matrix, %u: !matrix, %b: tensor<64xf32>, %c: tensor<64xf32>) -> !hidden {
  %gate = model.linear %x, %g bias %b : tensor<64xf32> : !rows, !matrix to !hidden
  %up = model.linear %x, %u bias %c : tensor<64xf32> : !rows, !matrix to !hidden
  %active = model.activation silu %gate : !hidden
  %y = arith.mulf %active, %up : !hidden
  return %y : !hidden
}

// CHECK-LABEL: func.func @one_bias
// CHECK: arith.mulf
// REMARK: [Missed] gated-mlp | {{.*}}Function=one_bias | {{.*}}Reason="one of the two linear maps has a bias, the other has none"
func.func @one_bias(%x: !rows, %g: !matrix, %u: !matrix, %b: tensor<64xf32>) -> !hidden {
  %gate = model.linear %x, %g bias %b : tensor<64xf32> : !rows, !matrix to !hidden
  %up = model.linear %x, %u : !rows, !matrix to !hidden
  %active = model.activation silu %gate : !hidden
  %y = arith.mulf %active, %up : !hidden
  return %y : !hidden
}

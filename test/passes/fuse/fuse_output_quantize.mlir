// RUN: ingot-opt %s --split-input-file --ingot-kernel-lower-model --ingot-kernel-fuse-output-quantize --remarks-filter=fuse 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK <%t.remarks

#q8_0 = #encoding.storage<format = #encoding.ggml<q8_0>>
#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
!step = !model.step<rows = 4, sequences = 1, wanted = 4>
!cache = !model.key_value<1 x 32 x f16, "full">

// CHECK-LABEL: func.func @forward
// CHECK: %[[Y:.*]] = kernel.matmul {{.*}} to tensor<?x64xf32, #encoding
// CHECK: %[[G:.*]] = kernel.gated_matmul {{.*}} to tensor<?x64xf32, #encoding
// CHECK: %[[H:.*]] = kernel.attention {{.*}} to tensor<?x32xf32, #encoding
// CHECK-NOT: kernel.norm_quantize
// CHECK: return %[[Y]], %[[G]], %[[H]]
// REMARK: [Passed] output-quantize | Category:fuse | Function=forward | Remark="kernel.matmul rounds what it writes"
// REMARK: [Passed] output-quantize | {{.*}}Remark="kernel.gated_matmul rounds what it writes"
// REMARK: [Passed] output-quantize | {{.*}}Remark="kernel.attention rounds what it writes"
func.func @forward(%step: !step, %cache: !cache, %x: tensor<?x32xf32>, %w: tensor<64x32xf32, #q8_0>, %gate_up: tensor<128x32xf32, #q8_0>)
    -> (tensor<?x64xf32, #i8>, tensor<?x64xf32, #i8>, tensor<?x32xf32, #i8>) {
  %y = model.linear %x, %w : tensor<?x32xf32>, tensor<64x32xf32, #q8_0> to tensor<?x64xf32>
  %yq = encoding.quantize %y : tensor<?x64xf32> to tensor<?x64xf32, #i8>
  %g = kernel.gated_matmul %x, %gate_up : tensor<?x32xf32>, tensor<128x32xf32, #q8_0> to tensor<?x64xf32> {
  ^bb0(%gate: f32, %up: f32, %row: index, %column: index):
    %product = arith.mulf %gate, %up : f32
    kernel.yield %product : f32
  }
  %gq = encoding.quantize %g : tensor<?x64xf32> to tensor<?x64xf32, #i8>
  %h = kernel.attention %x, %cache, %step {heads = 1 : i64, scale = 0.5 : f32} : tensor<?x32xf32>, !cache, !step to tensor<?x32xf32>
  %hq = encoding.quantize %h : tensor<?x32xf32> to tensor<?x32xf32, #i8>
  return %yq, %gq, %hq : tensor<?x64xf32, #i8>, tensor<?x64xf32, #i8>, tensor<?x32xf32, #i8>
}

// -----

#q8_0 = #encoding.storage<format = #encoding.ggml<q8_0>>
#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
!step = !model.step<rows = 4, sequences = 1, wanted = 4>
!cache = !model.key_value<2 x 16 x f16, "full">

// A head of 16 is half a group; a result that is also read unrounded; an argument; a norm.
// CHECK-LABEL: func.func @forward
// CHECK: kernel.attention {{.*}} to tensor<?x32xf32>
// CHECK: kernel.matmul {{.*}} to tensor<?x64xf32>
// CHECK-COUNT-4: kernel.norm_quantize {{.*}} to tensor<?x{{32|64}}xf32, #encoding
// REMARK: [Missed] output-quantize | {{.*}}Reason="a head is not whole groups wide"
// REMARK: [Missed] output-quantize | {{.*}}Reason="what is rounded has other users"
// REMARK: [Missed] output-quantize | {{.*}}Reason="an argument is rounded"
// REMARK: [Missed] output-quantize | {{.*}}Reason="the producer cannot round"
func.func @forward(%step: !step, %cache: !cache, %q: tensor<?x64xf32>, %x: tensor<?x32xf32>, %w: tensor<64x32xf32, #q8_0>)
    -> (tensor<?x32xf32, #i8>, tensor<?x64xf32>, tensor<?x64xf32, #i8>, tensor<?x32xf32, #i8>, tensor<?x64xf32, #i8>) {
  %h = kernel.attention %q, %cache, %step {heads = 2 : i64, scale = 0.5 : f32} : tensor<?x64xf32>, !cache, !step to tensor<?x32xf32>
  %y = model.linear %x, %w : tensor<?x32xf32>, tensor<64x32xf32, #q8_0> to tensor<?x64xf32>
  %hq = encoding.quantize %h : tensor<?x32xf32> to tensor<?x32xf32, #i8>
  %yq = encoding.quantize %y : tensor<?x64xf32> to tensor<?x64xf32, #i8>
  %xq = encoding.quantize %x : tensor<?x32xf32> to tensor<?x32xf32, #i8>
  %last = model.wanted_rows %q, %step : tensor<?x64xf32>, !step to tensor<?x64xf32>
  %lastq = encoding.quantize %last : tensor<?x64xf32> to tensor<?x64xf32, #i8>
  return %hq, %y, %yq, %xq, %lastq : tensor<?x32xf32, #i8>, tensor<?x64xf32>, tensor<?x64xf32, #i8>, tensor<?x32xf32, #i8>, tensor<?x64xf32, #i8>
}

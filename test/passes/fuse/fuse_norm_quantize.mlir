// RUN: ingot-opt %s --split-input-file --ingot-kernel-fuse-norm-quantize --remarks-filter=fuse 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK <%t.remarks

#f32 = #encoding.storage<format = #encoding.ggml<f32>>
#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>

// All users round, so the norm does.
// CHECK-LABEL: func.func @forward
// CHECK: %[[A:.*]] = kernel.norm_quantize %arg0 norm %arg1 {{.*}} to tensor<?x64xf32, #encoding
// CHECK-NEXT: return %[[A]], %[[A]]
// REMARK: [Passed] norm-quantize | Category:fuse | Function=forward | Remark="the norm rounds what it writes"
func.func @forward(%x: tensor<?x64xf32>, %weight: tensor<64xf32, #f32>) -> (tensor<?x64xf32, #i8>, tensor<?x64xf32, #i8>) {
  %n = kernel.norm_quantize %x norm %weight : tensor<64xf32, #f32> {epsilon = 1.0e-5 : f32} : tensor<?x64xf32> to tensor<?x64xf32>
  %a = kernel.norm_quantize %n : tensor<?x64xf32> to tensor<?x64xf32, #i8>
  %b = kernel.norm_quantize %n : tensor<?x64xf32> to tensor<?x64xf32, #i8>
  return %a, %b : tensor<?x64xf32, #i8>, tensor<?x64xf32, #i8>
}

// -----

#f32 = #encoding.storage<format = #encoding.ggml<f32>>
#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>

// Someone reads the norm unrounded: there are two of them.
// CHECK-LABEL: func.func @forward
// CHECK-NEXT: %[[A:.*]] = kernel.norm_quantize %arg0 norm %arg1 {{.*}} to tensor<?x64xf32, #encoding
// CHECK-NEXT: %[[N:.*]] = kernel.norm_quantize %arg0 norm %arg1 {{.*}} to tensor<?x64xf32>
// CHECK-NEXT: return %[[N]], %[[A]]
// REMARK: [Passed] norm-quantize | {{.*}}Remark="a copy of the norm rounds what it writes; func.return reads it unrounded"
func.func @forward(%x: tensor<?x64xf32>, %weight: tensor<64xf32, #f32>) -> (tensor<?x64xf32>, tensor<?x64xf32, #i8>) {
  %n = kernel.norm_quantize %x norm %weight : tensor<64xf32, #f32> {epsilon = 1.0e-5 : f32} : tensor<?x64xf32> to tensor<?x64xf32>
  %a = kernel.norm_quantize %n : tensor<?x64xf32> to tensor<?x64xf32, #i8>
  return %n, %a : tensor<?x64xf32>, tensor<?x64xf32, #i8>
}

// -----

#f32 = #encoding.storage<format = #encoding.ggml<f32>>
#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
#sorted = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>, order = "sorted">

// One norm cannot write two orders; no rounding at all is no candidate.
// CHECK-LABEL: func.func @forward
// CHECK-COUNT-4: kernel.norm_quantize
// REMARK: [Missed] norm-quantize | {{.*}}Reason="the norm is rounded to several formats"
// REMARK-NOT: norm-quantize
func.func @forward(%x: tensor<?x64xf32>, %weight: tensor<64xf32, #f32>) -> (tensor<?x64xf32, #i8>, tensor<?x64xf32, #sorted>, tensor<?x64xf32>) {
  %n = kernel.norm_quantize %x norm %weight : tensor<64xf32, #f32> {epsilon = 1.0e-5 : f32} : tensor<?x64xf32> to tensor<?x64xf32>
  %a = kernel.norm_quantize %n : tensor<?x64xf32> to tensor<?x64xf32, #i8>
  %b = kernel.norm_quantize %n : tensor<?x64xf32> to tensor<?x64xf32, #sorted>
  %plain = kernel.norm_quantize %x norm %weight : tensor<64xf32, #f32> {epsilon = 2.0e-5 : f32} : tensor<?x64xf32> to tensor<?x64xf32>
  return %a, %b, %plain : tensor<?x64xf32, #i8>, tensor<?x64xf32, #sorted>, tensor<?x64xf32>
}

// -----

#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>

// Any norm rounds, with a weight or without; one of several groups does not.
// CHECK-LABEL: func.func @forward
// CHECK-NEXT: kernel.norm_quantize %arg0 {centered, epsilon = {{.*}}} : tensor<?x64xf32> to tensor<?x64xf32, #encoding
// CHECK-NEXT: kernel.norm_quantize %arg0 {centered, epsilon = {{.*}}, groups = 2 : i64} : tensor<?x64xf32> to tensor<?x64xf32>
// CHECK-NEXT: kernel.norm_quantize
// CHECK-NEXT: return
// REMARK: [Passed] norm-quantize
// REMARK: [Missed] norm-quantize | {{.*}}Reason="the norm is one of several groups"
func.func @forward(%x: tensor<?x64xf32>) -> (tensor<?x64xf32, #i8>, tensor<?x64xf32, #i8>) {
  %n = kernel.norm_quantize %x {centered, epsilon = 1.0e-5 : f32} : tensor<?x64xf32> to tensor<?x64xf32>
  %a = kernel.norm_quantize %n : tensor<?x64xf32> to tensor<?x64xf32, #i8>
  %m = kernel.norm_quantize %x {centered, epsilon = 1.0e-5 : f32, groups = 2} : tensor<?x64xf32> to tensor<?x64xf32>
  %b = kernel.norm_quantize %m : tensor<?x64xf32> to tensor<?x64xf32, #i8>
  return %a, %b : tensor<?x64xf32, #i8>, tensor<?x64xf32, #i8>
}

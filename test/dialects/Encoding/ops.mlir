// RUN: ingot-opt %s --verify-roundtrip | FileCheck %s
// RUN: ingot-opt %s | ingot-opt --mlir-print-op-generic | ingot-opt | FileCheck %s

#f32 = #encoding.storage<format = #encoding.ggml<f32>>
#q41 = #encoding.storage<format = #encoding.ggml<q4_1>>
#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>

// Every format, with and without its other parts.
// CHECK: func.func private @formats
// CHECK-SAME: tensor<4x64xf32, #encoding.storage<format = #encoding.ggml<f32>>>
// CHECK-SAME: tensor<4x64xf32, #encoding.storage<format = #encoding.ggml<f16>, layout = <16 x 1>>>
// CHECK-SAME: tensor<4x64xf32, #encoding.storage<format = #encoding.ggml<bf16>>>
// CHECK-SAME: tensor<4x64xf32, #encoding.storage<format = #encoding.ggml<q4_0>, order = "by_energy", layout = <16 x 4>>>
// CHECK-SAME: tensor<4x64xf32, #encoding.storage<format = #encoding.ggml<q4_1>>>
// CHECK-SAME: tensor<4x64xf32, #encoding.storage<format = #encoding.ggml<q5_0>>>
// CHECK-SAME: tensor<4x64xf32, #encoding.storage<format = #encoding.ggml<q5_1>>>
// CHECK-SAME: tensor<4x64xf32, #encoding.storage<format = #encoding.ggml<q8_0>, order = "by_energy">>
// CHECK-SAME: tensor<?x64xf32, #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>>
// CHECK-SAME: tensor<?x64xf32, #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic, sums = 16>>>
// CHECK-SAME: tensor<4x128xf32, #encoding.storage<format = #encoding.block<i4, group = 128, scale = static>>>
// CHECK-SAME: tensor<4x256xf32, #encoding.storage<format = #encoding.ggml<q2_k>>>
// CHECK-SAME: tensor<4x256xf32, #encoding.storage<format = #encoding.ggml<q3_k>>>
// CHECK-SAME: tensor<4x256xf32, #encoding.storage<format = #encoding.ggml<q4_k>>>
// CHECK-SAME: tensor<4x256xf32, #encoding.storage<format = #encoding.ggml<q5_k>>>
// CHECK-SAME: tensor<4x256xf32, #encoding.storage<format = #encoding.ggml<q6_k>, layout = <16 x 4>>>
func.func private @formats(tensor<4x64xf32, #f32>,
  tensor<4x64xf32, #encoding.storage<format = #encoding.ggml<f16>, layout = <16 x 1>>>,
  tensor<4x64xf32, #encoding.storage<format = #encoding.ggml<bf16>>>,
  tensor<4x64xf32, #encoding.storage<format = #encoding.ggml<q4_0>, order = "by_energy", layout = <16 x 4>>>,
  tensor<4x64xf32, #q41>,
  tensor<4x64xf32, #encoding.storage<format = #encoding.ggml<q5_0>>>,
  tensor<4x64xf32, #encoding.storage<format = #encoding.ggml<q5_1>>>,
  tensor<4x64xf32, #encoding.storage<format = #encoding.ggml<q8_0>, order = "by_energy">>,
  tensor<?x64xf32, #i8>,
  tensor<?x64xf32, #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic, sums = 16>>>,
  tensor<4x128xf32, #encoding.storage<format = #encoding.block<i4, group = 128, scale = static>>>,
  tensor<4x256xf32, #encoding.storage<format = #encoding.ggml<q2_k>>>,
  tensor<4x256xf32, #encoding.storage<format = #encoding.ggml<q3_k>>>,
  tensor<4x256xf32, #encoding.storage<format = #encoding.ggml<q4_k>>>,
  tensor<4x256xf32, #encoding.storage<format = #encoding.ggml<q5_k>>>,
  tensor<4x256xf32, #encoding.storage<format = #encoding.ggml<q6_k>, layout = <16 x 4>>>)

// CHECK-LABEL: func.func @quantize
func.func @quantize(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  // CHECK: encoding.quantize %{{.*}} : tensor<?x64xf32> to tensor<?x64xf32, #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>>
  %q = encoding.quantize %x : tensor<?x64xf32> to tensor<?x64xf32, #i8>
  // CHECK: encoding.dequantize %{{.*}} : tensor<?x64xf32, #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>> to tensor<?x64xf32>
  %y = encoding.dequantize %q : tensor<?x64xf32, #i8> to tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

model.parameter @q : tensor<64x64xf32, #q41> splat 1.0
model.parameter @k : tensor<24x64xf32, #q41> splat 1.0

// CHECK: encoding.assemble @query_key : tensor<192x64xf32, #encoding.storage<format = #encoding.ggml<q4_1>, layout = <16 x 4>>> on "host" {
encoding.assemble @query_key : tensor<192x64xf32, #encoding.storage<format = #encoding.ggml<q4_1>, layout = <16 x 4>>> on "host" {
  // CHECK: encoding.load @q : tensor<64x64xf32, {{.*}}>
  %q = encoding.load @q : tensor<64x64xf32, #q41>
  %k = encoding.load @k : tensor<24x64xf32, #q41>
  // CHECK: encoding.head_rows %{{.*}} {dimension = 16 : i64, order = 2 : i32, panel = 16 : i64} : tensor<64x64xf32, {{.*}}> to tensor<128x64xf32, {{.*}}>
  %qh = encoding.head_rows %q {dimension = 16 : i64, order = 2 : i32, panel = 16 : i64} : tensor<64x64xf32, #q41> to tensor<128x64xf32, #q41>
  // CHECK: encoding.head_rows %{{.*}} {dimension = 12 : i64, order = 1 : i32, panel = 16 : i64, rotated = 4 : i64} : tensor<24x64xf32, {{.*}}> to tensor<64x64xf32, {{.*}}>
  %kh = encoding.head_rows %k {dimension = 12 : i64, order = 1 : i32, panel = 16 : i64, rotated = 4 : i64} : tensor<24x64xf32, #q41> to tensor<64x64xf32, #q41>
  // CHECK: encoding.concatenate %{{.*}}, %{{.*}} : tensor<128x64xf32, {{.*}}>, tensor<64x64xf32, {{.*}}> to tensor<192x64xf32, {{.*}}>
  %all = encoding.concatenate %qh, %kh : tensor<128x64xf32, #q41>, tensor<64x64xf32, #q41> to tensor<192x64xf32, #q41>
  // CHECK: encoding.yield
  encoding.yield %all : tensor<192x64xf32, #q41>
}

// CHECK: encoding.assemble @interleaved : tensor<64x64xf32, {{.*}}> {
encoding.assemble @interleaved : tensor<64x64xf32, #q41> {
  %k = encoding.load @k : tensor<24x64xf32, #q41>
  // CHECK: encoding.interleave %{{.*}}, %{{.*}} {panel = 16 : i64} : tensor<24x64xf32, {{.*}}>, tensor<24x64xf32, {{.*}}> to tensor<64x64xf32, {{.*}}>
  %i = encoding.interleave %k, %k {panel = 16 : i64} : tensor<24x64xf32, #q41>, tensor<24x64xf32, #q41> to tensor<64x64xf32, #q41>
  encoding.yield %i : tensor<64x64xf32, #q41>
}

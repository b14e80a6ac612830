// RUN: ingot-opt %s --ingot-place-assign-layouts | FileCheck %s

#f32 = #encoding.storage<format = #encoding.ggml<f32>>
#f16 = #encoding.storage<format = #encoding.ggml<f16>>
#q8_0 = #encoding.storage<format = #encoding.ggml<q8_0>>
!step = !model.step<rows = 1, sequences = 1, wanted = 1>

module attributes {ingot.options = {target = "cpu", cpu = "native", activations = "auto", key_value = "f16", weights = "embedded"}} {
// The file keeps its formats; the home goes to what is stored.
// CHECK: model.parameter @table : tensor<20x32xf32, #encoding.storage<format = #encoding.ggml<f16>>> splat 1.000000e+00{{$}}
// CHECK: model.parameter @norm : tensor<32xf32, #encoding.storage<format = #encoding.ggml<f32>>> splat 1.000000e+00{{$}}
model.parameter @table : tensor<20x32xf32, #f16> splat 1.0 on "host[0]"
model.parameter @norm : tensor<32xf32, #f32> splat 1.0 on "host[0]"
// CHECK: model.parameter @shift : tensor<32xf32, #encoding.storage<format = #encoding.ggml<f16>>> splat 1.000000e+00{{$}}
model.parameter @shift : tensor<32xf32, #f16> splat 1.0 on "host[0]"
model.parameter @part : tensor<16x32xf32, #q8_0> splat 1.0
// CHECK: encoding.assemble @weight : tensor<32x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>, layout = <16 x 4>>> on "host[0]" {
encoding.assemble @weight : tensor<32x32xf32, #q8_0> on "host[0]" {
  %0 = encoding.load @part : tensor<16x32xf32, #q8_0>
  // CHECK: encoding.concatenate {{.*}} to tensor<32x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>>>
  %1 = encoding.concatenate %0, %0 : tensor<16x32xf32, #q8_0>, tensor<16x32xf32, #q8_0> to tensor<32x32xf32, #q8_0>
  encoding.yield %1 : tensor<32x32xf32, #q8_0>
}
// CHECK: kernel.function @embedding({{.*}}: tensor<20x32xf32, #encoding.storage<format = #encoding.ggml<f16>, layout = <16 x 1>>>, {{.*}})
// CHECK-NEXT: kernel.embedding {{.*}} : tensor<20x32xf32, #encoding.storage<format = #encoding.ggml<f16>, layout = <16 x 1>>>
kernel.function @embedding(%table: tensor<20x32xf32, #f16>, %step: !step) -> tensor<1x32xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  %x = kernel.embedding %table, %step : tensor<20x32xf32, #f16>, !step to tensor<1x32xf32>
  kernel.return %x : tensor<1x32xf32>
}
// CHECK: kernel.function @norm_32({{.*}}: tensor<1x32xf32>, {{.*}}: tensor<32xf32, #encoding.storage<format = #encoding.ggml<f32>>>) -> tensor<1x32xf32>
kernel.function @norm_32(%x: tensor<1x32xf32>, %weight: tensor<32xf32, #f32>) -> tensor<1x32xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  %y = kernel.norm_quantize %x norm %weight : tensor<32xf32, #f32> {epsilon = 1.0e-5 : f32} : tensor<1x32xf32> to tensor<1x32xf32>
  kernel.return %y : tensor<1x32xf32>
}
// Vectors are f32 where kernels read them.
// CHECK: kernel.function @shift_32({{.*}}: tensor<1x32xf32>, {{.*}}: tensor<32xf32, #encoding.storage<format = #encoding.ggml<f32>>>) -> tensor<1x32xf32>
kernel.function @shift_32(%x: tensor<1x32xf32>, %v: tensor<32xf32, #f16>) -> tensor<1x32xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  %y = kernel.generic %x, %v : tensor<1x32xf32>, tensor<32xf32, #f16> to tensor<1x32xf32> {
  ^bb0(%a: f32, %b: f32, %row: index, %column: index):
    %sum = arith.addf %a, %b : f32
    kernel.yield %sum : f32
  }
  kernel.return %y : tensor<1x32xf32>
}
// CHECK: kernel.function @matmul_32x32({{.*}}: tensor<32x32xf32, #encoding.storage<format = #encoding.ggml<q8_0>, layout = <16 x 4>>>) -> tensor<1x32xf32>
kernel.function @matmul_32x32(%x: tensor<1x32xf32>, %weight: tensor<32x32xf32, #q8_0>) -> tensor<1x32xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  %y = kernel.matmul %x, %weight : tensor<1x32xf32>, tensor<32x32xf32, #q8_0> to tensor<1x32xf32> {
  ^bb0(%accumulator: f32, %row: index, %column: index):
    kernel.yield %accumulator : f32
  }
  kernel.return %y : tensor<1x32xf32>
}
// CHECK: encoding.assemble @table.packed : tensor<20x32xf32, #encoding.storage<format = #encoding.ggml<f16>, layout = <16 x 1>>> on "host[0]" {
// CHECK-NEXT: %[[TABLE:.*]] = encoding.load @table : tensor<20x32xf32, #encoding.storage<format = #encoding.ggml<f16>>>
// CHECK-NEXT: encoding.yield %[[TABLE]]
// CHECK: encoding.assemble @norm.packed : tensor<32xf32, #encoding.storage<format = #encoding.ggml<f32>>> on "host[0]" {
// CHECK-NEXT: encoding.load @norm
// CHECK: encoding.assemble @shift.packed : tensor<32xf32, #encoding.storage<format = #encoding.ggml<f32>>> on "host[0]" {
// CHECK-NEXT: encoding.load @shift : tensor<32xf32, #encoding.storage<format = #encoding.ggml<f16>>>
// CHECK-LABEL: func.func @forward.rows_1
func.func @forward.rows_1(%step: !step) -> tensor<1x32xf32> attributes {kernel.row_range = #kernel.rows<1 to 1>} {
  // CHECK: model.load_parameter @table.packed : {{.*}}layout
  %table = model.load_parameter @table : tensor<20x32xf32, #f16>
  // CHECK: model.load_parameter @norm.packed
  %norm = model.load_parameter @norm : tensor<32xf32, #f32>
  // CHECK: model.load_parameter @weight : {{.*}}layout
  %weight = model.load_parameter @weight : tensor<32x32xf32, #q8_0>
  %x = kernel.call @embedding(%table, %step) : (tensor<20x32xf32, #f16>, !step) -> tensor<1x32xf32>
  %n = kernel.call @norm_32(%x, %norm) : (tensor<1x32xf32>, tensor<32xf32, #f32>) -> tensor<1x32xf32>
  %shift = model.load_parameter @shift : tensor<32xf32, #f16>
  %z = kernel.call @shift_32(%n, %shift) : (tensor<1x32xf32>, tensor<32xf32, #f16>) -> tensor<1x32xf32>
  %y = kernel.call @matmul_32x32(%z, %weight) : (tensor<1x32xf32>, tensor<32x32xf32, #q8_0>) -> tensor<1x32xf32>
  return %y : tensor<1x32xf32>
}
// Another clone reads the same copies.
// CHECK-NOT: encoding.assemble
// CHECK-LABEL: func.func @forward.rows_2
// CHECK: model.load_parameter @norm.packed
func.func @forward.rows_2(%step: !step) attributes {kernel.row_range = #kernel.rows<2 to 2>} {
  %norm = model.load_parameter @norm : tensor<32xf32, #f32>
  return
}
}

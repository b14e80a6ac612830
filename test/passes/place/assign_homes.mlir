// RUN: ingot-opt %s --split-input-file --ingot-place-assign-homes | FileCheck %s

#f32 = #encoding.storage<format = #encoding.ggml<f32>>
!step = !model.step<rows = 1, sequences = 1, wanted = 1>

// What is loaded gets a home, what only a recipe reads does not; what an edited dump says stays.
// CHECK: model.parameter @loaded : {{.*}} splat 1.000000e+00 on "host[0]"
// CHECK: model.parameter @edited : {{.*}} splat 1.000000e+00 on "pinned[0]"
// CHECK: model.parameter @in_recipe : {{.*}} splat 1.000000e+00{{$}}
// CHECK: encoding.assemble @made : {{.*}} on "host[0]" {
// CHECK: kernel.call @norm_32.rows_1({{.*}}) on "compute" :
// CHECK: kernel.call @norm_32.rows_1({{.*}}) on "cpu" :
// CHECK: kernel.call @norm_32.rows_1({{.*}}) on "compute" :
module attributes {ingot.options = {target = "cpu", cpu = "native", activations = "auto", key_value = "f16", weights = "embedded"}} {
model.parameter @loaded : tensor<32xf32, #f32> splat 1.0
model.parameter @edited : tensor<32xf32, #f32> splat 1.0 on "pinned[0]"
model.parameter @in_recipe : tensor<32xf32, #f32> splat 1.0
encoding.assemble @made : tensor<32xf32, #f32> {
  %0 = encoding.load @in_recipe : tensor<32xf32, #f32>
  encoding.yield %0 : tensor<32xf32, #f32>
}
kernel.function @norm_32.rows_1(%x: tensor<1x32xf32>, %weight: tensor<32xf32, #f32>) -> tensor<1x32xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  %y = kernel.norm_quantize %x norm %weight : tensor<32xf32, #f32> {epsilon = 1.0e-5 : f32} : tensor<1x32xf32> to tensor<1x32xf32>
  kernel.return %y : tensor<1x32xf32>
}
func.func @forward.rows_1(%step: !step, %x: tensor<1x32xf32>) -> tensor<1x32xf32> attributes {kernel.row_range = #kernel.rows<1 to 1>} {
  %0 = model.load_parameter @loaded : tensor<32xf32, #f32>
  %1 = model.load_parameter @edited : tensor<32xf32, #f32>
  %2 = model.load_parameter @made : tensor<32xf32, #f32>
  %a = kernel.call @norm_32.rows_1(%x, %0) : (tensor<1x32xf32>, tensor<32xf32, #f32>) -> tensor<1x32xf32>
  %b = kernel.call @norm_32.rows_1(%a, %1) on "cpu" : (tensor<1x32xf32>, tensor<32xf32, #f32>) -> tensor<1x32xf32>
  %c = kernel.call @norm_32.rows_1(%b, %2) : (tensor<1x32xf32>, tensor<32xf32, #f32>) -> tensor<1x32xf32>
  return %c : tensor<1x32xf32>
}
}

// -----

// Modules without a forward function stay as they are, whatever they are compiled for.
// CHECK: func.func @other()
func.func @other() {
  return
}

// RUN: ingot-opt %s --split-input-file --ingot-kernel-lower-model | FileCheck %s

// Arithmetic on whole tensors becomes the same arithmetic on one element; a splat becomes a scalar.
!step = !model.step<rows = 4, sequences = 1, wanted = 4>

// CHECK-LABEL: func.func @forward
// CHECK-NOT: dense
func.func @forward(%step: !step, %x: tensor<4x32xf32>) -> tensor<4x32xf32> {
  // CHECK: %[[TANH:.*]] = kernel.generic %arg1
  // CHECK: math.tanh %{{.*}} : f32
  %tanh = math.tanh %x : tensor<4x32xf32>
  // CHECK: kernel.generic %[[TANH]] : tensor<4x32xf32>
  // CHECK-NEXT: ^bb0(%[[ELEMENT:.*]]: f32, %{{.*}}: index, %{{.*}}: index):
  // CHECK-NEXT: %[[HALF:.*]] = arith.constant 5.000000e-01 : f32
  // CHECK-NEXT: %[[PRODUCT:.*]] = arith.mulf %[[ELEMENT]], %[[HALF]] : f32
  // CHECK-NEXT: kernel.yield %[[PRODUCT]]
  %half = arith.constant dense<0.5> : tensor<4x32xf32>
  %y = arith.mulf %tanh, %half : tensor<4x32xf32>
  return %y : tensor<4x32xf32>
}

// -----

// Modules without a forward function stay as they are.
// CHECK-LABEL: func.func @other
// CHECK-NEXT: math.tanh %{{.*}} : tensor<4x32xf32>
func.func @other(%x: tensor<4x32xf32>) -> tensor<4x32xf32> {
  %tanh = math.tanh %x : tensor<4x32xf32>
  return %tanh : tensor<4x32xf32>
}

// -----

// With a dynamic number of rows, a constant is a splat over tensor.dim.
// CHECK-LABEL: func.func @forward
// CHECK-NOT: tensor.splat
// CHECK: kernel.generic %arg0 : tensor<?x32xf32>
// CHECK-NEXT: ^bb0(%[[ELEMENT:.*]]: f32, %{{.*}}: index, %{{.*}}: index):
// CHECK-NEXT: %[[HALF:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-NEXT: arith.mulf %[[ELEMENT]], %[[HALF]] : f32
func.func @forward(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %zero = arith.constant 0 : index
  %rows = tensor.dim %x, %zero : tensor<?x32xf32>
  %scalar = arith.constant 0.5 : f32
  %half = tensor.splat %scalar[%rows] : tensor<?x32xf32>
  %y = arith.mulf %x, %half : tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

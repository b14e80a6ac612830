// RUN: ingot-opt %s --verify-roundtrip | FileCheck %s
// RUN: ingot-opt %s | ingot-opt --mlir-print-op-generic | ingot-opt | FileCheck %s

#f32 = #encoding.storage<format = #encoding.ggml<f32>>
!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<1 x 64 x f16, "full">
!weight = !schedule.buffer<host[0], constant, 256>
!row = !schedule.buffer<host[0], transient, 2048>
!state = !schedule.buffer<host[0], state, 8192>

// CHECK: func.func private @places(!schedule.buffer<disk[0], constant, 1>, !schedule.buffer<pinned[1], staging, 2>, !schedule.buffer<device[3], transient, 3>)
func.func private @places(!schedule.buffer<disk[0], constant, 1>, !schedule.buffer<pinned[1], staging, 2>, !schedule.buffer<device[3], transient, 3>)

model.parameter @norm : tensor<64xf32, #f32> splat 1.0

kernel.function @normed(%x: tensor<?x64xf32>, %w: tensor<64xf32, #f32>) -> tensor<?x64xf32> attributes {row_range = #kernel.rows<1 to 8>} {
  %y = kernel.norm_quantize %x norm %w : tensor<64xf32, #f32> {epsilon = 1.0e-5 : f32} : tensor<?x64xf32> to tensor<?x64xf32>
  kernel.return %y : tensor<?x64xf32>
}
kernel.function @attention(%q: tensor<?x64xf32>, %cache: !cache, %step: !step) -> tensor<?x64xf32> attributes {row_range = #kernel.rows<1 to 8>} {
  %y = kernel.attention %q, %cache, %step {heads = 1 : i64, scale = 0.125 : f32} : tensor<?x64xf32>, !cache, !step to tensor<?x64xf32>
  kernel.return %y : tensor<?x64xf32>
}

// CHECK: schedule.program @values(!model.step<rows = 8, sequences = 1, wanted = 8>) <1 to 8> {
schedule.program @values(!step) #kernel.rows<1 to 8> {
  // CHECK: schedule.constant @norm : <host[0], constant, 256>
  %w = schedule.constant @norm : !weight
  // CHECK: schedule.state "key" 0 : <host[0], state, 8192>
  %k = schedule.state "key" 0 : !state
  // CHECK: schedule.state "value" 0 : <host[0], state, 8192>
  %v = schedule.state "value" 0 : !state
  // CHECK: schedule.allocate : <host[0], transient, 2048>
  %x = schedule.allocate : !row
  %y = schedule.allocate : !row
  // CHECK: schedule.launch @normed(%{{.*}}, %{{.*}} : !schedule.buffer<host[0], transient, 2048>, !schedule.buffer<host[0], constant, 256>) to(%{{.*}} : !schedule.buffer<host[0], transient, 2048>) on compute <rows, 1 x 0>
  %t0 = schedule.launch @normed(%x, %w : !row, !weight) to (%y : !row) on compute #schedule.partition<rows, 1 x 0>
  // CHECK: schedule.launch @attention(%{{.*}} : !schedule.buffer<host[0], transient, 2048>) updates(%{{.*}}, %{{.*}} : !schedule.buffer<host[0], state, 8192>, !schedule.buffer<host[0], state, 8192>) to(%{{.*}} : !schedule.buffer<host[0], transient, 2048>) after %{{.*}} wanted on compute <heads, 4 x 1>
  %t1 = schedule.launch @attention(%y : !row) updates (%k, %v : !state, !state) to (%x : !row) after %t0 wanted on compute #schedule.partition<heads, 4 x 1>
  // CHECK: schedule.return %{{.*}} columns 64 after %{{.*}} : <host[0], transient, 2048>
  schedule.return %x columns 64 after %t1 : !row
}

// CHECK: schedule.arena @weights : host[0], constant, 4096 align 64
schedule.arena @weights : host[0], constant, 4096 align 64
// CHECK: schedule.parameter_slice @norm at 0 bytes 256
schedule.parameter_slice @norm at 0 bytes 256
schedule.arena @caches : host[0], state, 16384 align 64
schedule.arena @activations : host[0], transient, 4096 align 64

// CHECK: schedule.program @addresses
schedule.program @addresses(!step) #kernel.rows<1 to 8> {
  // CHECK: schedule.view @weights[0] of @norm : <host[0], constant, 256>
  %w = schedule.view @weights[0] of @norm : !weight
  // CHECK: schedule.view @caches[8192] holding "value" 0 : <host[0], state, 8192>
  %v = schedule.view @caches[8192] holding "value" 0 : !state
  // CHECK: schedule.view @activations[2048] : <host[0], transient, 2048>
  %y = schedule.view @activations[2048] : !row
  %x = schedule.view @activations[0] : !row
  %t0 = schedule.launch @normed(%x, %w : !row, !weight) to (%y : !row) on compute #schedule.partition<columns, 16 x 4>
  // CHECK: schedule.barrier
  schedule.barrier
  schedule.return %y columns 64 after %t0 : !row
}

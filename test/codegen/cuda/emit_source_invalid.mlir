// What has no CUDA C++ yet is an error that names it.

// RUN: ingot-opt %s --split-input-file --verify-diagnostics --ingot-cuda-emit-source

#q8_0 = #encoding.storage<format = #encoding.ggml<q8_0>, layout = <16 x 4>>
#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>

kernel.function @rounded.rows_1(%x: tensor<1x64xf32, #i8>, %w: tensor<64x64xf32, #q8_0>) -> tensor<1x64xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  // expected-error @below {{'kernel.matmul' op has no CUDA C++ for activations of 8 bits}}
  %y = kernel.matmul %x, %w : tensor<1x64xf32, #i8>, tensor<64x64xf32, #q8_0> to tensor<1x64xf32> {
  ^bb0(%a: f32, %row: index, %column: index):
    kernel.yield %a : f32
  }
  kernel.return %y : tensor<1x64xf32>
}

// -----

kernel.function @copy.rows_1(%x: tensor<1x64xf32>) -> tensor<1x64xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  // expected-error @below {{'kernel.norm_quantize' op has no CUDA C++ without a norm: activations are rounded to 16 bits or not at all}}
  %y = kernel.norm_quantize %x : tensor<1x64xf32> to tensor<1x64xf32>
  kernel.return %y : tensor<1x64xf32>
}

// -----

kernel.function @generic.rows_1(%x: tensor<1x64xf32>) -> tensor<1x64xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  %y = kernel.generic %x : tensor<1x64xf32> to tensor<1x64xf32> {
  ^bb0(%a: f32, %row: index, %column: index):
    // expected-error @below {{'math.cbrt' op has no CUDA C++ in a kernel's region}}
    %c = math.cbrt %a : f32
    kernel.yield %c : f32
  }
  kernel.return %y : tensor<1x64xf32>
}

// -----

kernel.function @generic.rows_1(%x: tensor<1x64xf32>) -> tensor<1x64xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  %y = kernel.generic %x : tensor<1x64xf32> to tensor<1x64xf32> {
  ^bb0(%a: f32, %row: index, %column: index):
    // expected-error @below {{'arith.cmpf' op has no CUDA C++ in a kernel's region}}
    %c = arith.cmpf ueq, %a, %a : f32
    %s = arith.select %c, %a, %a : f32
    kernel.yield %s : f32
  }
  kernel.return %y : tensor<1x64xf32>
}

// -----

!step = !model.step<rows = 16, sequences = 1, wanted = 1>
!cache = !model.key_value<1 x 2048 x f32, "full">
model.cache_group "full" {context = 1024, page_rows = 64, pages = 16}
kernel.function @wide.rows_9_to_16(%q: tensor<?x2048xf32>, %c: !cache, %step: !step) -> tensor<?x2048xf32> attributes {row_range = #kernel.rows<9 to 16>} {
  // expected-error @below {{'kernel.attention' op has no CUDA C++ for heads of 2048 columns: a tile does not fit into 48 KiB of shared memory}}
  %y = kernel.attention %q, %c, %step {heads = 1, scale = 0.125 : f32} : tensor<?x2048xf32>, !cache, !step to tensor<?x2048xf32>
  kernel.return %y : tensor<?x2048xf32>
}

// -----

!step = !model.step<rows = 1, sequences = 1, wanted = 1>
!cache = !model.key_value<1 x 64 x f32, "full">
model.cache_group "full" {context = 16384, page_rows = 64, pages = 256}
kernel.function @long.rows_1(%q: tensor<1x64xf32>, %c: !cache, %step: !step) -> tensor<1x144xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  // expected-error @below {{'kernel.attention_partial' op has no CUDA C++ for chunks of 8192 keys and heads of 64 columns: at most 4096 and 512}}
  %y = kernel.attention_partial %q, %c, %step {heads = 1, scale = 0.125 : f32, key_chunk = 8192, chunks = 2} : tensor<1x64xf32>, !cache, !step to tensor<1x144xf32>
  kernel.return %y : tensor<1x144xf32>
}

// -----

!step = !model.step<rows = 1, sequences = 1, wanted = 1>
!cache = !model.key_value<1 x 64 x f32, "full">
model.cache_group "full" {context = 1024, page_rows = 64, pages = 16}
kernel.function @short.rows_1(%q: tensor<1x64xf32>, %c: !cache, %step: !step) -> tensor<1x144xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  // expected-error @below {{expected room for the 8 chunks that a row looks at, found chunks = 2}}
  %y = kernel.attention_partial %q, %c, %step {heads = 1, scale = 0.125 : f32, chunks = 2} : tensor<1x64xf32>, !cache, !step to tensor<1x144xf32>
  kernel.return %y : tensor<1x144xf32>
}

// -----

!step = !model.step<rows = 1, sequences = 1, wanted = 1>
!cache = !model.key_value<1 x 64 x f32, "other">
kernel.function @lost.rows_1(%c: !cache, %k: tensor<1x64xf32>, %v: tensor<1x64xf32>, %step: !step) -> !cache attributes {row_range = #kernel.rows<1 to 1>} {
  // expected-error @below {{expected a model.cache_group "other"}}
  %next = kernel.append %c, %k, %v, %step : !cache, tensor<1x64xf32>, tensor<1x64xf32>, !step
  kernel.return %next : !cache
}

// -----

!step = !model.step<rows = 1, sequences = 1, wanted = 1>
!cache = !model.key_value<1 x 64 x f32, "full">
model.cache_group "full" {context = 1024, page_rows = 48, pages = 22}
kernel.function @pages.rows_1(%c: !cache, %k: tensor<1x64xf32>, %v: tensor<1x64xf32>, %step: !step) -> !cache attributes {row_range = #kernel.rows<1 to 1>} {
  // expected-error @below {{expected pages of a multiple of 32 positions, found 48}}
  %next = kernel.append %c, %k, %v, %step : !cache, tensor<1x64xf32>, tensor<1x64xf32>, !step
  kernel.return %next : !cache
}

// -----

// Launches are tables only once buffers have addresses.
schedule.program @forward.rows_1(!model.step<rows = 1, sequences = 1, wanted = 1>) <1 to 1> {
  %x = schedule.allocate : !schedule.buffer<device[0], transient, 256>
  // expected-error @below {{expected buffers in arenas: run the plan phase first}}
  %t = schedule.launch @kernel.rows_1() to (%x : !schedule.buffer<device[0], transient, 256>) on compute <rows, 1 x 0>
  schedule.return %x columns 64 after %t : !schedule.buffer<device[0], transient, 256>
}
kernel.function @kernel.rows_1(%step: !model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  %y = kernel.rope_table %step {frequencies = array<f32: 1.0>, magnitude = 1.0 : f32} : !model.step<rows = 1, sequences = 1, wanted = 1> to tensor<1x32xf32>
  kernel.return %y : tensor<1x32xf32>
}

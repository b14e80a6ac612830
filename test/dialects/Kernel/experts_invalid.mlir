// RUN: ingot-opt %s --split-input-file --verify-diagnostics

func.func @choose_experts(%x: tensor<?x4xf32>) {
  // expected-error @+1 {{expected 1 to as many experts as there are logits, at most 16777216, found count = 0 of 'tensor<?x4xf32>'}}
  %y = kernel.choose_experts softmax_of_all %x {count = 0 : i64} : tensor<?x4xf32> to tensor<?x0xf32>
  return
}

// -----

func.func @group_rows(%choice: tensor<?x3xf32>) {
  // expected-error @+1 {{expected a choice of experts and their weights, found 'tensor<?x3xf32>'}}
  %y = kernel.group_rows %choice {experts = 8 : i64} : tensor<?x3xf32> to tensor<?x20xi32>
  return
}

// -----

func.func @group_rows(%choice: tensor<?x4xf32>) {
  // expected-error @+1 {{expected 1 <= count <= experts, found count = 2 and experts = 1}}
  %y = kernel.group_rows %choice {experts = 1 : i64} : tensor<?x4xf32> to tensor<?x8xi32>
  return
}

// -----

func.func @group_rows(%choice: tensor<?x4xf32>) {
  // expected-error @+1 {{expected groups in words of 32 bits, found 'tensor<?x22xf32>'}}
  %y = kernel.group_rows %choice {experts = 8 : i64} : tensor<?x4xf32> to tensor<?x22xf32>
  return
}

// -----

func.func @group_rows(%choice: tensor<?x4xf32>) {
  // expected-error @+1 {{expected groups of 22 columns, found 'tensor<?x21xi32>'}}
  %y = kernel.group_rows %choice {experts = 8 : i64} : tensor<?x4xf32> to tensor<?x21xi32>
  return
}

// -----

#w8 = #encoding.storage<format = #encoding.ggml<q8_0>>
func.func @gated(%x: tensor<?x64xf32>, %groups: tensor<?x22xi32>, %w: tensor<1408x64xf32, #w8>) {
  // expected-error @+1 {{expected a weight of whole panels for each of 8 experts, found 'tensor<1408x64xf32,}}
  %h = kernel.expert_gated_matmul %x, %groups, %w {count = 2 : i64, experts = 8 : i64} : tensor<?x64xf32>, tensor<?x22xi32>, tensor<1408x64xf32, #w8> to tensor<?x176xf32> {
  ^bb0(%g: f32, %u: f32, %row: index, %column: index):
    kernel.yield %g : f32
  }
  return
}

// -----

#w8 = #encoding.storage<format = #encoding.ggml<q8_0>>
func.func @gated(%x: tensor<?x64xf32>, %groups: tensor<?x22xi32>, %w: tensor<1536x64xf32, #w8>) {
  // expected-error @+1 {{expected a result of 2 pieces, each half as wide as an expert has rows of 'tensor<1536x64xf32,}}
  %h = kernel.expert_gated_matmul %x, %groups, %w {count = 2 : i64, experts = 8 : i64} : tensor<?x64xf32>, tensor<?x22xi32>, tensor<1536x64xf32, #w8> to tensor<?x96xf32> {
  ^bb0(%g: f32, %u: f32, %row: index, %column: index):
    kernel.yield %g : f32
  }
  return
}

// -----

#w8 = #encoding.storage<format = #encoding.ggml<q8_0>>
#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
func.func @gated(%x: tensor<?x64xf32>, %groups: tensor<?x22xi32>, %w: tensor<1280x64xf32, #w8>) {
  // expected-error @+1 {{expected pieces of whole groups of 32 for a result in an integer format}}
  %h = kernel.expert_gated_matmul %x, %groups, %w {count = 2 : i64, experts = 8 : i64} : tensor<?x64xf32>, tensor<?x22xi32>, tensor<1280x64xf32, #w8> to tensor<?x160xf32, #i8> {
  ^bb0(%g: f32, %u: f32, %row: index, %column: index):
    kernel.yield %g : f32
  }
  return
}

// -----

#w8 = #encoding.storage<format = #encoding.ggml<q8_0>>
func.func @gated(%x: tensor<?x64xf32>, %groups: tensor<?x22xi32>, %w: tensor<1536x64xf32, #w8>, %r: tensor<?x192xf32>) {
  // expected-error @+1 {{expected no operands of the epilogue, found 1}}
  %h = kernel.expert_gated_matmul %x, %groups, %w with %r : tensor<?x192xf32> {count = 2 : i64, experts = 8 : i64} : tensor<?x64xf32>, tensor<?x22xi32>, tensor<1536x64xf32, #w8> to tensor<?x192xf32> {
  ^bb0(%g: f32, %u: f32, %operand: f32, %row: index, %column: index):
    kernel.yield %g : f32
  }
  return
}

// -----

#w8 = #encoding.storage<format = #encoding.ggml<q8_0>>
func.func @gated(%x: tensor<?x32xf32>, %groups: tensor<?x22xi32>, %w: tensor<1536x64xf32, #w8>) {
  // expected-error @+1 {{expected an input of 64 columns, found 'tensor<?x32xf32>'}}
  %h = kernel.expert_gated_matmul %x, %groups, %w {count = 2 : i64, experts = 8 : i64} : tensor<?x32xf32>, tensor<?x22xi32>, tensor<1536x64xf32, #w8> to tensor<?x192xf32> {
  ^bb0(%g: f32, %u: f32, %row: index, %column: index):
    kernel.yield %g : f32
  }
  return
}

// -----

#w8 = #encoding.storage<format = #encoding.ggml<q8_0>>
func.func @gated(%x: tensor<?x64xf32>, %groups: tensor<?x22xi32>, %w: tensor<1536x64xf32, #w8>) {
  // expected-error @+1 {{expected a region over ('f32', 'f32', 'index', 'index'), found ('f32', 'index', 'index')}}
  %h = kernel.expert_gated_matmul %x, %groups, %w {count = 2 : i64, experts = 8 : i64} : tensor<?x64xf32>, tensor<?x22xi32>, tensor<1536x64xf32, #w8> to tensor<?x192xf32> {
  ^bb0(%g: f32, %row: index, %column: index):
    kernel.yield %g : f32
  }
  return
}

// -----

#f32 = #encoding.storage<format = #encoding.ggml<f32>>
#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
func.func @sum(%h: tensor<?x192xf32, #i8>, %groups: tensor<?x22xi32>, %w: tensor<512x96xf32, #f32>) {
  // expected-error @+1 {{expected a plain input for the plain weight}}
  %y = kernel.expert_sum %h, %groups, %w {count = 2 : i64, experts = 8 : i64} : tensor<?x192xf32, #i8>, tensor<?x22xi32>, tensor<512x96xf32, #f32> to tensor<?x64xf32> {
  ^bb0(%sum: f32, %row: index, %column: index):
    kernel.yield %sum : f32
  }
  return
}

// -----

#w8 = #encoding.storage<format = #encoding.ggml<q8_0>>
func.func @sum(%h: tensor<?x192xf32>, %groups: tensor<?x22xi32>, %w: tensor<512x96xf32, #w8>) {
  // expected-error @+1 {{expected a plain result as wide as an expert has rows of 'tensor<512x96xf32,}}
  %y = kernel.expert_sum %h, %groups, %w {count = 2 : i64, experts = 8 : i64} : tensor<?x192xf32>, tensor<?x22xi32>, tensor<512x96xf32, #w8> to tensor<?x48xf32> {
  ^bb0(%sum: f32, %row: index, %column: index):
    kernel.yield %sum : f32
  }
  return
}

// -----

#w8 = #encoding.storage<format = #encoding.ggml<q8_0>>
func.func @sum(%h: tensor<?x192xf32>, %groups: tensor<?x22xi32>, %w: tensor<512x96xf32, #w8>, %r: tensor<?x32xf32>) {
  // expected-error @+1 {{expected plain f32 operands of 64 columns, found 'tensor<?x32xf32>'}}
  %y = kernel.expert_sum %h, %groups, %w with %r : tensor<?x32xf32> {count = 2 : i64, experts = 8 : i64} : tensor<?x192xf32>, tensor<?x22xi32>, tensor<512x96xf32, #w8> to tensor<?x64xf32> {
  ^bb0(%sum: f32, %operand: f32, %row: index, %column: index):
    kernel.yield %sum : f32
  }
  return
}

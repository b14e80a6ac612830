// RUN: ingot-opt %s --split-input-file --verify-diagnostics

func.func @repeat_column(%x: tensor<?x2xf32>) {
  // expected-error @+1 {{expected an input of 1 columns, found 'tensor<?x2xf32>'}}
  %y = model.repeat_column %x : tensor<?x2xf32> to tensor<?x8xf32>
  return
}

// -----

func.func @repeat_column(%x: tensor<?x1xf32>) {
  // expected-error @+1 {{expected a result of 8 columns, found 'tensor<?x2x8xf32>'}}
  %y = model.repeat_column %x : tensor<?x1xf32> to tensor<?x2x8xf32>
  return
}

// -----

func.func @choose_experts(%x: tensor<?x4xf32>) {
  // expected-error @+1 {{expected 1 to as many experts as there are logits, at most 16777216, found count = 5 of 'tensor<?x4xf32>'}}
  %y = model.choose_experts softmax_of_all %x {count = 5 : i64} : tensor<?x4xf32> to tensor<?x10xf32>
  return
}

// -----

func.func @choose_experts(%x: tensor<?x2x4xf32>) {
  // expected-error @+1 {{expected an input of 4 columns, found 'tensor<?x2x4xf32>'}}
  %y = model.choose_experts softmax_of_all %x {count = 2 : i64} : tensor<?x2x4xf32> to tensor<?x4xf32>
  return
}

// -----

func.func @choose_experts(%x: tensor<?x4xf32>) {
  // expected-error @+1 {{expected a result of 4 columns, found 'tensor<?x2xf32>'}}
  %y = model.choose_experts softmax_of_all %x {count = 2 : i64} : tensor<?x4xf32> to tensor<?x2xf32>
  return
}

// -----

func.func @expert_gated_mlp(%x: tensor<?x64xf32>, %choice: tensor<?x4xf32>, %w: tensor<100x64xf32>) {
  // expected-error @+1 {{expected a static matrix of whole experts, found experts = 8 and 'tensor<100x64xf32>'}}
  %y = model.expert_gated_mlp silu %x, %choice, %w, %w {experts = 8 : i64} : tensor<?x64xf32>, tensor<?x4xf32>, tensor<100x64xf32>, tensor<100x64xf32> to tensor<?x192xf32>
  return
}

// -----

func.func @expert_gated_mlp(%x: tensor<?x64xf32>, %choice: tensor<?x18xf32>, %w: tensor<96x64xf32>) {
  // expected-error @+1 {{expected a choice of at most 8 experts and their weights, found 'tensor<?x18xf32>'}}
  %y = model.expert_gated_mlp silu %x, %choice, %w, %w {experts = 8 : i64} : tensor<?x64xf32>, tensor<?x18xf32>, tensor<96x64xf32>, tensor<96x64xf32> to tensor<?x108xf32>
  return
}

// -----

func.func @expert_gated_mlp(%x: tensor<?x32xf32>, %choice: tensor<?x4xf32>, %w: tensor<96x64xf32>) {
  // expected-error @+1 {{expected an input of 64 columns, found 'tensor<?x32xf32>'}}
  %y = model.expert_gated_mlp silu %x, %choice, %w, %w {experts = 8 : i64} : tensor<?x32xf32>, tensor<?x4xf32>, tensor<96x64xf32>, tensor<96x64xf32> to tensor<?x24xf32>
  return
}

// -----

func.func @expert_gated_mlp(%x: tensor<?x64xf32>, %choice: tensor<?x4xf32>, %w: tensor<96x64xf32>, %u: tensor<192x64xf32>) {
  // expected-error @+1 {{expected a result of 48 columns, found 'tensor<?x24xf32>'}}
  %y = model.expert_gated_mlp silu %x, %choice, %w, %u {experts = 8 : i64} : tensor<?x64xf32>, tensor<?x4xf32>, tensor<96x64xf32>, tensor<192x64xf32> to tensor<?x24xf32>
  return
}

// -----

#ordered = #encoding.storage<format = #encoding.ggml<q8_0>, order = "other">
#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
func.func @expert_gated_mlp(%x: tensor<?x64xf32, #i8>, %choice: tensor<?x4xf32>, %w: tensor<96x64xf32, #ordered>) {
  // expected-error @+1 {{expected input and weight in one channel order}}
  %y = model.expert_gated_mlp silu %x, %choice, %w, %w {experts = 8 : i64} : tensor<?x64xf32, #i8>, tensor<?x4xf32>, tensor<96x64xf32, #ordered>, tensor<96x64xf32, #ordered> to tensor<?x24xf32>
  return
}

// -----

func.func @expert_sum(%x: tensor<?x12xf32>, %choice: tensor<?x4xf32>, %w: tensor<512x12xf32>) {
  // expected-error @+1 {{expected an input of 24 columns, found 'tensor<?x12xf32>'}}
  %y = model.expert_sum %x, %choice, %w {experts = 8 : i64} : tensor<?x12xf32>, tensor<?x4xf32>, tensor<512x12xf32> to tensor<?x64xf32>
  return
}

// -----

func.func @expert_sum(%x: tensor<?x24xf32>, %choice: tensor<?x4xf32>, %w: tensor<512x12xf32>) {
  // expected-error @+1 {{expected a result of 64 columns, found 'tensor<?x512xf32>'}}
  %y = model.expert_sum %x, %choice, %w {experts = 8 : i64} : tensor<?x24xf32>, tensor<?x4xf32>, tensor<512x12xf32> to tensor<?x512xf32>
  return
}

// -----

func.func @expert_sum(%x: tensor<?x24xf32>, %choice: tensor<?x3xf32>, %w: tensor<512x12xf32>) {
  // expected-error @+1 {{expected a choice of at most 8 experts and their weights, found 'tensor<?x3xf32>'}}
  %y = model.expert_sum %x, %choice, %w {experts = 8 : i64} : tensor<?x24xf32>, tensor<?x3xf32>, tensor<512x12xf32> to tensor<?x64xf32>
  return
}

// -----

#ordered = #encoding.storage<format = #encoding.ggml<q8_0>, order = "other">
#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
func.func @expert_sum(%x: tensor<?x64xf32, #i8>, %choice: tensor<?x4xf32>, %w: tensor<512x32xf32, #ordered>) {
  // expected-error @+1 {{expected input and weight in one channel order}}
  %y = model.expert_sum %x, %choice, %w {experts = 8 : i64} : tensor<?x64xf32, #i8>, tensor<?x4xf32>, tensor<512x32xf32, #ordered> to tensor<?x64xf32>
  return
}

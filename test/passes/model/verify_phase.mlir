// RUN: ingot-opt %s --split-input-file --ingot-model-verify-phase | FileCheck %s

// A vocabulary alone.
// CHECK: model.text from "vocabulary.gguf"
model.text from "vocabulary.gguf"

// -----

// Several appends to one cache, each taking the version before.
!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!cache = !model.key_value<4 x 16 x f16, "full">

model.cache_group "full" {context = 64 : i64, page_rows = 64 : i64, pages = 1 : i64}
// CHECK-LABEL: func.func @forward
func.func @forward(%step: !step, %c0: !cache) -> (tensor<?x64xf32>, !cache) {
  %table = arith.constant dense<0.0> : tensor<8x64xf32>
  %k = model.embedding %table, %step : tensor<8x64xf32>, !step to tensor<?x64xf32>
  %c1 = model.key_value_append %c0, %k, %k, %step : !cache, tensor<?x64xf32>, tensor<?x64xf32>, !step
  %c2 = model.key_value_append %c1, %k, %k, %step : !cache, tensor<?x64xf32>, tensor<?x64xf32>, !step
  %a = model.attention %k, %step cache %c2 : !cache {heads = 4 : i64, key_value_heads = 4 : i64, scale = 0.25 : f32} : tensor<?x64xf32>, !step to tensor<?x64xf32>
  %y = math.tanh %a : tensor<?x64xf32>
  %w = model.wanted_rows %y, %step : tensor<?x64xf32>, !step to tensor<?x64xf32>
  return %w, %c2 : tensor<?x64xf32>, !cache
}

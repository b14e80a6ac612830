// RUN: ingot-opt %s --verify-diagnostics --ingot-codegen-emit-kernels

#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
!step = !model.step<rows = 1, sequences = 1, wanted = 1>

module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  kernel.function @attention(%q: tensor<1x64xf32>, %c: !model.key_value<2 x 16 x f16, "full">, %s: !step) -> tensor<1x32xf32, #i8> attributes {row_range = #kernel.rows<1 to 1>} {
    // expected-error @+1 {{expected heads of whole groups of 32 for a result in an integer format, found a dimension of 16}}
    %0 = kernel.attention %q, %c, %s {heads = 2 : i64, scale = 0.25 : f32} : tensor<1x64xf32>, !model.key_value<2 x 16 x f16, "full">, !step to tensor<1x32xf32, #i8>
    kernel.return %0 : tensor<1x32xf32, #i8>
  }
}

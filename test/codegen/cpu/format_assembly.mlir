// Instructions of the inner loop of one row for every quantised format: 32 columns of 16 weight rows are loaded, unpacked,
// multiplied and scaled. On 256 bits both halves of the panel count, and nothing but a few sums may live in memory.

// DEFINE: %{format} =
// DEFINE: %{sums} = 32
// DEFINE: %{cpu} = icelake-server
// DEFINE: %{loop} = sed 's/CPU/%{cpu}/; s/FORMAT/%{format}/; s/SUMS/%{sums}/' %s | ingot-opt --ingot-phase-codegen | ingot-translate | python3 %S/Inputs/inner_loop.py matvec.%{cpu}

// REDEFINE: %{format} = q4_0
// RUN: %{loop} | FileCheck %s --check-prefixes=Q4_0,VNNI
// Q4_0: instructions: {{3[0-3]$}}
// REDEFINE: %{format} = q5_0
// RUN: %{loop} | FileCheck %s --check-prefixes=Q5_0,VNNI
// Q5_0: instructions: {{4[0-9]$}}
// REDEFINE: %{format} = q8_0
// RUN: %{loop} | FileCheck %s --check-prefixes=Q8_0,VNNI
// Q8_0: instructions: {{2[0-5]$}}
// REDEFINE: %{format} = q4_k
// RUN: %{loop} | FileCheck %s --check-prefixes=Q4_K,VNNI
// Q4_K: instructions: {{3[0-9]$}}
// REDEFINE: %{format} = q5_k
// RUN: %{loop} | FileCheck %s --check-prefixes=Q5_K,VNNI
// Q5_K: instructions: {{5[0-5]$}}
// REDEFINE: %{sums} = 16
// REDEFINE: %{format} = q2_k
// RUN: %{loop} | FileCheck %s --check-prefixes=Q2_K,VNNI
// Q2_K: instructions: {{5[0-3]$}}
// REDEFINE: %{format} = q3_k
// RUN: %{loop} | FileCheck %s --check-prefixes=Q3_K,VNNI
// Q3_K: instructions: {{6[0-2]$}}
// REDEFINE: %{format} = q6_k
// RUN: %{loop} | FileCheck %s --check-prefixes=Q6_K,VNNI
// Q6_K: instructions: {{6[0-2]$}}

// VNNI:          stores to the stack: 0
// VNNI-COUNT-8:  vpdpbusd {{.*}}{1to16}, %zmm{{[0-9]+}}, %zmm
// VNNI-NOT:      vpdpbusd

// REDEFINE: %{cpu} = x86-64-v3
// RUN: %{loop} | FileCheck %s --check-prefix=Q6_K_BYTES
// Q6_K_BYTES:          instructions: {{1[0-7][0-9]$}}
// Q6_K_BYTES-NEXT:     stores to the stack: {{[0-5]$}}
// Q6_K_BYTES-COUNT-16: vpmaddubsw
// Q6_K_BYTES-NOT:      vpmaddubsw
// REDEFINE: %{sums} = 32
// REDEFINE: %{format} = q4_k
// RUN: %{loop} | FileCheck %s --check-prefix=Q4_K_BYTES
// Q4_K_BYTES:          instructions: {{[0-9][0-9]$}}
// Q4_K_BYTES-NEXT:     stores to the stack: 0
// Q4_K_BYTES-COUNT-16: vpmaddubsw
// Q4_K_BYTES-NOT:      vpmaddubsw
// REDEFINE: %{format} = q8_0
// RUN: %{loop} | FileCheck %s --check-prefix=Q8_0_BYTES
// Q8_0_BYTES:          instructions: {{1[0-8][0-9]$}}
// Q8_0_BYTES-COUNT-32: vpmaddubsw
// Q8_0_BYTES-NOT:      vpmaddubsw

#weights = #encoding.storage<format = #encoding.ggml<FORMAT>, layout = #encoding.panels<16 x 4>>
#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic, sums = SUMS>>
module attributes {ingot.options = {target = "cpu", cpu = "CPU", activations = "auto", key_value = "f16", weights = "embedded"}} {
  kernel.function @matvec(%a: tensor<1x768xf32, #i8>, %w: tensor<768x768xf32, #weights>, %r: tensor<1x768xf32>) -> tensor<1x768xf32>
      attributes {row_range = #kernel.rows<1 to 1>} {
    %y = kernel.matmul %a, %w with %r : tensor<1x768xf32> : tensor<1x768xf32, #i8>, tensor<768x768xf32, #weights> to tensor<1x768xf32> {
    ^bb0(%accumulator: f32, %residual: f32, %row: index, %column: index):
      %sum = arith.addf %accumulator, %residual : f32
      kernel.yield %sum : f32
    }
    kernel.return %y : tensor<1x768xf32>
  }
}

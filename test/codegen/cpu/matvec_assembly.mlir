// The inner loop of the 4-bit product for one row: 32 columns of 16 weight rows, in registers, with the byte dot products
// that the CPU has.

// DEFINE: %{cpu} =
// DEFINE: %{loop} = sed 's/CPU/%{cpu}/' %s | ingot-opt --ingot-phase-codegen | ingot-translate | python3 %S/Inputs/inner_loop.py matvec.%{cpu}
// REDEFINE: %{cpu} = znver5
// RUN: %{loop} | FileCheck %s --check-prefix=VNNI512
// REDEFINE: %{cpu} = icelake-server
// RUN: %{loop} | FileCheck %s --check-prefix=VNNI512
// REDEFINE: %{cpu} = alderlake
// RUN: %{loop} | FileCheck %s --check-prefix=VNNI256
// REDEFINE: %{cpu} = sierraforest
// RUN: %{loop} | FileCheck %s --check-prefix=VNNI256
// REDEFINE: %{cpu} = x86-64-v3
// RUN: %{loop} | FileCheck %s --check-prefix=AVX2
// REDEFINE: %{cpu} = x86-64
// RUN: %{loop} | FileCheck %s --check-prefix=PLAIN

// Eight byte dot products on 64 bytes, the activations broadcast by the instruction; 26 others unpack, scale and count.
// VNNI512:         instructions: 34
// VNNI512-NEXT:    stores to the stack: 0
// VNNI512-COUNT-8: vpdpbusd {{.*}}{1to16}, %zmm{{[0-9]+}}, %zmm
// VNNI512-NOT:     vpdpbusd
// VNNI512:         vcvtdq2ps
// VNNI512:         vfmadd231ps {{.*}}{1to16}

// VNNI256:          instructions: 75
// VNNI256-NEXT:     stores to the stack: 0
// VNNI256-COUNT-16: vpdpbusd %ymm{{[0-9]+}}, %ymm{{[0-9]+}}, %ymm
// VNNI256-NOT:      vpdpbusd

// Sums of 16 bits stay far from saturation, and are widened once.
// AVX2:          instructions: 89
// AVX2-NEXT:     stores to the stack: 0
// AVX2-COUNT-16: vpmaddubsw
// AVX2-NOT:      vpmaddubsw
// AVX2-NOT:      vpdpbusd

// PLAIN:          instructions: {{[45][0-9][0-9]$}}
// PLAIN-COUNT-64: pmaddwd
// PLAIN-NOT:      {{pmaddwd|vpmaddubsw|pmaddubsw|vpdpbusd|%ymm|%zmm|call}}

#q4_1 = #encoding.storage<format = #encoding.ggml<q4_1>, layout = #encoding.panels<16 x 4>>
#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
module attributes {ingot.options = {target = "cpu", cpu = "CPU", activations = "auto", key_value = "f16", weights = "embedded"}} {
  kernel.function @matvec(%a: tensor<1x576xf32, #i8>, %w: tensor<576x576xf32, #q4_1>, %r: tensor<1x576xf32>) -> tensor<1x576xf32>
      attributes {row_range = #kernel.rows<1 to 1>} {
    %y = kernel.matmul %a, %w with %r : tensor<1x576xf32> : tensor<1x576xf32, #i8>, tensor<576x576xf32, #q4_1> to tensor<1x576xf32> {
    ^bb0(%accumulator: f32, %residual: f32, %row: index, %column: index):
      %sum = arith.addf %accumulator, %residual : f32
      kernel.yield %sum : f32
    }
    kernel.return %y : tensor<1x576xf32>
  }
}

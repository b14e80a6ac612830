// The inner loop of the 4-bit product for a tile of eight rows: 32 columns of as many weight rows as a register has lanes,
// whose codes are unpacked once. `--tune` and the table of tiles choose among such loops.

// DEFINE: %{cpu} =
// DEFINE: %{loop} = sed 's/CPU/%{cpu}/' %s | ingot-opt --ingot-phase-codegen | ingot-translate | python3 %S/Inputs/inner_loop.py tile.%{cpu}
// REDEFINE: %{cpu} = znver5
// RUN: %{loop} | FileCheck %s --check-prefix=VNNI512
// REDEFINE: %{cpu} = icelake-server
// RUN: %{loop} | FileCheck %s --check-prefix=VNNI512
// REDEFINE: %{cpu} = alderlake
// RUN: %{loop} | FileCheck %s --check-prefix=VNNI256
// REDEFINE: %{cpu} = x86-64-v4
// RUN: %{loop} | FileCheck %s --check-prefix=BYTES512
// REDEFINE: %{cpu} = x86-64-v3
// RUN: %{loop} | FileCheck %s --check-prefix=BYTES256
// REDEFINE: %{cpu} = x86-64
// RUN: %{loop} | FileCheck %s --check-prefix=SSE2

// Sixteen instructions for each row, eight of them products, three to find its entry in the table of scales; 30 unpack,
// load minima and count.
// VNNI512:          instructions: 158
// VNNI512-NEXT:     stores to the stack: 0
// VNNI512-COUNT-64: vpdpbusd {{.*}}{1to16}, %zmm{{[0-9]+}}, %zmm
// VNNI512-NOT:      vpdpbusd

// Eight sums and eight codes are more than 16 registers: some sums are in memory, each stored once.
// VNNI256:          instructions: {{2[01][0-9]$}}
// VNNI256-NEXT:     stores to the stack: {{[0-8]$}}
// VNNI256-COUNT-64: vpdpbusd %ymm{{[0-9]+}}, %ymm{{[0-9]+}}, %ymm
// VNNI256-NOT:      vpdpbusd

// BYTES512:          instructions: {{2[0-9][0-9]$}}
// BYTES512-NEXT:     stores to the stack: {{[0-8]$}}
// BYTES512-COUNT-64: vpmaddubsw {{.*}}, %zmm
// BYTES512-NOT:      vpmaddubsw

// BYTES256:          instructions: {{30[0-9]$}}
// BYTES256-NEXT:     stores to the stack: {{[0-9]$|1[0-2]$}}
// BYTES256-COUNT-64: vpmaddubsw {{.*}}, %ymm
// BYTES256-NOT:      {{vpmaddubsw|vpdpbusd|%zmm}}

// SSE2:           instructions: {{[89][0-9][0-9]$}}
// SSE2-COUNT-128: pmaddwd
// SSE2-NOT:       {{%ymm|call|pmaddwd}}

#q4_1 = #encoding.storage<format = #encoding.ggml<q4_1>, layout = #encoding.panels<16 x 4>>
#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
module attributes {ingot.options = {target = "cpu", cpu = "CPU", activations = "auto", key_value = "f16", weights = "embedded"}, ingot.tiles = {many_rows = 8 : i64}} {
  kernel.function @tile(%a: tensor<?x576xf32, #i8>, %w: tensor<576x576xf32, #q4_1>, %r: tensor<?x576xf32>) -> tensor<?x576xf32>
      attributes {row_range = #kernel.rows<9 to 512>} {
    %y = kernel.matmul %a, %w with %r : tensor<?x576xf32> : tensor<?x576xf32, #i8>, tensor<576x576xf32, #q4_1> to tensor<?x576xf32> {
    ^bb0(%accumulator: f32, %residual: f32, %row: index, %column: index):
      %sum = arith.addf %accumulator, %residual : f32
      kernel.yield %sum : f32
    }
    kernel.return %y : tensor<?x576xf32>
  }
}

// Cycles of the loops that take nearly all the time, on two processors, as llvm-mca counts them: a regression test, with a
// tenth to spare. Inputs/loop_cycles.py says what a line means. A 4-bit group of 32 columns and 16 rows is 8 products of
// vpdpbusd or 16 of vpmaddubsw; twice that for 8 bits without VNNI.
// RUN: sed 's/CPU/znver4/' %s | ingot-opt --ingot-phase-codegen | ingot-translate > %t.znver4
// RUN: python3 %S/Inputs/loop_cycles.py %s znver4 znver4 < %t.znver4
// RUN: sed 's/CPU/x86-64-v3/' %s | ingot-opt --ingot-phase-codegen | ingot-translate | python3 %S/Inputs/loop_cycles.py %s x86-64-v3 haswell

// A product a cycle, of bytes or of f32, is what Zen 4 can do with 64 bytes.
// LOOP: znver4    decode_q4_1      1 vpdpbusd   vpdpbusd    1.1  1.9
// LOOP: znver4    prompt_q4_1      1 vpdpbusd   vpdpbusd    1.1  1.3
// LOOP: znver4    prompt_q8_0      1 vpdpbusd   vpdpbusd    1.1  1.2

// Haswell multiplies bytes on one port, adds on two and masks on three, the first among them; f32 on two. Each half of the 16
// rows has a loop of its own.
// LOOP: x86-64-v3 decode_q4_1      1 vpmaddubsw vpmaddubsw  1.8  1.9
// LOOP: x86-64-v3 prompt_q4_1      2 vpmaddubsw vpmaddubsw  1.31 1.35
// LOOP: x86-64-v3 prompt_q8_0      2 vpmaddubsw vpmaddubsw  1.31 1.43

// Keys and values, in f16.
// LOOP: znver4    attention        2 vcvtph2ps  vfmadd231ps 1.1  1.4
// LOOP: znver4    prompt_attention 2 vcvtph2ps  vfmadd231ps 1.1  1.34
// LOOP: x86-64-v3 attention        3 vcvtph2ps  vfmadd231ps 1.06 1.12
// LOOP: x86-64-v3 prompt_attention 5 vcvtph2ps  vfmadd231ps 0.63 0.72

// A loop that is not there, or slower than it may be, is an error.
// RUN: echo '// LOOP: znver4 decode_q4_1 2 vpdpbusd vpdpbusd 9 9' > %t.two
// RUN: not python3 %S/Inputs/loop_cycles.py %t.two znver4 znver4 < %t.znver4 2>&1 | FileCheck %s --check-prefix=TWO
// TWO: decode_q4_1.znver4: expected 2 loops with vpdpbusd and vpdpbusd, found 1
// RUN: echo '// LOOP: znver4 decode_q4_1 1 vpdpbusd vpdpbusd 0.9 9' > %t.slow
// RUN: not python3 %S/Inputs/loop_cycles.py %t.slow znver4 znver4 < %t.znver4 | FileCheck %s --check-prefix=SLOW
// SLOW:      decode_q4_1.znver4: 8 vpdpbusd: throughput 1.00 each MORE than 0.9
// SLOW-NEXT: decode_q4_1.znver4: 8 vpdpbusd: cycles {{[0-9.]+}} each{{$}}

#q4_1 = #encoding.storage<format = #encoding.ggml<q4_1>, layout = #encoding.panels<16 x 4>>
#q8_0 = #encoding.storage<format = #encoding.ggml<q8_0>, layout = #encoding.panels<16 x 4>>
#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
!cache = !model.key_value<3 x 64 x f16, "full">
!one = !model.step<rows = 1, sequences = 1, wanted = 1>
!step = !model.step<rows = 512, sequences = 1, wanted = 1>
module attributes {ingot.options = {target = "cpu", cpu = "CPU", activations = "auto", key_value = "f16", weights = "embedded"}} {
  model.cache_group "full" {context = 512 : i64, page_rows = 64 : i64, pages = 8 : i64}
  kernel.function @decode_q4_1(%a: tensor<1x576xf32, #i8>, %w: tensor<576x576xf32, #q4_1>) -> tensor<1x576xf32>
      attributes {row_range = #kernel.rows<1 to 1>} {
    %y = kernel.matmul %a, %w : tensor<1x576xf32, #i8>, tensor<576x576xf32, #q4_1> to tensor<1x576xf32> {
    ^bb0(%accumulator: f32, %row: index, %column: index):
      kernel.yield %accumulator : f32
    }
    kernel.return %y : tensor<1x576xf32>
  }
  kernel.function @prompt_q4_1(%a: tensor<?x576xf32, #i8>, %w: tensor<576x576xf32, #q4_1>) -> tensor<?x576xf32>
      attributes {row_range = #kernel.rows<9 to 512>} {
    %y = kernel.matmul %a, %w : tensor<?x576xf32, #i8>, tensor<576x576xf32, #q4_1> to tensor<?x576xf32> {
    ^bb0(%accumulator: f32, %row: index, %column: index):
      kernel.yield %accumulator : f32
    }
    kernel.return %y : tensor<?x576xf32>
  }
  kernel.function @prompt_q8_0(%a: tensor<?x576xf32, #i8>, %w: tensor<576x576xf32, #q8_0>) -> tensor<?x576xf32>
      attributes {row_range = #kernel.rows<9 to 512>} {
    %y = kernel.matmul %a, %w : tensor<?x576xf32, #i8>, tensor<576x576xf32, #q8_0> to tensor<?x576xf32> {
    ^bb0(%accumulator: f32, %row: index, %column: index):
      kernel.yield %accumulator : f32
    }
    kernel.return %y : tensor<?x576xf32>
  }
  kernel.function @attention(%q: tensor<1x576xf32>, %c: !cache, %s: !one) -> tensor<1x2448xf32>
      attributes {row_range = #kernel.rows<1 to 1>} {
    %y = kernel.attention_partial %q, %c, %s {heads = 9 : i64, scale = 0.125 : f32, chunks = 4} : tensor<1x576xf32>, !cache, !one to tensor<1x2448xf32>
    kernel.return %y : tensor<1x2448xf32>
  }
  kernel.function @prompt_attention(%q: tensor<?x576xf32>, %c: !cache, %s: !step) -> tensor<?x576xf32, #i8>
      attributes {row_range = #kernel.rows<9 to 512>} {
    %y = kernel.attention %q, %c, %s {heads = 9 : i64, scale = 0.125 : f32} : tensor<?x576xf32>, !cache, !step to tensor<?x576xf32, #i8>
    kernel.return %y : tensor<?x576xf32, #i8>
  }
}

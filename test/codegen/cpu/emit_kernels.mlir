// Every kernel operation becomes a function (step, rows, share, inputs, keys and values,
// outputs) that loops over the grains it claims.
// RUN: ingot-opt %s --ingot-codegen-emit-kernels | FileCheck %s

// Several instruction sets for "portable": each with its vectors and byte dot products.
// RUN: sed 's/x86-64-v3/portable/' %s | ingot-opt --ingot-codegen-emit-kernels | FileCheck %s --check-prefix=PORTABLE
// PORTABLE:     llvm.func internal @"attention.icelake-server"({{.*}}ingot.dot = "avx512vnni"{{.*}}["min-legal-vector-width", "512"]
// PORTABLE:     llvm.func internal @"attention.x86-64-v3"({{.*}}ingot.dot = "avx2"
// PORTABLE-NOT: min-legal-vector-width
// PORTABLE:     llvm.func internal @"attention.x86-64"({{.*}}ingot.dot = "sse2"

#q4_1 = #encoding.storage<format = #encoding.ggml<q4_1>, layout = #encoding.panels<16 x 4>>
#f16 = #encoding.storage<format = #encoding.ggml<f16>, layout = #encoding.panels<16 x 1>>
#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
!step = !model.step<rows = 512, sequences = 2, wanted = 8>
!one = !model.step<rows = 1, sequences = 1, wanted = 1>
!cache = !model.key_value<1 x 32 x f16, "full">
!ring = !model.key_value<1 x 32 x f16, "window">
module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
model.cache_group "full" {context = 512 : i64, page_rows = 64 : i64, pages = 16 : i64}
model.cache_group "window" {context = 512 : i64, page_rows = 64 : i64, pages = 3 : i64, window = 100 : i64, ring = 3 : i64}

// A row of grains is a token each: its panel, its row in the panel, codes times scale plus minimum.
// CHECK-LABEL: llvm.func internal @"embedding.x86-64-v3"(
// CHECK-SAME:    %[[STEP:.*]]: !llvm.ptr, %{{.*}}: i64, %[[SHARE:[0-9a-z_]+]]: !llvm.ptr, %[[TABLE:.*]]: !llvm.ptr {llvm.noalias}, %[[RESULT:.*]]: !llvm.ptr {llvm.noalias})
// CHECK-SAME:    attributes {dso_local, ingot.dot = "avx2", passthrough = {{.*}}["target-cpu", "x86-64-v3"]
// CHECK:         llvm.call @ingot_team_claim(%[[SHARE]])
// CHECK:         scf.if
// CHECK:         scf.while
// CHECK:         %[[FIRST:[0-9a-z_]+]] = llvm.load
// CHECK:         %[[LAST:[0-9a-z_]+]] = llvm.load
// CHECK:         scf.for %{{.*}} = %[[FIRST]] to %[[LAST]]
// CHECK:           llvm.load {{.*}} -> i32
// CHECK:           arith.divui
// CHECK:           llvm.getelementptr %[[TABLE]]
// CHECK:           arith.remui
// CHECK:           llvm.getelementptr %[[RESULT]]
// CHECK:           scf.for
// CHECK:             arith.extf {{.*}} : f16 to f32
// CHECK:             math.fma {{.*}} : vector<4xf32>
kernel.function @embedding(%t: tensor<320x96xf32, #q4_1>, %s: !step) -> tensor<?x96xf32> attributes {row_range = #kernel.rows<9 to 512>} {
  %y = kernel.embedding %t, %s : tensor<320x96xf32, #q4_1>, !step to tensor<?x96xf32>
  kernel.return %y : tensor<?x96xf32>
}
// CHECK-LABEL: llvm.func internal @"wanted_rows.x86-64-v3"(
// CHECK:         scf.for
// CHECK:           llvm.load {{.*}} -> i32
// CHECK:           scf.for
// CHECK:             llvm.load {{.*}} -> vector<16xf32>
// CHECK:             llvm.store {{.*}} vector<16xf32>
kernel.function @wanted_rows(%x: tensor<?x96xf32>, %s: !step) -> tensor<?x96xf32> attributes {row_range = #kernel.rows<9 to 512>} {
  %y = kernel.wanted_rows %x, %s : tensor<?x96xf32>, !step to tensor<?x96xf32>
  kernel.return %y : tensor<?x96xf32>
}
// Real pairs turn; padding is zero.
// CHECK-LABEL: llvm.func internal @"rope_table.x86-64-v3"(
// CHECK-COUNT-2: math.cos
// CHECK-NOT:   math.cos
kernel.function @rope_table(%s: !step) -> tensor<?x32xf32> attributes {row_range = #kernel.rows<9 to 512>} {
  %y = kernel.rope_table %s {frequencies = array<f32: 1.0, 0.5>, magnitude = 1.5 : f32} : !step to tensor<?x32xf32>
  kernel.return %y : tensor<?x32xf32>
}
// A sum of squares, then each group of 32 columns with its own scale.
// CHECK-LABEL: llvm.func internal @"norm_quantize.x86-64-v3"(
// CHECK:         scf.for {{.*}} -> (vector<16xf32>)
// CHECK:           math.fma
// CHECK:         vector.reduction <add>
// CHECK:         math.sqrt
// CHECK:         scf.for
// CHECK:           vector.reduction <maxnumf>
// CHECK:           vector.bitcast {{.*}} : vector<16xf32> to vector<16xi32>
// CHECK:           arith.trunci {{.*}} : vector<16xi32> to vector<16xi8>
kernel.function @norm_quantize(%x: tensor<?x96xf32>, %w: tensor<96xf32>) -> tensor<?x96xf32, #i8> attributes {row_range = #kernel.rows<9 to 512>} {
  %y = kernel.norm_quantize %x norm %w : tensor<96xf32> {epsilon = 1.0e-5 : f32} : tensor<?x96xf32> to tensor<?x96xf32, #i8>
  kernel.return %y : tensor<?x96xf32, #i8>
}
// CHECK-LABEL: llvm.func internal @"rope.x86-64-v3"(
// CHECK:         arith.mulf
// CHECK:         arith.subf
// CHECK:         arith.addf
kernel.function @rope(%x: tensor<?x64xf32>, %t: tensor<?x32xf32>) -> tensor<?x64xf32> attributes {row_range = #kernel.rows<9 to 512>} {
  %y = kernel.pair_heads %x rope %t : tensor<?x32xf32> {dimension = 32 : i64, style = 1 : i32} : tensor<?x64xf32> to tensor<?x64xf32>
  kernel.return %y : tensor<?x64xf32>
}
// Two pointers for a cache: keys and values. Keys stand 16 positions to a vector, so their elements are stored one by one.
// CHECK-LABEL: llvm.func internal @"append.x86-64-v3"(
// CHECK-SAME:    %{{[^:]*}}: !llvm.ptr, %{{[^:]*}}: i64, %{{[^:]*}}: !llvm.ptr, %{{[^:]*}}: !llvm.ptr {llvm.noalias}, %{{[^:]*}}: !llvm.ptr {llvm.noalias}, %{{[^:]*}}: !llvm.ptr {llvm.noalias}, %{{[^:]*}}: !llvm.ptr {llvm.noalias})
// CHECK:         arith.truncf {{.*}} : vector<16xf32> to vector<16xf16>
// CHECK-COUNT-16: vector.extract
kernel.function @append(%c: !cache, %k: tensor<?x32xf32>, %v: tensor<?x32xf32>, %s: !step) -> !cache attributes {row_range = #kernel.rows<9 to 512>} {
  %n = kernel.append %c, %k, %v, %s : !cache, tensor<?x32xf32>, tensor<?x32xf32>, !step
  kernel.return %n : !cache
}
// The region at 16 lanes.
// CHECK-LABEL: llvm.func internal @"generic.x86-64-v3"(
// CHECK:         math.tanh {{.*}} : vector<16xf32>
// CHECK:         arith.mulf {{.*}} : vector<16xf32>
// CHECK:         llvm.store {{.*}} vector<16xf32>
kernel.function @generic(%x: tensor<?x96xf32>) -> tensor<?x96xf32> attributes {row_range = #kernel.rows<9 to 512>} {
  %y = kernel.generic %x : tensor<?x96xf32> to tensor<?x96xf32> {
  ^bb0(%v: f32, %row: index, %column: index):
    %half = arith.constant 0.5 : f32
    %0 = math.tanh %v : f32
    %1 = arith.mulf %0, %half : f32
    kernel.yield %1 : f32
  }
  kernel.return %y : tensor<?x96xf32>
}
// Grains are panels; rows come in tiles of eight, which take a panel in two parts where registers have eight lanes. A
// group of 32 columns is a chain of eight dot products, and the epilogue stands at the store.
// CHECK-LABEL: llvm.func internal @"matmul.x86-64-v3"(
// CHECK:         scf.for
// CHECK:           scf.for
// CHECK:             llvm.intr.prefetch
// CHECK:             scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK-COUNT-8:       kernel.dot4 {{.*}}unsigned_max = 15 : i64} : vector<8xi32>
// CHECK-NOT:           kernel.dot4
// CHECK:             scf.for
// CHECK-COUNT-8:       kernel.dot4 {{.*}}unsigned_max = 15
// CHECK-NOT:           kernel.dot4
// CHECK:             vector.insert_strided_slice {{.*}} {offsets = [8]
// CHECK:             arith.addf {{.*}} : vector<16xf32>
// CHECK:             llvm.store {{.*}} : vector<16xf32>
kernel.function @matmul(%a: tensor<?x96xf32, #i8>, %w: tensor<64x96xf32, #q4_1>, %r: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {row_range = #kernel.rows<9 to 512>} {
  %y = kernel.matmul %a, %w with %r : tensor<?x64xf32> : tensor<?x96xf32, #i8>, tensor<64x96xf32, #q4_1> to tensor<?x64xf32> {
  ^bb0(%accumulator: f32, %residual: f32, %row: index, %column: index):
    %0 = arith.addf %accumulator, %residual : f32
    kernel.yield %0 : f32
  }
  kernel.return %y : tensor<?x64xf32>
}
// One row, no tile loop to speak of; columns that four do not divide have a rest.
// CHECK-LABEL: llvm.func internal @"matmul_f16.x86-64-v3"(
// CHECK:         scf.for {{.*}} -> (vector<16xf32>)
// CHECK-COUNT-4:   arith.extf {{.*}} : vector<16xf16> to vector<16xf32>
// CHECK:           scf.yield
// CHECK:         arith.extf {{.*}} : vector<16xf16> to vector<16xf32>
// CHECK-NOT:     arith.extf
kernel.function @matmul_f16(%a: tensor<1x45xf32>, %w: tensor<64x45xf32, #f16>) -> tensor<1x64xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  %y = kernel.matmul %a, %w : tensor<1x45xf32>, tensor<64x45xf32, #f16> to tensor<1x64xf32> {
  ^bb0(%accumulator: f32, %row: index, %column: index):
    kernel.yield %accumulator : f32
  }
  kernel.return %y : tensor<1x64xf32>
}
// A grain is one group of results: two panels of each matrix, rounded together.
// CHECK-LABEL: llvm.func internal @"gated_matmul.x86-64-v3"(
// CHECK:         llvm.alloca
// CHECK-COUNT-4: kernel.dot4
// CHECK-NOT:     kernel.dot4
// CHECK:         vector.bitcast {{.*}} : vector<16xf32> to vector<16xi32>
// CHECK:         vector.bitcast {{.*}} : vector<16xf32> to vector<16xi32>
// CHECK-NOT:     vector.bitcast {{.*}} : vector<16xf32> to vector<16xi32>
kernel.function @gated_matmul(%a: tensor<1x96xf32, #i8>, %w: tensor<128x96xf32, #q4_1>) -> tensor<1x64xf32, #i8> attributes {row_range = #kernel.rows<1 to 1>} {
  %y = kernel.gated_matmul %a, %w : tensor<1x96xf32, #i8>, tensor<128x96xf32, #q4_1> to tensor<1x64xf32, #i8> {
  ^bb0(%gate: f32, %up: f32, %row: index, %column: index):
    %0 = arith.mulf %gate, %up : f32
    kernel.yield %0 : f32
  }
  kernel.return %y : tensor<1x64xf32, #i8>
}
// Three ends: queries, keys, values.
// CHECK-LABEL: llvm.func internal @"qkv_rope_append.x86-64-v3"(
// CHECK-COUNT-2: kernel.dot4
// CHECK:         llvm.store {{.*}} vector<16xf32>
// CHECK-COUNT-2: kernel.dot4
// CHECK:         scf.if
// CHECK:           vector.extract {{.*}} f16 from vector<16xf16>
// CHECK:         kernel.dot4
// CHECK:         scf.if
// CHECK:           llvm.store {{.*}} vector<16xf16>
kernel.function @qkv_rope_append(%a: tensor<1x96xf32, #i8>, %w: tensor<160x96xf32, #q4_1>, %t: tensor<1x32xf32>, %c: !cache, %s: !one) -> (tensor<1x96xf32>, !cache) attributes {row_range = #kernel.rows<1 to 1>} {
  %q, %n = kernel.qkv_rope_append %a, %w, %c, %s rope %t : tensor<1x32xf32> {heads = 3 : i64} : tensor<1x96xf32, #i8>, tensor<160x96xf32, #q4_1>, !cache, !one to tensor<1x96xf32>, !cache rotation {
  ^bb0(%first: f32, %second: f32, %cosine: f32, %sine: f32):
    %0 = arith.mulf %first, %cosine : f32
    %1 = arith.mulf %second, %sine : f32
    kernel.yield %0, %1 : f32, f32
  }
  kernel.return %q, %n : tensor<1x96xf32>, !cache
}
// Three heads share the keys of one row. For each chunk: pages of keys, two blocks at a time (12 registers of sums), whose
// scores go to the stack; weights and their sums; pages of values; and what the chunk adds to those before it.
// CHECK-LABEL: llvm.func internal @"attention.x86-64-v3"(
// CHECK-COUNT-3: llvm.alloca
// CHECK:         scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>, vector<16xf32>)
// CHECK:           scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>, vector<16xf32>)
// CHECK:             {{%.*}}:12 = scf.for {{.*}} -> (vector<8xf32>,
// CHECK:               arith.extf {{.*}} : vector<8xf16> to vector<8xf32>
// CHECK:               math.fma
// CHECK:             arith.cmpi sle
// CHECK:         scf.for {{.*}} -> (vector<16xf32>, vector<16xf32>, vector<16xf32>)
// CHECK:           math.exp
// CHECK:         math.exp
// CHECK:         scf.for
// CHECK:           scf.for
// CHECK:             math.fma
// CHECK:         vector.bitcast {{.*}} : vector<16xf32> to vector<16xi32>
kernel.function @attention(%q: tensor<1x96xf32>, %c: !cache, %s: !one) -> tensor<1x96xf32, #i8> attributes {row_range = #kernel.rows<1 to 1>} {
  %y = kernel.attention %q, %c, %s {heads = 3 : i64, scale = 0.125 : f32} : tensor<1x96xf32>, !cache, !one to tensor<1x96xf32, #i8>
  kernel.return %y : tensor<1x96xf32, #i8>
}
// A grain is a chunk of the keys of one head. Nothing is merged. Keys and values of the next grain are asked for into
// the second cache.
// CHECK-LABEL: llvm.func internal @"attention_partial.x86-64-v3"(
// CHECK:         scf.for
// CHECK:           "llvm.intr.prefetch"({{.*}}hint = 2
// CHECK-COUNT-3:   math.exp
// CHECK-NOT:       math.exp
// CHECK:           "llvm.intr.prefetch"({{.*}}hint = 2
// CHECK-NOT:       math.exp
// CHECK:           llvm.return
kernel.function @attention_partial(%q: tensor<1x96xf32>, %c: !cache, %s: !one) -> tensor<1x432xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  %y = kernel.attention_partial %q, %c, %s {heads = 3 : i64, scale = 0.125 : f32, chunks = 4} : tensor<1x96xf32>, !cache, !one to tensor<1x432xf32>
  kernel.return %y : tensor<1x432xf32>
}
// One grain for the row. For each head, its maximum, its sum and two vectors of its output go through the chunks.
// CHECK-LABEL: llvm.func internal @"attention_merge.x86-64-v3"(
// CHECK:         scf.for
// CHECK:           scf.for
// CHECK:             scf.for {{.*}} -> (f32, f32, vector<16xf32>, vector<16xf32>)
// CHECK:               math.exp
// CHECK:             vector.bitcast {{.*}} : vector<16xf32> to vector<16xi32>
kernel.function @attention_merge(%p: tensor<1x432xf32>, %s: !one) -> tensor<1x96xf32, #i8> attributes {row_range = #kernel.rows<1 to 1>} {
  %y = kernel.attention_merge %p, %s {heads = 3 : i64, dimension = 32 : i64, chunks = 4 : i64} : tensor<1x432xf32>, !one to tensor<1x96xf32, #i8>
  kernel.return %y : tensor<1x96xf32, #i8>
}
// With a window of 100 positions: chunks from the one that position - 99 is in on, pages of a ring of three; keys before the
// window are masked, their values left out.
// CHECK-LABEL: llvm.func internal @"window.x86-64-v3"(
// CHECK:         arith.constant -99 : i64
// CHECK:         %[[SEEN:.*]] = arith.maxsi
// CHECK-NEXT:    arith.constant 128 : i64
// CHECK-NEXT:    %[[CHUNK:.*]] = arith.divui %[[SEEN]]
// CHECK:         scf.for %{{.*}} = %[[CHUNK]] to
// CHECK:           arith.remui %{{.*}}, %c3_i64
// CHECK:           arith.cmpi sle, %[[KEYS:[0-9a-z_]+]],
// CHECK:           arith.constant dense<-100> : vector<16xi32>
// CHECK:           arith.cmpi sgt, %[[KEYS]]
// CHECK-NEXT:      arith.andi
kernel.function @window(%q: tensor<1x96xf32>, %c: !ring, %s: !one) -> tensor<1x96xf32, #i8> attributes {row_range = #kernel.rows<1 to 1>} {
  %y = kernel.attention %q, %c, %s {heads = 3 : i64, scale = 0.125 : f32, window = 100 : i64} : tensor<1x96xf32>, !ring, !one to tensor<1x96xf32, #i8>
  kernel.return %y : tensor<1x96xf32, #i8>
}
}

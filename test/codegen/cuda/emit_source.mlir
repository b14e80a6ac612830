// The main lines of every kernel's text: constant shapes, one product or loop, the region for one thread.

// RUN: ingotc %s -o - --compile-from=plan --compile-to=codegen | FileCheck %s

#q4_1 = #encoding.storage<format = #encoding.ggml<q4_1>, layout = <16 x 4>>
#q6_k = #encoding.storage<format = #encoding.ggml<q6_k>, layout = <16 x 4>>
#i4 = #encoding.storage<format = #encoding.block<i4, group = 64, scale = static>, layout = <16 x 4>>
#bf16 = #encoding.storage<format = #encoding.ggml<bf16>, layout = <16 x 1>>
#f32 = #encoding.storage<format = #encoding.ggml<f32>>
!step = !model.step<rows = 1, sequences = 1, wanted = 1>
!steps = !model.step<rows = 512, sequences = 4, wanted = 16>
!cache = !model.key_value<2 x 64 x f16, "full">

// The contract, the wrappers and the templates come first, then formats, each once.
// CHECK: //===- A model, as ingotc wrote it for CUDA -===//
// CHECK: typedef struct IngotCudaStep {
// CHECK: ld.global.nc.L1::no_allocate
// CHECK: template <class Format, int columns, int mostRows, int panels, int together, int tilePanels, int warps, class Finish>
// CHECK: struct Q4_1 {
// CHECK-NEXT: static constexpr bool isQuantized = true, hasMinimum = true;
// CHECK-NEXT: static constexpr int blockColumns = 32, scaleColumns = 32;
// CHECK-NEXT: static constexpr int lowBits = 4, highBits = 0, zeroPoint = 0;
// CHECK-NEXT: SubScales::None;
// CHECK: blockBytes = 320, minimumOffset = 32;
// CHECK: codesOffset = 64, groupBytes = 256, lowOffset = 0;
// CHECK: struct Q6_K {
// CHECK: blockColumns = 256, scaleColumns = 16;
// CHECK-NEXT: lowBits = 4, highBits = 2, zeroPoint = 32;
// CHECK-NEXT: SubScales::Bytes;
// CHECK: struct I4_64 {
// CHECK-NEXT: hasMinimum = false;
// CHECK-NEXT: blockColumns = 64, scaleColumns = 64;
// CHECK: struct BF16 {
// CHECK-NEXT: using Element = __nv_bfloat16;
// CHECK-NOT: struct Q4_1
// CHECK: /// Caches of the group "full": heads of 64 columns.
// CHECK-NEXT: struct Cache_64 {
// CHECK-NEXT: using Element = __half;
// CHECK-NEXT: keyColumns = 64, valueColumns = 64;
// CHECK-NEXT: pageRows = 64, pages = 16, ringPages = 0;
// CHECK-NEXT: window = 0, sequences = 1, group = 0;
// CHECK: struct Score {
// CHECK-NEXT: static constexpr float scale = 0.125f, softcap = 0.0f;
// CHECK-NEXT: static constexpr bool hasSlopes = false, isBidirectional = false;
// CHECK: struct Score_2 {
// CHECK-NEXT: softcap = 20.0f;
// CHECK-NEXT: hasSlopes = true, isBidirectional = true;
// CHECK: static const float slopes[] = {0.5f, 0.25f, 0.125f, 0.0625f};
module attributes {ingot.options = {target = "cuda", cpu = "x86-64", activations = "f32", key_value = "f16", weights = "embedded"}} {
model.cache_group "full" {context = 1024, page_rows = 64, pages = 16}

// CHECK: /// kernel.matmul for one row.
// CHECK-NEXT: extern "C" __global__ void __launch_bounds__(512) matmul_add_rows_1(
// CHECK-NEXT: const IngotCudaStep step, const uint32_t *rowCount,
// CHECK-NEXT: const float *__restrict__ input,
// CHECK-NEXT: const uint8_t *__restrict__ weight,
// CHECK-NEXT: const float *__restrict__ operand,
// CHECK-NEXT: float *__restrict__ result) {
// CHECK-NEXT: prefetchPanels<Q4_1, 37, 2>(weight, 5760);
// CHECK-NEXT: waitForEarlier();
// CHECK-NEXT: letLaterBegin();
// CHECK-NEXT: constexpr int rows = 1;
// CHECK-NEXT: constexpr int columns = 576, panels = 37;
// CHECK-NEXT: constexpr uint64_t panelBytes = 5760;
// CHECK-NEXT: multiplyFewRows<Q4_1, columns, 1, panels, 1, 2, 16>(
// CHECK-NEXT: input, 576, weight, panelBytes, rows, [&](int row, int unit, int lane, const float *sums) {
// CHECK-NEXT: const int column = unit * panelRows + lane;
// CHECK-NEXT: if (column >= 580)
// CHECK-NEXT: return;
// CHECK-NEXT: const float accumulator = sums[0];
// CHECK-NEXT: const float value = operand[row * 592 + column];
// CHECK-NEXT: const float sum = accumulator + value;
// CHECK-NEXT: result[row * 592 + column] = sum;
kernel.function @matmul_add.rows_1(%x: tensor<1x576xf32>, %w: tensor<580x576xf32, #q4_1>, %r: tensor<1x580xf32>) -> tensor<1x580xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  %y = kernel.matmul %x, %w with %r : tensor<1x580xf32> : tensor<1x576xf32>, tensor<580x576xf32, #q4_1> to tensor<1x580xf32> {
  ^bb0(%a: f32, %v: f32, %row: index, %column: index):
    %s = arith.addf %a, %v : f32
    kernel.yield %s : f32
  }
  kernel.return %y : tensor<1x580xf32>
}

// A norm in front: every block has the row for itself. Weights are on their way meanwhile, as they are while the kernel
// waits for those before it.
// CHECK: /// kernel.gated_matmul for one row.
// CHECK: prefetchPanels<Q6_K, 4, 2>(weight, 3392);
// CHECK-NEXT: waitForEarlier();
// CHECK-NEXT: letLaterBegin();
// CHECK-NEXT: constexpr int rows = 1;
// CHECK: __shared__ __align__(16) float normalized[256];
// CHECK-NEXT: normRow<256, false, 128>(
// CHECK-NEXT: input, 9.99999975e-06f, normalized, [&](float value, int column) { return value * norm[column]; });
// CHECK-NEXT: __syncthreads();
// CHECK: multiplyFewRows<Q6_K, columns, 1, panels, 2, 2, 4>(
// CHECK-NEXT: normalized, 256, weight,
// CHECK: const float gate = sums[0], up = sums[1];
// CHECK-NEXT: const float larger = ingot::maximum(gate, 0.0f);
// CHECK-NEXT: const bool isTrue = up > 0.5f;
// CHECK-NEXT: const float choice = isTrue ? larger : up;
// CHECK-NEXT: const float power = expf(choice);
kernel.function @gated.rows_1(%x: tensor<1x256xf32>, %n: tensor<256xf32, #f32>, %w: tensor<64x256xf32, #q6_k>) -> tensor<1x32xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  %m = kernel.norm_quantize %x norm %n : tensor<256xf32, #f32> {epsilon = 1.0e-5 : f32} : tensor<1x256xf32> to tensor<1x256xf32>
  %y = kernel.gated_matmul %m, %w : tensor<1x256xf32>, tensor<64x256xf32, #q6_k> to tensor<1x32xf32> {
  ^bb0(%gate: f32, %up: f32, %row: index, %column: index):
    %zero = arith.constant 0.0 : f32
    %half = arith.constant 0.5 : f32
    %l = arith.maximumf %gate, %zero : f32
    %c = arith.cmpf ogt, %up, %half : f32
    %s = arith.select %c, %l, %up : f32
    %e = math.exp %s : f32
    kernel.yield %e : f32
  }
  kernel.return %y : tensor<1x32xf32>
}

// Few rows: sums for as many as there may be. Many: a tile.
// CHECK: /// kernel.matmul for 5 to 8 rows.
// CHECK: const int rows = static_cast<int>(*rowCount);
// CHECK: multiplyFewRows<I4_64, columns, 8, panels, 1, 2, 16>(
kernel.function @matmul.rows_5_to_8(%x: tensor<?x1024xf32>, %w: tensor<64x1024xf32, #i4>) -> tensor<?x64xf32> attributes {row_range = #kernel.rows<5 to 8>} {
  %y = kernel.matmul %x, %w : tensor<?x1024xf32>, tensor<64x1024xf32, #i4> to tensor<?x64xf32> {
  ^bb0(%a: f32, %row: index, %column: index):
    kernel.yield %a : f32
  }
  kernel.return %y : tensor<?x64xf32>
}
// CHECK: __launch_bounds__(128) matmul_rows_9_to_512(
// CHECK: multiplyManyRows<BF16, columns, panels, 1, 64, 4>(
kernel.function @matmul.rows_9_to_512(%x: tensor<?x1024xf32>, %w: tensor<64x1024xf32, #bf16>) -> tensor<?x64xf32> attributes {row_range = #kernel.rows<9 to 512>} {
  %y = kernel.matmul %x, %w : tensor<?x1024xf32>, tensor<64x1024xf32, #bf16> to tensor<?x64xf32> {
  ^bb0(%a: f32, %row: index, %column: index):
    kernel.yield %a : f32
  }
  kernel.return %y : tensor<?x64xf32>
}

// Where they make enough blocks for a whole GPU, tiles have more rows.
// CHECK: __launch_bounds__(128) wide_rows_65_to_2048(
// CHECK: multiplyManyRows<I4_64, columns, panels, 1, 128, 4>(
kernel.function @wide.rows_65_to_2048(%x: tensor<?x1024xf32>, %w: tensor<1024x1024xf32, #i4>) -> tensor<?x1024xf32> attributes {row_range = #kernel.rows<65 to 2048>} {
  %y = kernel.matmul %x, %w : tensor<?x1024xf32>, tensor<1024x1024xf32, #i4> to tensor<?x1024xf32> {
  ^bb0(%a: f32, %row: index, %column: index):
    kernel.yield %a : f32
  }
  kernel.return %y : tensor<?x1024xf32>
}

// CHECK: /// kernel.qkv_rope_append for one row.
// CHECK: const float *__restrict__ table,
// CHECK-NEXT: uint8_t *__restrict__ keys,
// CHECK-NEXT: uint8_t *__restrict__ values,
// CHECK-NEXT: float *__restrict__ query) {
// CHECK: multiplyFewRows<BF16, columns, 1, panels, 2, 2, 8>(
// CHECK: using C = Cache<Cache_64>;
// CHECK-NEXT: constexpr int heads = 4, keyHeads = 2, half = 32, headUnits = half / panelRows;
// CHECK: const float product = first * cosine;
// CHECK: if (head < heads) {
// CHECK: paired[pair] = product;
// CHECK: C::keyRow(keys, head - heads, page, position);
// CHECK: C::valueRow(values,
kernel.function @qkv.rows_1(%x: tensor<1x256xf32>, %w: tensor<512x256xf32, #bf16>, %t: tensor<1x64xf32>, %c: !cache, %step: !step) -> (tensor<1x256xf32>, !cache) attributes {row_range = #kernel.rows<1 to 1>} {
  %q, %next = kernel.qkv_rope_append %x, %w, %c, %step rope %t : tensor<1x64xf32> {heads = 4} : tensor<1x256xf32>, tensor<512x256xf32, #bf16>, !cache, !step to tensor<1x256xf32>, !cache rotation {
  ^bb0(%first: f32, %second: f32, %cosine: f32, %sine: f32):
    %p = arith.mulf %first, %cosine : f32
    kernel.yield %p, %second : f32, f32
  }
  kernel.return %q, %next : tensor<1x256xf32>, !cache
}

// CHECK: /// kernel.attention_partial for one row.
// CHECK-NEXT: __launch_bounds__(128, 4)
// CHECK: waitForEarlier();
// CHECK-NEXT: letLaterBegin();
// CHECK: constexpr int heads = 4, keyValueHeads = 2, keyChunk = 128, chunks = 8;
// CHECK-NEXT: attendChunk<Cache_64, Score, heads, keyValueHeads, keyChunk, chunks>(step, query, keys, values, result);
kernel.function @partial.rows_1(%q: tensor<1x256xf32>, %c: !cache, %step: !step) -> tensor<1x2112xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  %p = kernel.attention_partial %q, %c, %step {heads = 4, scale = 0.125 : f32, chunks = 8} : tensor<1x256xf32>, !cache, !step to tensor<1x2112xf32>
  kernel.return %p : tensor<1x2112xf32>
}
// CHECK: /// kernel.attention_merge for one row.
// CHECK: mergeChunks<dimension, keyChunk, chunks, window>(step, partial, result);
kernel.function @merge.rows_1(%p: tensor<1x2112xf32>, %step: !step) -> tensor<1x256xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  %y = kernel.attention_merge %p, %step {heads = 4, dimension = 64, chunks = 8} : tensor<1x2112xf32>, !step to tensor<1x256xf32>
  kernel.return %y : tensor<1x256xf32>
}
// Of few rows, those of several sequences have keys of their own.
// CHECK: /// kernel.attention for 5 to 8 rows.
// CHECK: waitForEarlier();
// CHECK-NEXT: letLaterBegin();
// CHECK-NEXT: if (blockIdx.y >= *rowCount)
// CHECK: attendRows<Cache_64_2, Score_2, heads, keyValueHeads, dimension, 1, 32>(
// CHECK-NEXT: step, query, 256, keys, values, rows, result, 256);
kernel.function @attention.rows_5_to_8(%q: tensor<?x256xf32>, %c: !cache, %step: !steps) -> tensor<?x256xf32> attributes {row_range = #kernel.rows<5 to 8>} {
  %y = kernel.attention %q, %c, %step {heads = 4, scale = 0.125 : f32, softcap = 20.0 : f32, alibi_slopes = array<f32: 0.5, 0.25, 0.125, 0.0625>, bidirectional} : tensor<?x256xf32>, !cache, !steps to tensor<?x256xf32>
  kernel.return %y : tensor<?x256xf32>
}
// CHECK: /// kernel.attention for 9 to 512 rows.
// CHECK: attendManyRows<Cache_64_2, Score, heads, keyValueHeads, dimension, 32>(
// CHECK-NEXT: step, query, 256, keys, values, rows, result, 256);
kernel.function @attention.rows_9_to_512(%q: tensor<?x256xf32>, %c: !cache, %step: !steps) -> tensor<?x256xf32> attributes {row_range = #kernel.rows<9 to 512>} {
  %y = kernel.attention %q, %c, %step {heads = 4, scale = 0.125 : f32} : tensor<?x256xf32>, !cache, !steps to tensor<?x256xf32>
  kernel.return %y : tensor<?x256xf32>
}

// CHECK: /// kernel.embedding for 9 to 512 rows.
// CHECK: const int row = blockIdx.y, index = step.positions[row] + 2;
// CHECK-NEXT: const uint8_t *panel = table + index / panelRows * panelBytes;
// CHECK: const float number = weightAt<Q4_1>(panel, index % panelRows, column);
// CHECK-NEXT: const float value0 = operand0[row * 64 + column];
// CHECK-NEXT: const float value1 = operand1[column];
// CHECK-NEXT: const float sum = number + value0;
// CHECK-NEXT: const float sum2 = sum + value1;
// CHECK-NEXT: result[row * stride + column] = sum2;
kernel.function @positions.rows_9_to_512(%t: tensor<100x64xf32, #q4_1>, %step: !steps, %x: tensor<?x64xf32>, %v: tensor<64xf32, #f32>) -> tensor<?x64xf32> attributes {row_range = #kernel.rows<9 to 512>} {
  %y = kernel.embedding %t, %step with %x, %v : tensor<?x64xf32>, tensor<64xf32, #f32> {position_offset = 2} : tensor<100x64xf32, #q4_1>, !steps to tensor<?x64xf32> {
  ^bb0(%number: f32, %a: f32, %b: f32, %row: index, %column: index):
    %first = arith.addf %number, %a : f32
    %second = arith.addf %first, %b : f32
    kernel.yield %second : f32
  }
  kernel.return %y : tensor<?x64xf32>
}

// CHECK: /// kernel.embedding for 9 to 512 rows.
// CHECK: row = blockIdx.y, index = step.tokens[row];
// CHECK: const float number = weightAt<Q4_1>(panel, index % panelRows, column);
// CHECK-NEXT: result[row * stride + column] = number;
kernel.function @embedding.rows_9_to_512(%t: tensor<100x64xf32, #q4_1>, %step: !steps) -> tensor<?x64xf32> attributes {row_range = #kernel.rows<9 to 512>} {
  %y = kernel.embedding %t, %step : tensor<100x64xf32, #q4_1>, !steps to tensor<?x64xf32>
  kernel.return %y : tensor<?x64xf32>
}
// CHECK: /// kernel.rope_table for 9 to 512 rows.
// CHECK: constexpr int pairs = 2, padded = 16, stride = 32;
// CHECK: frequencies[pairs] = {1.0f, 0.25f};
// CHECK: frequencies[pair] / factors[pair]
kernel.function @rope_table.rows_9_to_512(%step: !steps, %f: tensor<2xf32, #f32>) -> tensor<?x32xf32> attributes {row_range = #kernel.rows<9 to 512>} {
  %y = kernel.rope_table %step factors %f : tensor<2xf32, #f32> {frequencies = array<f32: 1.0, 0.25>, magnitude = 1.0 : f32} : !steps to tensor<?x32xf32>
  kernel.return %y : tensor<?x32xf32>
}
// A mean first; and pieces of a row, whose weight serves all of them and whose bias is the row's.
// CHECK: /// kernel.norm_quantize for 9 to 512 rows.
// CHECK: normRow<64, true, 128>(
// CHECK-NEXT: input + blockIdx.y * 64, 9.99999975e-06f, normalized + blockIdx.y * 64, [&](float value, int) { return value; });
kernel.function @layer_norm.rows_9_to_512(%x: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {row_range = #kernel.rows<9 to 512>} {
  %y = kernel.norm_quantize %x {centered, epsilon = 1.0e-5 : f32} : tensor<?x64xf32> to tensor<?x64xf32>
  kernel.return %y : tensor<?x64xf32>
}

// CHECK: /// kernel.norm_quantize for 9 to 512 rows.
// CHECK: normPieces<64, 4, true, 128>(
// CHECK-NEXT: {{.*}}, [&](float value, int column) { return value * norm[column % 16] + bias[column]; });
kernel.function @pieces.rows_9_to_512(%x: tensor<?x64xf32>, %n: tensor<16xf32, #f32>, %b: tensor<64xf32, #f32>) -> tensor<?x64xf32> attributes {row_range = #kernel.rows<9 to 512>} {
  %y = kernel.norm_quantize %x norm %n : tensor<16xf32, #f32> bias %b : tensor<64xf32, #f32> {centered, epsilon = 1.0e-5 : f32, groups = 4} : tensor<?x64xf32> to tensor<?x64xf32>
  kernel.return %y : tensor<?x64xf32>
}

// CHECK: /// kernel.norm_quantize for 9 to 512 rows.
// CHECK: normRow<64, false, 128>(
// CHECK-NEXT: input + blockIdx.y * 64, 9.99999975e-06f, normalized + blockIdx.y * 64, [&](float value, int column) { return value * norm[column]; });
kernel.function @norm.rows_9_to_512(%x: tensor<?x64xf32>, %n: tensor<64xf32, #f32>) -> tensor<?x64xf32> attributes {row_range = #kernel.rows<9 to 512>} {
  %y = kernel.norm_quantize %x norm %n : tensor<64xf32, #f32> {epsilon = 1.0e-5 : f32} : tensor<?x64xf32> to tensor<?x64xf32>
  kernel.return %y : tensor<?x64xf32>
}
// CHECK: /// kernel.wanted_rows for 9 to 512 rows.
// CHECK: source = step.wanted[row];
kernel.function @wanted.rows_9_to_512(%x: tensor<?x64xf32>, %step: !steps) -> tensor<?x64xf32> attributes {row_range = #kernel.rows<9 to 512>} {
  %y = kernel.wanted_rows %x, %step : tensor<?x64xf32>, !steps to tensor<?x64xf32>
  kernel.return %y : tensor<?x64xf32>
}
// CHECK: /// kernel.generic for one row.
// CHECK: const float value0 = operand0[row * 64 + column];
// CHECK-NEXT: const float value1 = operand1[column];
// CHECK-NEXT: const int index = static_cast<int>(column);
// CHECK-NEXT: const float number = static_cast<float>(index);
// CHECK-NEXT: const float sum = fmaf(value0, value1, number);
// CHECK-NEXT: const float sum2 = sum + -2.5f;
kernel.function @generic.rows_1(%x: tensor<1x64xf32>, %v: tensor<64xf32, #f32>) -> tensor<1x64xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  %y = kernel.generic %x, %v : tensor<1x64xf32>, tensor<64xf32, #f32> to tensor<1x64xf32> {
  ^bb0(%a: f32, %b: f32, %row: index, %column: index):
    %i = arith.index_cast %column : index to i32
    %n = arith.sitofp %i : i32 to f32
    %f = math.fma %a, %b, %n : f32
    %c = arith.constant -2.5 : f32
    %s = arith.addf %f, %c : f32
    kernel.yield %s : f32
  }
  kernel.return %y : tensor<1x64xf32>
}
// CHECK: /// kernel.pair_heads for one row.
// CHECK: first = plain[2 * pair];
// CHECK: paired[half + pair] = first * sine + second * cosine;
kernel.function @rope.rows_1(%x: tensor<1x128xf32>, %t: tensor<1x64xf32>) -> tensor<1x128xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  %y = kernel.pair_heads %x rope %t : tensor<1x64xf32> {dimension = 64, style = 1 : i32} : tensor<1x128xf32> to tensor<1x128xf32>
  kernel.return %y : tensor<1x128xf32>
}
// Of 64 elements 16 are rotated, in 8 pairs.
// CHECK: /// kernel.pair_heads for one row.
// CHECK: constexpr int turning = 8;
// CHECK-NEXT: first = plain[pair < turning ? pair : turning + pair];
// CHECK-NEXT: second = plain[pair < turning ? 8 + pair : pairs + pair];
kernel.function @rope_part.rows_1(%x: tensor<1x128xf32>, %t: tensor<1x64xf32>) -> tensor<1x128xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  %y = kernel.pair_heads %x rope %t : tensor<1x64xf32> {dimension = 64, style = 0 : i32, rotated = 16} : tensor<1x128xf32> to tensor<1x128xf32>
  kernel.return %y : tensor<1x128xf32>
}
// CHECK: const float angle = pair < pairs ? position * (frequencies[pair]) : 0.0f,
// CHECK: result[row * stride + pair] = pair >= pairs && pair < all ? 1.0f : cosf(angle) * magnitude;
kernel.function @rope_table_part.rows_1(%step: !step) -> tensor<1x64xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  %y = kernel.rope_table %step {frequencies = array<f32: 1.0, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5>, magnitude = 1.5 : f32, unrotated = 24} : !step to tensor<1x64xf32>
  kernel.return %y : tensor<1x64xf32>
}
// CHECK: /// kernel.pair_heads for one row.
// CHECK: first = plain[pair];
// CHECK-NEXT: second = plain[pairs + pair];
// CHECK: paired[pair] = first;
kernel.function @pair_heads.rows_1(%x: tensor<1x128xf32>) -> tensor<1x128xf32> attributes {row_range = #kernel.rows<1 to 1>} {
  %y = kernel.pair_heads %x {dimension = 64} : tensor<1x128xf32> to tensor<1x128xf32>
  kernel.return %y : tensor<1x128xf32>
}
// Without a rotation, but with a bias.
// CHECK: /// kernel.qkv_rope_append for one row.
// CHECK: const auto finished = [&](int panel) {
// CHECK:   const int column = (2 * unit + panel) * panelRows + lane;
// CHECK:   const float value = operand[column];
// CHECK: const float first = finished(0), second = finished(1);
// CHECK-NEXT: if (head < heads)
// CHECK: fromFloat<C::Element>(finished(i));
kernel.function @qkv_append.rows_1(%x: tensor<1x256xf32>, %w: tensor<512x256xf32, #bf16>, %b: tensor<512xf32, #f32>, %c: !cache, %step: !step) -> (tensor<1x256xf32>, !cache) attributes {row_range = #kernel.rows<1 to 1>} {
  %q, %next = kernel.qkv_rope_append %x, %w, %c, %step with %b : tensor<512xf32, #f32> {heads = 4} : tensor<1x256xf32>, tensor<512x256xf32, #bf16>, !cache, !step to tensor<1x256xf32>, !cache epilogue {
  ^bb0(%accumulator: f32, %bias: f32, %row: index, %column: index):
    %sum = arith.addf %accumulator, %bias : f32
    kernel.yield %sum : f32
  }
  kernel.return %q, %next : tensor<1x256xf32>, !cache
}
// CHECK: /// kernel.append for one row.
// CHECK: C::keyRow(keys, head, page, position)[column] = fromFloat<C::Element>(key[row * 128 + index]);
kernel.function @append.rows_1(%c: !cache, %k: tensor<1x128xf32>, %v: tensor<1x128xf32>, %step: !step) -> !cache attributes {row_range = #kernel.rows<1 to 1>} {
  %next = kernel.append %c, %k, %v, %step : !cache, tensor<1x128xf32>, tensor<1x128xf32>, !step
  kernel.return %next : !cache
}
}

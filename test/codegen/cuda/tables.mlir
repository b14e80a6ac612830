// A plan as tables: what runs, in which order, in how many blocks, on which bytes.

// RUN: ingotc %data/tiny/three_kv_heads_q4_1.gguf -o %t.cu --target=cuda --compile-to=codegen
// RUN: FileCheck %s < %t.cu

// The token loop is an image of its own, of the same text.
// CHECK: #if defined(INGOT_CUDA_LOOP) || defined(INGOT_CUDA_SHIM)
// CHECK: void ingot_keep_going(
// CHECK: setCondition(condition, sampling->going);
// CHECK: #ifndef INGOT_CUDA_LOOP

// A graph of three or four rows has blocks for four; one of two rows, or of one, for as many as there are.
// CHECK: embedding_259x64_q8_0_rows_2(
// CHECK: {{result\) {$}}
// CHECK-NEXT: waitForEarlier();
// CHECK-NEXT: letLaterBegin();
// CHECK-NEXT: constexpr int columns
// CHECK: embedding_259x64_q8_0_rows_3_to_4(
// CHECK: {{result\) {$}}
// CHECK-NEXT: waitForEarlier();
// CHECK-NEXT: letLaterBegin();
// CHECK-NEXT: if (blockIdx.y >= *rowCount)
// CHECK-NEXT: return;

// CHECK: ingot_find_candidates(
// CHECK: findCandidates<259>(*sampling, logits, lists);
// CHECK: ingot_choose_token(
// CHECK: chooseToken<1>(step, *sampling, lists, ends, tokens, stop);

// CHECK: static const IngotCudaKernel kernels[] = {
// CHECK-NEXT: {"embedding_259x64_q8_0_rows_1", 128, 0, 2, 0},
// CHECK: {"norm_64_then_qkv_rope_append_9x3x20_f32_480x64_q4_1_rows_1", 32, 0, 7, 0},
// CHECK: static const IngotCudaArena arenas[] = {
// CHECK-NEXT: {"weights", {{[0-9]+}}, 128, 0}, // constant
// CHECK-NEXT: {"key_value", {{[0-9]+}}, 128, 1}, // state
// CHECK-NEXT: {"transient", {{[0-9]+}}, 128, 2}, // transient

// The embedding reads the first weights.
// CHECK: static const IngotCudaBuffer buffers[] = {
// CHECK-NEXT: {0, 0, 0}, {2, 0, {{[0-9]+}}},

// kernel, blocks along x, rows of a block, wanted, first buffer, first await, awaits
// CHECK: static const IngotCudaLaunch launches[] = {
// CHECK-NEXT: {0, 1, 1, 0, 0, 0, 0, 0}, // embedding_259x64_q8_0_rows_1
// CHECK-NEXT: {1, 1, 1, 0, 2, 0, 0, 0}, // rope_table_32_rows_1
// Fifteen pairs of panels; two chunks for each of three heads; a block for each of nine heads.
// CHECK-NEXT: {2, 15, 1, 0, 3, 0, 2, 0}, // norm_64_then_qkv
// CHECK-NEXT: {3, 6, 1, 0, 10, 2, 1, 0}, // attention_partial
// CHECK-NEXT: {4, 9, 1, 0, 14, 3, 1, 0}, // attention_merge
// CHECK-NEXT: {5, 4, 1, 0, 16, 4, 2, 0}, // matmul_64x180_f16_add
// CHECK-NEXT: {6, 6, 1, 0, 20, 6, 1, 0}, // norm_64_then_gated_matmul
// The end of the last layer and the head run on wanted rows.
// CHECK: {8, 1, 1, 1, {{.*}}}, // wanted_rows_64_rows_1
// CHECK-NEXT: {6, 6, 1, 1, {{.*}}}, // norm_64_then_gated_matmul_192x64_q4_1_rows_1
// CHECK-NEXT: {7, {{.*}}}, // matmul_64x96_
// CHECK-NEXT: {9, 9, 1, 1, {{.*}}}, // norm_64_then_matmul_259x64_q8_0_rows_1
// Of many rows, a block computes 64 of a product and of attention.
// CHECK: {{.*}}, 8, 64, 0, {{.*}}}, // qkv_rope_append_9x3x20_f32_480x64_q4_1_rows_9_to_64
// CHECK-NEXT: {{.*}}, 9, 64, 0, {{.*}}}, // attention_9x3x20_f32_rows_9_to_64

// CHECK: static const IngotCudaProgram programs[] = {
// CHECK-NEXT: {"forward.rows_1", 1, 1, 0, 16},
// CHECK-NEXT: {"forward.rows_2", 2, 2, 16, {{[0-9]+}}},
// CHECK-NEXT: {"forward.rows_3_to_4", 3, 4,
// CHECK-NEXT: {"forward.rows_5_to_8", 5, 8,
// CHECK-NEXT: {"forward.rows_9_to_64", 9, 64,
// CHECK-NEXT: {"forward.rows_65_to_256", 65, 256,
// CHECK: ingot_cuda_descriptor = {
// CHECK-NEXT: INGOT_CUDA_VERSION
// CHECK: 3, 6, 0, 0, // kernels, arenas, programs, products
// CHECK-NEXT: 256, 1, 16, // rows, sequences, wanted rows
// CHECK-NEXT: 259, 1088, {2, 0, 0}, // output
// CHECK: "ingot_find_candidates", 256, 0, 0, 0}, {"ingot_choose_token", 256, 0, 0, 0}, 1, 0}, // sampler
// CHECK: #endif // INGOT_CUDA_LOOP

// The host's constants say the same.
// RUN: ingotc %data/tiny/three_kv_heads_q4_1.gguf -o %t.mlir --target=cuda --compile-to=plan
// RUN: ingot-opt %t.mlir --ingot-cuda-emit-descriptor -o - | FileCheck %s --check-prefix=HOST
// HOST-DAG: llvm.mlir.global external constant @ingot_descriptor
// HOST-DAG: llvm.mlir.global external constant @ingot_cuda_descriptor
// HOST-DAG: constant @ingot.cuda.string.0("embedding_259x64_q8_0_rows_1\00")

// A dump without its text, or without its constants, is refused.
// RUN: ingot-opt %s --split-input-file --verify-diagnostics --ingot-cuda-verify-phase
// expected-error @below {{expected the module attribute ingot.source with CUDA C++, found none}}
module {}

// -----

// expected-error @below {{expected the constants @ingot_descriptor and @ingot_cuda_descriptor, found not the first}}
module attributes {ingot.source = ""} {}

// Where cuBLASLt multiplies, a launch names a product: here of 160 outputs and 72 columns, rows of 80 and of 160 numbers.
// RUN: ingotc %data/tiny/rope_linear_bf16.gguf -o %t.products.cu --target=cuda --compile-to=codegen
// RUN: FileCheck %s --check-prefix=PRODUCTS < %t.products.cu
// PRODUCTS: struct BF16_rows {
// PRODUCTS: static constexpr int rowColumns = 72;
// PRODUCTS: static const IngotCudaProduct products[] = {
// PRODUCTS-NEXT: {"library_matmul_160x72_bf16.rows_65_to_256", 160, 72, INGOT_CUDA_BF16, 0, 80, 160, 655360},
// PRODUCTS-NEXT: {"library_matmul_72x72_bf16_add.rows_65_to_256", 72, 72, INGOT_CUDA_BF16, 1, 80, 80, 294912},
// PRODUCTS: static const IngotCudaLaunch launches[] = {
// PRODUCTS: {0, 1, 1, 0, {{[0-9]+}}, {{[0-9]+}}, {{[0-9]+}}, 1}, // library_matmul_160x72_bf16.rows_65_to_256
// PRODUCTS: {"forward.rows_65_to_256", 65, 256,
// PRODUCTS: 4, 0, // kernels, arenas, programs, products
// Kernels of ours do without, in panels.
// RUN: ingotc %data/tiny/rope_linear_bf16.gguf -o %t.own.cu --target=cuda --compile-to=codegen --gemm=own
// RUN: FileCheck %s --check-prefix=OWN < %t.own.cu
// OWN: struct BF16 {
// OWN: static constexpr int rowColumns = 0;
// OWN: static const IngotCudaProduct *const products = nullptr;

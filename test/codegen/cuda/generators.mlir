// Weights that no file holds: a kernel for every format, and where the rows of which parameter stand.

// RUN: ingot-shape --layers=1 --heads=4 --key-value-heads=2 --head-dim=32 --width=64 --hidden=128 --vocabulary=75 --context=64 --rows=8 --format=q4_0 --separate-head > %t.shape.mlir
// RUN: ingotc %t.shape.mlir -o %t.cu --target=cuda --weights=random:5 --compile-to=codegen --dump-phases=%t.dumps
// RUN: FileCheck %s < %t.cu
// RUN: FileCheck %s --check-prefix=MODEL < %t.dumps/02-model.mlir
// MODEL: weights = "random:5"
// MODEL: model.parameter @token_embd.weight : tensor<75x64xf32, #encoding.storage<format = #encoding.ggml<q4_0>>> random 5 scale 0.216506347
// MODEL: model.parameter @blk.0.attn_norm.weight : tensor<64xf32, #encoding.storage<format = #encoding.ggml<f32>>> splat 1.000000e+00

// CHECK: extern "C" __global__ void __launch_bounds__(256) ingot_read(
// CHECK-NEXT: const uint8_t *__restrict__ from, uint64_t bytes, uint32_t unlikely, uint32_t *result) {
// CHECK-NEXT: readMemory(from, bytes, unlikely, result);
// CHECK: extern "C" __global__ void __launch_bounds__(256) ingot_generate_Q4_0(
// CHECK-NEXT: const IngotCudaFill fill, uint8_t *constants) {
// CHECK-NEXT: generateBlocks<Q4_0, 0>(fill, constants);
// CHECK: ingot_generate_F32_rows(
// CHECK: generateNumbers<F32, 1>(fill, constants);

// offset, seed, generator, columns, panels, from panel to panel, first lane, lanes, first row, from lane to lane, from
// panel to panel, scale, kind. The embedding has 75 rows: four panels, eleven rows of a fifth, and padding.
// CHECK: static const IngotCudaFill fills[] = {
// CHECK-NEXT: {0, 5, 0, 64, 4, 1, 0, 16, 0, 1, 16, 0.216506347f, 1, 0},
// CHECK-NEXT: {2304, 5, 0, 64, 1, 1, 0, 11, 64, 1, 0, 0.216506347f, 1, 0},
// CHECK-NEXT: {2304, 0, 0, 64, 1, 1, 11, 5, 0, 0, 0, 0.0f, 2, 0},
// CHECK: ingot_cuda_descriptor = {
// CHECK: "ingot_read", generators, fills, 2, {{[0-9]+}},

// Without the option there is nothing of it.
// RUN: ingotc %t.shape.mlir -o - --target=cuda --compile-to=codegen | FileCheck %s --check-prefix=EMBEDDED --implicit-check-not=ingot_generate_
// EMBEDDED: static const IngotCudaFill *const fills = nullptr;

// What options and parameters must say.
// RUN: sed 's/random:5/random:-5/' %t.dumps/07-plan.mlir > %t.edited.mlir
// RUN: not ingotc %t.edited.mlir -o %t.out --compile-from=plan --compile-to=codegen 2>&1 | FileCheck %s --check-prefix=SEED
// SEED: expected ingot.options.weights to be one of embedded, external, random:SEED, found 'random:-5'
// RUN: sed 's/target = "cuda"/target = "cpu"/' %t.dumps/02-model.mlir > %t.edited.mlir
// RUN: not ingotc %t.edited.mlir -o %t.out --compile-to=codegen 2>&1 | FileCheck %s --check-prefix=CPU
// CPU: expected ingot.options.weights to be embedded or external on the target cpu, found 'random:5'
// RUN: not ingotc %t.dumps/07-plan.mlir -o %t.out --compile-from=plan --compile-to=codegen --weights=embedded 2>&1 | FileCheck %s --check-prefix=CONTRADICTS
// CONTRADICTS: --weights=embedded contradicts the dump, which was made for random:5

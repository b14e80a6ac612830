// --target=cuda: the phases up to plan, and CUDA C++ in place of the module.

// Up to quantize both targets say the same; the exact path is a GPU's only one.
// RUN: rm -rf %t && mkdir %t && cd %t
// RUN: ingotc %data/tiny/three_kv_heads_q4_1.gguf -o cuda.cu --target=cuda --mcpu=x86-64-v3 --compile-to=codegen --dump-phases=cuda
// RUN: ingotc %data/tiny/three_kv_heads_q4_1.gguf -o cpu.mlir --mcpu=x86-64-v3 --activations=f32 --compile-to=fuse --dump-phases=cpu
// RUN: sed 's/target = "cuda"/target = "cpu"/' cuda/01-import.mlir | diff cpu/01-import.mlir -
// RUN: sed 's/target = "cuda"/target = "cpu"/' cuda/02-model.mlir | diff cpu/02-model.mlir -
// RUN: sed 's/target = "cuda"/target = "cpu"/' cuda/03-quantize.mlir | diff cpu/03-quantize.mlir -

// After that they differ by what the target descriptions say.
// RUN: grep -o 'func.func @[^(]*' cuda/04-fuse.mlir | FileCheck %s --check-prefix=ROWS
// ROWS: @forward.rows_1
// ROWS-NEXT: @forward.rows_2
// ROWS-NEXT: @forward.rows_3_to_4
// ROWS-NEXT: @forward.rows_5_to_8
// ROWS-NEXT: @forward.rows_9_to_64
// ROWS-NEXT: @forward.rows_65_to_256
// A layer of one row is six launches, the merging of keys included.
// RUN: sed -n '/func.func @forward.rows_1(/,/return/p' cuda/04-fuse.mlir | grep -o 'kernel.call @[^(]*' | FileCheck %s --check-prefix=FUSE
// FUSE: @embedding
// FUSE-NEXT: @rope_table
// FUSE-NEXT: @norm_64_then_qkv_rope_append
// FUSE-NEXT: @attention_partial
// FUSE-NEXT: @attention_merge
// FUSE-NEXT: @matmul_64x180_f16_add
// FUSE-NEXT: @norm_64_then_gated_matmul
// FUSE-NEXT: @matmul_64x96_q4_1_add
// FUSE-NEXT: @norm_64_then_qkv_rope_append
// RUN: FileCheck %s --check-prefix=PLAN < cuda/07-plan.mlir
// PLAN: schedule.arena @weights : device[0], constant, {{[0-9]+}} align 128

// The phase codegen is text, and the same from a dump.
// RUN: diff cuda.cu cuda/08-codegen.cu
// RUN: ingotc cuda/07-plan.mlir -o - --compile-from=plan --compile-to=codegen | diff cuda.cu -
// RUN: ingotc cuda/03-quantize.mlir -o - --compile-from=quantize --compile-to=codegen --activations=auto --target=cuda | diff cuda.cu -

// Where results may depend on no batch, there is one kernel for every matrix up to 64 rows, and one arithmetic.
// RUN: ingotc %data/tiny/three_kv_heads_q4_1.gguf -o invariant.mlir --target=cuda --batch-invariant --mcpu=x86-64-v3 --compile-to=plan --report=invariant
// RUN: grep -o 'schedule.program @[^(]*' invariant.mlir | FileCheck %s --check-prefix=INVARIANT
// INVARIANT: @forward.rows_1_to_64
// INVARIANT-NEXT: @forward.rows_65_to_256
// INVARIANT-NOT: schedule.program
// RUN: FileCheck %s --check-prefix=COST <invariant
// COST: results depend on no batch (--batch-invariant), which costs
// COST-NEXT: steps of few rows are computed in tiles for many; time was not measured
// COST-NEXT: a step of one row: 19 launches, without the option 16
// COST-NEXT: a step of one row: 32 rows multiplied, without the option 1
// COST-NEXT: a step of one row: 9 attention blocks, without the option 6
// RUN: ingotc %data/tiny/three_kv_heads_q4_1.gguf -o plan.mlir --target=cuda --mcpu=x86-64-v3 --compile-to=plan --report=plain
// RUN: FileCheck %s --check-prefix=OTHERWISE <plain
// OTHERWISE: rows 1 to 1: 16 launches
// OTHERWISE-NOT: --batch-invariant
// RUN: ingotc %data/tiny/three_kv_heads_q4_1.gguf -o cpu.mlir --batch-invariant --mcpu=x86-64-v3 --compile-to=plan --report | FileCheck %s --check-prefix=CPU
// CPU: results depend on no batch (--batch-invariant), which costs
// CPU-NEXT: nothing: on this target no result depends on the batch, with the option or without it
// RUN: not ingotc cuda/02-model.mlir -o out.cu --compile-to=codegen --batch-invariant 2>&1 | FileCheck %s --check-prefix=WITHOUT
// WITHOUT: ingotc: error: {{.*}}: --batch-invariant contradicts the dump, which was made without; leave the option out or start from the model
// RUN: sed 's/batch_invariant/batch_invariant = 1/' invariant.mlir > edited.mlir
// RUN: not ingotc edited.mlir -o out.cu --compile-from=plan --compile-to=codegen 2>&1 | FileCheck %s --check-prefix=UNIT
// UNIT: ingotc: error: {{.*}}expected ingot.options.batch_invariant to be a unit attribute, found 1

// RUN: not ingotc %data/tiny/three_kv_heads_q4_1.gguf -o out.cu --target=cuda --compile-to=codegen --batch-invariant --gemm=cublaslt 2>&1 | FileCheck %s --check-prefix=BOTH
// BOTH: ingotc: error: {{.*}}: --gemm=cublaslt contradicts --batch-invariant: cuBLASLt adds in an order that it chooses by the number of rows; leave one of them out
// RUN: not ingotc cuda/02-model.mlir -o out.cu --compile-to=codegen --gemm=own 2>&1 | FileCheck %s --check-prefix=GEMM
// GEMM: ingotc: error: {{.*}}: --gemm=own contradicts the dump, which was made for cublaslt; leave the option out or start from the model
// RUN: sed 's/batch_invariant/batch_invariant, gemm = "cublaslt"/' invariant.mlir > edited.mlir
// RUN: not ingotc edited.mlir -o out.cu --compile-from=plan --compile-to=codegen 2>&1 | FileCheck %s --check-prefix=ORDER
// ORDER: ingotc: error: {{.*}}expected ingot.options.gemm to be own where no result may depend on the batch
// RUN: sed 's/target = "cuda"/target = "cpu", gemm = "own"/' cuda/02-model.mlir > edited.mlir
// RUN: not ingotc edited.mlir -o out.cu --compile-to=codegen 2>&1 | FileCheck %s --check-prefix=NOTCPU
// NOTCPU: ingotc: error: {{.*}}expected ingot.options.gemm on the target cuda alone

// What cannot be had is one line.
// RUN: not ingotc %data/tiny/three_kv_heads_q4_1.gguf -o out --target=cuda --nvcc=%t/absent 2>&1 | FileCheck %s --check-prefix=LINK
// LINK: ingotc: error: {{.*}}three_kv_heads_q4_1.gguf: --nvcc={{.*}}absent: no such program
// RUN: not ls out
// RUN: not ingotc %data/tiny/three_kv_heads_q4_1.gguf -o out.cu --target=cuda --compile-to=codegen --tune 2>&1 | FileCheck %s --check-prefix=TUNE
// TUNE: ingotc: error: {{.*}}: --tune measures tiles of the CPU's code, and --target=cuda has none; leave the option out
// RUN: not ingotc %data/tiny/sliding_window_q8_0.gguf -o out.cu --target=cuda --kv=q8_0 --compile-to=codegen 2>&1 | FileCheck %s --check-prefix=CACHE
// CACHE: ingotc: error: {{.*}}'kernel.qkv_rope_append' op has no CUDA C++ for a cache of q8_0: compile with --kv=f16 or f32
// RUN: not ingotc cuda/02-model.mlir -o out.cu --compile-to=codegen --sm=80 2>&1 | FileCheck %s --check-prefix=SM
// SM: ingotc: error: {{.*}}: --sm=80 contradicts the dump, which was made for 90a; leave the option out or start from the model
// RUN: sed 's/target = "cuda"/target = "cuda", sm = "75"/' cuda/02-model.mlir > edited.mlir
// RUN: not ingotc edited.mlir -o out.cu --compile-to=codegen 2>&1 | FileCheck %s --check-prefix=EDITED
// EDITED: ingotc: error: {{.*}}expected ingot.options.sm on the target cuda alone, and of 80, 86, 89, 90, 90a, 100, 120, each at most once; found '75'
// RUN: ingotc %data/tiny/three_kv_heads_q4_1.gguf -o - --target=cuda --sm=80,86 --compile-to=import | FileCheck %s --check-prefix=STORED
// STORED: sm = "80,86"
// RUN: sed 's/activations = "f32"/activations = "auto"/' cuda/02-model.mlir > edited.mlir
// RUN: not ingotc edited.mlir -o out.cu --compile-to=codegen 2>&1 | FileCheck %s --check-prefix=EXACT
// EXACT: ingotc: error: {{.*}}expected ingot.options.activations to be f32 on the target cuda, found 'auto'

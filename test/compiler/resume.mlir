// A dump continues where it stopped, whatever phase it is at, and gives the same program; only names of values differ.
// RUN: rm -rf %t && mkdir -p %t && cd %t
// RUN: ingotc %data/tiny/mixed_q5_1.gguf -o plan.mlir --kv=f16 --compile-to=plan --dump-phases=dumps
// RUN: cmp plan.mlir dumps/07-plan.mlir
// RUN: ls dumps | FileCheck %s --check-prefix=NAMES
// NAMES: 01-import.mlir
// NAMES-NEXT: 02-model.mlir
// NAMES-NEXT: 03-quantize.mlir
// NAMES-NEXT: 04-fuse.mlir
// NAMES-NEXT: 05-place.mlir
// NAMES-NEXT: 06-schedule.mlir
// NAMES-NEXT: 07-plan.mlir
// NAMES-NOT: {{.}}
// RUN: ingot-opt plan.mlir -o expected.mlir
// RUN: ingotc dumps/01-import.mlir --compile-from=import --compile-to=plan -o a.mlir && ingot-opt a.mlir | cmp - expected.mlir
// RUN: ingotc dumps/02-model.mlir --compile-from=model --compile-to=plan -o a.mlir && ingot-opt a.mlir | cmp - expected.mlir
// RUN: ingotc dumps/03-quantize.mlir --compile-from=quantize --compile-to=plan -o a.mlir && ingot-opt a.mlir | cmp - expected.mlir
// RUN: ingotc dumps/04-fuse.mlir --compile-from=fuse --compile-to=plan -o a.mlir && ingot-opt a.mlir | cmp - expected.mlir
// RUN: ingotc dumps/05-place.mlir --compile-from=place --compile-to=plan -o a.mlir && ingot-opt a.mlir | cmp - expected.mlir
// RUN: ingotc dumps/06-schedule.mlir --compile-from=schedule --compile-to=plan -o a.mlir && ingot-opt a.mlir | cmp - expected.mlir

// Text from standard input, and bytecode whatever it is called.
// RUN: ingotc - --compile-from=model --compile-to=plan -o a.mlir <dumps/02-model.mlir && ingot-opt a.mlir | cmp - expected.mlir
// RUN: ingot-opt --emit-bytecode dumps/02-model.mlir -o bytecode && ingotc bytecode --compile-from=model --compile-to=plan -o a.mlir && ingot-opt a.mlir | cmp - expected.mlir

// A .mlir file without --compile-from is at the phase model. Without options in it, those of the command line hold.
// RUN: ingot-shape --layers 1 >shape.mlir && ingotc shape.mlir --compile-to=model --mcpu=x86-64-v3 --activations=f32 -o - | FileCheck %s --check-prefix=SHAPE
// SHAPE: ingot.options = {activations = "f32", cpu = "x86-64-v3", key_value = "f16"
// RUN: not ingotc shape.mlir --compile-to=model --kv=f32 -o - 2>&1 | FileCheck %s --check-prefix=KV --match-full-lines
// KV: ingotc: error: shape.mlir: --kv=f32 contradicts the program, whose caches hold f16
// RUN: not ingotc shape.mlir --compile-to=model --context=17 -o - 2>&1 | FileCheck %s --check-prefix=CONTEXT --match-full-lines
// CONTEXT: ingotc: error: shape.mlir: --context=17 contradicts the program, which is for 256 positions; leave the option out
// RUN: not ingotc shape.mlir --compile-to=import -o - 2>&1 | FileCheck %s --check-prefix=EARLY --match-full-lines
// EARLY: ingotc: error: shape.mlir: is taken to be at the phase model, which comes after --compile-to=import; say --compile-from=PHASE
// RUN: not ingotc shape.mlir --compile-from=quantize --compile-to=plan -o - 2>&1 | FileCheck %s --check-prefix=OPTIONS --match-full-lines
// OPTIONS: ingotc: error: shape.mlir: has no ingot.options, which every dump of the phase quantize has; expected a file that --compile-to wrote
// RUN: not ingotc %data/tiny/mixed_q5_1.gguf --compile-from=model -o out 2>&1 | FileCheck %s --check-prefix=GGUF
// GGUF: ingotc: error: {{.*}}mixed_q5_1.gguf: --compile-from=model needs a .mlir file that --compile-to wrote

// What a dump was made for holds; the command line may repeat it.
// RUN: ingotc dumps/02-model.mlir --compile-to=model --activations=auto --kv=auto --kv=f16 --target=cpu --weights=embedded -o a.mlir
// RUN: not ingotc dumps/02-model.mlir --compile-to=model --activations=f32 -o a.mlir 2>&1 | FileCheck %s --check-prefix=CONTRADICTION --match-full-lines
// CONTRADICTION: ingotc: error: dumps/02-model.mlir: --activations=f32 contradicts the dump, which was made for auto; leave the option out or start from the model

// An edited dump is obeyed or refused.
// RUN: sed 's/cpu = "[^"]*"/cpu = "apple-m1"/' dumps/02-model.mlir >edited.mlir && not ingotc edited.mlir --compile-to=model -o - 2>&1 | FileCheck %s --check-prefix=CPU
// CPU: ingotc: error: edited.mlir: --mcpu=apple-m1: no runtime for AArch64 yet
// RUN: sed 's/cpu = "[^"]*"/cpu = "native"/' dumps/02-model.mlir >edited.mlir && not ingotc edited.mlir --compile-to=model -o - 2>&1 | FileCheck %s --check-prefix=NATIVE
// NATIVE: ingotc: error: edited.mlir: ingot.options.cpu is 'native'; expected a CPU name
// RUN: sed 's/activations = "auto"/activations = "i4"/' dumps/02-model.mlir >edited.mlir && not ingotc edited.mlir --compile-to=model -o - 2>&1 | FileCheck %s --check-prefix=ACTIVATIONS
// ACTIVATIONS: ingotc: error: edited.mlir:1:1: expected ingot.options.activations to be one of auto, f32, found 'i4'
// RUN: sed 's/: : "output_norm.weight"/: : "no_such.weight"/' dumps/02-model.mlir >edited.mlir && not ingotc edited.mlir --compile-to=model -o - 2>&1 | FileCheck %s --check-prefix=TENSOR
// TENSOR: ingotc: error: {{.*}}mixed_q5_1.gguf: has no tensor 'no_such.weight', which parameter @output_norm.weight is taken from
// RUN: sed 's/: : "blk.0.ffn_gate.weight"/: : "blk.0.ffn_down.weight"/' dumps/02-model.mlir >edited.mlir && not ingotc edited.mlir --compile-to=model -o - 2>&1 | FileCheck %s --check-prefix=TYPE
// TYPE: ingotc: error: {{.*}}mixed_q5_1.gguf: tensor 'blk.0.ffn_down.weight', which parameter @blk.0.ffn_gate.weight is taken from, {{.*}}; the module says {{.*}}; import the model again
// RUN: sed 's/mixed_q5_1.gguf/none.gguf/' dumps/02-model.mlir >edited.mlir && not ingotc edited.mlir --compile-to=model -o - 2>&1 | FileCheck %s --check-prefix=FILE
// FILE: ingotc: error: {{.*}}none.gguf: {{.*}}No such file
// The verifier of the phase runs before anything else.
// RUN: sed 's/key_value_append %%cache.0,/key_value_append %%cache.1,/' dumps/02-model.mlir >edited.mlir && not ingotc edited.mlir --compile-to=model -o - 2>&1 | FileCheck %s --check-prefix=CACHE
// CACHE: ingotc: error: edited.mlir:{{[0-9]+:[0-9]+}}: 'model.key_value_append' op expected to be the only user of the cache version it takes, found another

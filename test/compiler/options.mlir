// Help and version.
// RUN: ingotc --help | FileCheck %s --check-prefix=HELP
// HELP: ingotc MODEL -o OUT [options]
// HELP: --mcpu=NAME
// HELP: --compile-to=PHASE
// HELP: Phases
// HELP-NEXT: import    what the file said, op by op
// HELP: link      one file
// RUN: ingotc --version | FileCheck %s --check-prefix=VERSION
// VERSION: ingotc {{[0-9]+\.[0-9]+\.[0-9]+}} (LLVM 22.

// A wrong use is one line and exit 2.
// RUN: sh -c 'ingotc; echo $?; ingotc a.gguf; echo $?; ingotc a.gguf b.gguf -o out; echo $?; true' 2>&1 | FileCheck %s --check-prefix=MISSING --match-full-lines
// MISSING: ingotc: error: no model given; see ingotc --help
// MISSING-NEXT: 2
// MISSING-NEXT: ingotc: error: no output given: -o OUT; see ingotc --help
// MISSING-NEXT: 2
// MISSING-NEXT: ingotc: error: expected one model, found 'a.gguf' and 'b.gguf'; see ingotc --help
// MISSING-NEXT: 2
// RUN: sh -c 'ingotc m -o o --tuned; ingotc m -o o --target=metal; ingotc m -o o --context=0; ingotc m -o o --context=1e9; ingotc m -o o --kv=q4_0; ingotc m -o o --quantize=q6_k; ingotc m -o o --compile-to=foo; ingotc m -o; ingotc m -o o --mcpu=; true' 2>&1 | FileCheck %s --check-prefix=UNKNOWN --match-full-lines
// UNKNOWN: ingotc: error: unknown option '--tuned'; see ingotc --help
// UNKNOWN-NEXT: ingotc: error: --target=metal: expected one of cpu, cuda; see ingotc --help
// UNKNOWN-NEXT: ingotc: error: --context=0: expected a number of positions from 1 to 16777216; see ingotc --help
// UNKNOWN-NEXT: ingotc: error: --context=1e9: expected a number of positions from 1 to 16777216; see ingotc --help
// UNKNOWN-NEXT: ingotc: error: --kv=q4_0: expected one of auto, f32, f16, bf16, q8_0; see ingotc --help
// UNKNOWN-NEXT: ingotc: error: --quantize=q6_k: expected one of q4_0, q4_1, q5_0, q5_1, q8_0, q4_k, q5_k; see ingotc --help
// UNKNOWN-NEXT: ingotc: error: --compile-to=foo: no such phase; the phases are import, model, quantize, fuse, place, schedule, plan, codegen, link; see ingotc --help
// UNKNOWN-NEXT: ingotc: error: option '-o' needs a value; see ingotc --help
// UNKNOWN-NEXT: ingotc: error: option '--mcpu' needs a value; see ingotc --help
// RUN: sh -c 'ingotc m -o o --compile-from=link; ingotc m -o o --compile-from=plan --compile-to=fuse; ingotc m -o -; ingotc m -o o --report --compile-to=fuse; ingotc m -o o --mlir-no-such-option; true' 2>&1 | FileCheck %s --check-prefix=PHASES
// PHASES: ingotc: error: --compile-from=link: an executable cannot be resumed; see ingotc --help
// PHASES-NEXT: ingotc: error: --compile-from=plan comes after --compile-to=fuse; see ingotc --help
// PHASES-NEXT: ingotc: error: -o -: an executable cannot be written to standard output; see ingotc --help
// PHASES-NEXT: ingotc: error: --report: expected a compilation that passes the phase plan, from which it is read; see ingotc --help
// PHASES-NEXT: ingotc: error: unknown option '--mlir-no-such-option'; see ingotc --help
// PHASES-NOT: {{.}}

// Options are refused in one line, those of MLIR too.
// RUN: sh -c 'ingotc m -o o --remarks-filter="("; echo $?; ingotc m -o o --remarks-output-file=r; echo $?; ingotc m -o o --mlir-print-ir-after=foo; echo $?; true' 2>&1 | FileCheck %s --check-prefix=VALUES --match-full-lines
// VALUES: ingotc: error: --remarks-filter=(: no regular expression, parentheses not balanced; see ingotc --help
// VALUES-NEXT: 2
// VALUES-NEXT: ingotc: error: --remarks-output-file=r: needs --remark-format=yaml or bitstream; see ingotc --help
// VALUES-NEXT: 2
// VALUES-NEXT: ingotc: error: --mlir-print-ir-after: Cannot find option named 'foo'; see ingotc --help
// VALUES-NEXT: 2

// The value of an option may be the next argument.
// RUN: ingotc %data/tiny/one_layer_q5_0.gguf -o - --compile-to import --mcpu x86-64-v4 --context 32 | FileCheck %s --check-prefix=CHOSEN
// CHOSEN: cpu = "x86-64-v4"
// CHOSEN: context = 32

// The exact path keeps its cache in f32 unless told otherwise.
// RUN: ingotc %data/tiny/one_layer_q5_0.gguf -o - --compile-to=import --activations=f32 | FileCheck %s --check-prefix=EXACT
// EXACT: ingot.options = {activations = "f32", {{.*}}key_value = "f32"
// RUN: ingotc %data/tiny/one_layer_q5_0.gguf -o - --compile-to=import --activations=f32 --kv=f16 --weights=external | FileCheck %s --check-prefix=HALF
// HALF: ingot.options = {activations = "f32", {{.*}}key_value = "f16", {{.*}}weights = "external"

// Elsewhere it is bf16 where every processor multiplies that and what attention gives is rounded anyway, and f16 where not.
// RUN: ingotc %data/tiny/one_layer_q5_0.gguf -o - --compile-to=import --mcpu=znver4 | FileCheck %s --check-prefix=PAIRS
// PAIRS: ingot.options = {activations = "auto", {{.*}}key_value = "bf16"
// RUN: ingotc %data/tiny/one_layer_q5_0.gguf -o - --compile-to=import --mcpu=portable | FileCheck %s --check-prefix=NO-PAIRS
// RUN: ingotc %data/tiny/rope_llama3_f16.gguf -o - --compile-to=import --mcpu=znver4 | FileCheck %s --check-prefix=NO-PAIRS
// NO-PAIRS: ingot.options = {activations = "auto", {{.*}}key_value = "f16"
// RUN: not ingotc %data/tiny/one_layer_q5_0.gguf -o - --compile-to=import --mcpu=x86-64-v4 --kv=bf16 2>&1 | FileCheck %s --check-prefix=NO-BF16 --match-full-lines
// NO-BF16: ingotc: error: {{.*}}one_layer_q5_0.gguf: --kv=bf16 needs a CPU with AVX-512 BF16, and 'x86-64-v4' is not one; take --kv=f16

// Processors.
// RUN: ingotc %data/tiny/one_layer_q5_0.gguf -o - --compile-to=import --mcpu=portable | FileCheck %s --check-prefix=PORTABLE
// PORTABLE: cpu = "portable"
// RUN: ingotc %data/tiny/one_layer_q5_0.gguf -o - --compile-to=import | FileCheck %s --check-prefix=NATIVE
// NATIVE-NOT: cpu = "native"
// RUN: sh -c 'for cpu in apple-m1 neoverse-n1 sifive-u74 pentium4 no-such-cpu; do ingotc %data/tiny/one_layer_q5_0.gguf -o %t --mcpu=$cpu; echo $?; done' 2>&1 | FileCheck %s --check-prefix=CPU
// CPU: ingotc: error: {{.*}}one_layer_q5_0.gguf: --mcpu=apple-m1: no runtime for AArch64 yet; supported: native, portable, x86-64 CPU names
// CPU-NEXT: 1
// CPU-NEXT: --mcpu=neoverse-n1: no runtime for AArch64 yet
// CPU-NEXT: 1
// CPU-NEXT: --mcpu=sifive-u74: no runtime for RISC-V yet
// CPU-NEXT: 1
// CPU-NEXT: --mcpu=pentium4: no runtime for 32-bit x86 yet
// CPU-NEXT: 1
// CPU-NEXT: --mcpu=no-such-cpu: no such CPU; supported: native, portable
// CPU-NEXT: 1

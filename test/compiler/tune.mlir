// --tune refuses what it cannot measure, before it does any work; test/e2e/test_tune.py measures.
// RUN: not ingotc %data/tiny/one_layer_q5_0.gguf -o %t --tune --mcpu=portable 2>&1 | FileCheck %s --check-prefix=PORTABLE
// PORTABLE: ingotc: error: {{.*}}one_layer_q5_0.gguf: --tune: --mcpu=portable is for several processors, of which this machine has one; choose --mcpu=native

// No processor has both AMX, of Intel, and SSE4A, of AMD.
// RUN: not ingotc %data/tiny/one_layer_q5_0.gguf -o %t --tune --mcpu=sapphirerapids,+sse4a 2>&1 | FileCheck %s --check-prefix=OTHER
// OTHER: ingotc: error: {{.*}}one_layer_q5_0.gguf: --tune: this machine cannot run code for --mcpu=sapphirerapids,+sse4a; tune on the machine that will run it, or leave --tune out

// RUN: not ingotc %data/tiny/one_layer_q5_0.gguf -o %t --tune --compile-to=plan 2>&1 | FileCheck %s --check-prefix=PLAN
// PLAN: ingotc: error: --tune: expected a compilation that passes the phase codegen, which it is for; see ingotc --help
// RUN: not ingotc %data/tiny/one_layer_q5_0.gguf -o - --tune --compile-to=codegen 2>&1 | FileCheck %s --check-prefix=PIPE
// PIPE: ingotc: error: --tune: needs a file as output, beside which it measures; see ingotc --help

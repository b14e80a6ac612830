// RUN: ingotc %data/tiny/one_layer_q5_0.gguf --compile-to=plan --mcpu=x86-64-v3 -o %t.mlir --report=%t.report && FileCheck %s <%t.report
// RUN: ingotc %t.mlir --compile-from=plan --compile-to=plan -o %t.again.mlir --report | cmp - %t.report
// CHECK: transient
// CHECK: weights

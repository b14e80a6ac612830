// One line for every failure, with place and operation; notes are folded in; nothing is left behind.
// RUN: rm -rf %t && mkdir -p %t && cd %t
// RUN: not ingotc %s --compile-to=model -o out.mlir 2>&1 | FileCheck %s --match-full-lines
// RUN: ls | count 0
// CHECK: ingotc: error: {{.*}}diagnostics.mlir:[[# @LINE + 4]]:3: 'func.func' op expected no function but @forward
// CHECK-NOT: {{.}}

module {
  func.func @f() {
    return
  }
}

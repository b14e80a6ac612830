// No output replaces the model or another output; nothing is written then.
// RUN: rm -rf %t && mkdir -p %t && cd %t
// RUN: cp %data/tiny/one_layer_q5_0.gguf m.gguf && cp m.gguf y.weights && cp m.gguf r.yaml
// RUN: not ingotc m.gguf -o ./m.gguf --compile-to=model 2>&1 | FileCheck %s --check-prefix=SELF --match-full-lines
// SELF: ingotc: error: ./m.gguf: cannot write, it is the model; choose another file for -o
// RUN: not ingotc m.gguf -o m.gguf 2>&1 | FileCheck %s --check-prefix=LINKED --match-full-lines
// LINKED: ingotc: error: m.gguf: cannot write, it is the model; choose another file for -o
// RUN: not ingotc m.gguf -o x --report=m.gguf 2>&1 | FileCheck %s --check-prefix=REPORT --match-full-lines
// REPORT: ingotc: error: m.gguf: cannot write, it is the model; choose another file for --report
// RUN: not ingotc y.weights -o y --weights=external 2>&1 | FileCheck %s --check-prefix=WEIGHTS --match-full-lines
// WEIGHTS: ingotc: error: y.weights: cannot write, it is the model; choose another file for --weights=external
// RUN: not ingotc r.yaml -o x --remark-format=yaml --remarks-output-file=r.yaml 2>&1 | FileCheck %s --check-prefix=REMARKS --match-full-lines
// REMARKS: ingotc: error: r.yaml: cannot write, it is the model; choose another file for --remark-format
// RUN: not ingotc m.gguf -o x --report=./x 2>&1 | FileCheck %s --check-prefix=TWICE --match-full-lines
// TWICE: ingotc: error: ./x: cannot write, -o writes it too; choose another file for --report
// RUN: not ingotc m.gguf -o d/02-model.mlir --compile-to=model --dump-phases=d 2>&1 | FileCheck %s --check-prefix=FOLDER
// FOLDER: ingotc: error: d/02-model.mlir: cannot write,
// RUN: not ingotc m.gguf -o x --remark-format=yaml --remarks-output-file=no-such-folder/r 2>&1 | FileCheck %s --check-prefix=ABSENT --match-full-lines
// ABSENT: ingotc: error: no-such-folder/r: cannot write, No such file or directory
// RUN: not ingotc m.gguf -o x --dump-phases=m.gguf 2>&1 | FileCheck %s --check-prefix=DUMPS --match-full-lines
// DUMPS: ingotc: error: m.gguf: cannot hold dumps, {{.*}}/m.gguf is not a directory
// RUN: cmp %data/tiny/one_layer_q5_0.gguf m.gguf && cmp m.gguf y.weights && cmp m.gguf r.yaml && ls | FileCheck %s --check-prefix=LEFT
// LEFT: m.gguf
// LEFT-NEXT: r.yaml
// LEFT-NEXT: y.weights
// LEFT-NOT: {{.}}

// Nor the file of which a program takes its weights. The program itself may be rewritten.
// RUN: ingotc m.gguf -o m.mlir --compile-to=model
// RUN: not ingotc m.mlir -o m.gguf 2>&1 | FileCheck %s --check-prefix=TAKEN --match-full-lines
// TAKEN: ingotc: error: m.gguf: cannot write, the model's weights are in it; choose another file for -o
// RUN: not ingotc m.mlir -o x --remark-format=yaml --remarks-output-file=m.gguf 2>&1 | FileCheck %s --check-prefix=TAKEN-REMARKS
// TAKEN-REMARKS: ingotc: error: m.gguf: cannot write, the model's weights are in it
// RUN: cmp m.gguf y.weights
// RUN: ingotc m.mlir -o m.mlir --compile-to=quantize && FileCheck %s --check-prefix=REWRITTEN <m.mlir
// REWRITTEN: encoding.quantize

// A pipe is not waited for.
// RUN: mkfifo pipe pipe.mlir
// RUN: not ingotc pipe -o x 2>&1 | FileCheck %s --check-prefix=PIPE
// RUN: not ingotc pipe.mlir -o x 2>&1 | FileCheck %s --check-prefix=PIPE
// PIPE: ingotc: error: pipe{{(.mlir)?}}: is neither a regular file nor a directory; give a GGUF or .mlir file, the directory of a Hugging Face model, or - for standard input

// RUN: rm -rf %t && mkdir -p %t && cd %t
// RUN: ingotc %data/tiny/one_layer_q5_0.gguf --compile-to=quantize -o a.mlir --remark-format=emitRemark 2>&1 | FileCheck %s --check-prefix=TEXT
// TEXT: ingotc: remark: {{.*}}one_layer_q5_0.gguf: blk.0.ffn_hidden: [Passed] gated-mlp | Category:model | Function=forward
// TEXT: ingotc: remark: {{.*}}one_layer_q5_0.gguf: blk.0.attn_norm: [Passed] quantize-input | Category:quantize | Function=forward
// RUN: ingotc %data/tiny/one_layer_q5_0.gguf --compile-to=quantize -o a.mlir --remarks-filter=quantize 2>&1 | FileCheck %s --check-prefix=FILTER
// FILTER-NOT: Category:model
// FILTER: Category:quantize
// RUN: ingotc %data/tiny/one_layer_q5_0.gguf --compile-to=quantize -o a.mlir --remarks-filter-missed=quantize --activations=f32 2>&1 | FileCheck %s --check-prefix=MISSED
// MISSED-NOT: [Passed]
// MISSED: [Missed] quantize-input | Category:quantize | Function=forward | Reason="activations = f32 was chosen"
// RUN: ingotc %data/tiny/one_layer_q5_0.gguf --compile-to=quantize -o a.mlir --remark-format=yaml && FileCheck %s --check-prefix=YAML <a.mlir.remarks.yaml
// YAML: --- !Passed
// YAML-NEXT: Pass: model
// YAML-NEXT: Name: gated-mlp
// RUN: ingotc %data/tiny/one_layer_q5_0.gguf --compile-to=quantize -o - --remark-format=yaml --remarks-output-file=b.yaml >a.mlir && cmp a.mlir.remarks.yaml b.yaml
// RUN: not ingotc %data/tiny/one_layer_q5_0.gguf --compile-to=quantize -o - --remark-format=yaml 2>&1 | FileCheck %s --check-prefix=NOWHERE
// NOWHERE: ingotc: error: {{.*}}: --remark-format=yaml needs --remarks-output-file=FILE with -o -

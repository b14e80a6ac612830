// RUN: ingot-opt %s --split-input-file --ingot-quantize-attention-products --remarks-filter=quantize 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK <%t.remarks

// Attention may multiply in bf16 where its result, or the wanted rows of it, is rounded to 8 bits; not where somebody reads
// it as it is, and not from a cache of another element.

#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
!step = !model.step<rows = 8, sequences = 1, wanted = 8>
!rows = tensor<?x64xf32>
!rounded = tensor<?x64xf32, #i8>
!half = !model.key_value<4 x 16 x f16, "full">
!full = !model.key_value<4 x 16 x f32, "full">

// CHECK-LABEL: func.func @forward
func.func @forward(%step: !step, %q: !rows, %c: !half, %d: !full) -> (!rounded, !rounded, !rounded, !rows, !rounded) {
  // REMARK: [Passed] attention-products {{.*}}Category:quantize
  // REMARK-SAME: may multiply in bf16: its result is rounded to 8 bits
  // CHECK: model.attention {{.*}} {bf16_products, heads
  %a = model.attention %q, %step cache %c : !half {heads = 4 : i64, key_value_heads = 4 : i64, scale = 0.25 : f32} : !rows, !step to !rows
  %aq = encoding.quantize %a : !rows to !rounded
  // REMARK: [Passed] attention-products
  // CHECK: model.attention {{.*}} {bf16_products, heads
  %b = model.attention %q, %step cache %c : !half {heads = 4 : i64, key_value_heads = 4 : i64, scale = 0.25 : f32} : !rows, !step to !rows
  %bw = model.wanted_rows %b, %step : !rows, !step to !rows
  %bq = encoding.quantize %bw : !rows to !rounded
  // REMARK: [Missed] attention-products
  // REMARK-SAME: its result is not rounded
  // CHECK: model.attention {{.*}} {heads
  %e = model.attention %q, %step cache %c : !half {heads = 4 : i64, key_value_heads = 4 : i64, scale = 0.25 : f32} : !rows, !step to !rows
  %eq = encoding.quantize %e : !rows to !rounded
  // REMARK: [Missed] attention-products
  // REMARK-SAME: the cache does not hold f16
  // CHECK: model.attention {{.*}} {heads
  %f = model.attention %q, %step cache %d : !full {heads = 4 : i64, key_value_heads = 4 : i64, scale = 0.25 : f32} : !rows, !step to !rows
  %fq = encoding.quantize %f : !rows to !rounded
  return %aq, %bq, %eq, %e, %fq : !rounded, !rounded, !rounded, !rows, !rounded
}

// -----

// REMARK: [Missed] attention-products
// REMARK-SAME: the cache is not explicit
func.func @before(%step: !model.step<rows = 8, sequences = 1, wanted = 8>, %q: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %a = model.attention %q, %step key %q : tensor<?x64xf32> value %q : tensor<?x64xf32> {heads = 4 : i64, key_value_heads = 4 : i64, scale = 0.25 : f32} : tensor<?x64xf32>, !model.step<rows = 8, sequences = 1, wanted = 8> to tensor<?x64xf32>
  return %a : tensor<?x64xf32>
}

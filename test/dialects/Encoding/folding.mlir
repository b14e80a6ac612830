// RUN: ingot-opt %s --canonicalize | FileCheck %s

#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>
#ordered = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>, order = "by_energy">

// Codes that were only widened are codes already.
// CHECK-LABEL: func.func @widened
// CHECK-SAME: (%[[Q:.*]]: tensor
// CHECK-NEXT: return %[[Q]]
func.func @widened(%q: tensor<?x64xf32, #i8>) -> tensor<?x64xf32, #i8> {
  %x = encoding.dequantize %q : tensor<?x64xf32, #i8> to tensor<?x64xf32>
  %y = encoding.quantize %x : tensor<?x64xf32> to tensor<?x64xf32, #i8>
  return %y : tensor<?x64xf32, #i8>
}

// A rounding is part of the program: it is never folded away.
// CHECK-LABEL: func.func @rounded
// CHECK: encoding.quantize
// CHECK: encoding.dequantize
func.func @rounded(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %q = encoding.quantize %x : tensor<?x64xf32> to tensor<?x64xf32, #i8>
  %y = encoding.dequantize %q : tensor<?x64xf32, #i8> to tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// Another order is another tensor.
// CHECK-LABEL: func.func @reordered
// CHECK: encoding.dequantize
// CHECK: encoding.quantize
func.func @reordered(%q: tensor<?x64xf32, #i8>) -> tensor<?x64xf32, #ordered> {
  %x = encoding.dequantize %q : tensor<?x64xf32, #i8> to tensor<?x64xf32>
  %y = encoding.quantize %x : tensor<?x64xf32> to tensor<?x64xf32, #ordered>
  return %y : tensor<?x64xf32, #ordered>
}

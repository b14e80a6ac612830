// RUN: python3 %S/Inputs/make_model.py --layers 3 | ingot-opt --ingot-phase-schedule --ingot-phase-plan >%t
// RUN: ingot-opt %t --ingot-schedule-print-report -o /dev/null | FileCheck %s
// RUN: ingot-opt %t --ingot-schedule-print-report=json -o /dev/null | python3 -m json.tool --sort-keys | FileCheck %s --check-prefix=JSON
// RUN: ingot-opt %s --ingot-schedule-print-report -o /dev/null | FileCheck %s --check-prefix=EMPTY

//      CHECK:model test, 3 layers, for x86-64-v3
//      CHECK:memory, planned: 756.81 KiB
// CHECK-NEXT:  weights     host[0]   constant     172.81 KiB
// CHECK-NEXT:  key_value   host[0]   state        72.00 KiB
// CHECK-NEXT:  transient   host[0]   transient   512.00 KiB
// CHECK-NEXT:  cache group full: 128 positions, 2 pages of 64
//      CHECK:weights, packed
// CHECK-NEXT:  q8_0              13 parameters    171.06 KiB
// CHECK-NEXT:  f32                7 parameters      1.75 KiB
//      CHECK:programs
// CHECK-NEXT:  rows 1 to 1: 26 launches (7 per layer), 24 barriers (7 per layer), 11 kernel bodies
//      CHECK:  rows 9 to 512: 26 launches (7 per layer), 24 barriers (7 per layer), 11 kernel bodies
//      CHECK:one decode step reads, on lane compute
// The embedding reads a row of the table that the head reads whole: it counts once.
// CHECK-NEXT:  weights 172.81 KiB
// 3 layers of 2 heads, 32 + 16 columns of f16.
// CHECK-NEXT:  cache   576 bytes per position
//      CHECK:licences
// CHECK-NEXT:  model weights and tokenizer   apache-2.0
//      CHECK:LGPL-2.1-or-later
//      CHECK:GCC Runtime Library Exception
//      CHECK:BSD-3-Clause

// JSON:      "bytes_per_position": 576,
// JSON-NEXT: "context": 128,
// JSON:      "window": 0
// JSON:      "key_value_bytes_per_position": 576,
// JSON:      "layers": 3,
// JSON:      "component": "model weights and tokenizer",
// JSON-NEXT: "licence": "apache-2.0"
// JSON:      "planned_bytes": 774976,
// JSON:      "launches_per_layer": 7,

// EMPTY: model unnamed, 0 layers
// EMPTY: memory, planned: 0 bytes
// EMPTY: not stated in the model's file
func.func @untouched() {
  return
}

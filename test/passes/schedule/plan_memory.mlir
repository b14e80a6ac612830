// RUN: python3 %S/Inputs/make_model.py --layers 2 | ingot-opt --ingot-phase-schedule --ingot-schedule-plan-memory >%t
// RUN: FileCheck %s <%t
// RUN: ingot-opt %s --ingot-schedule-plan-memory | FileCheck %s --check-prefix=EMPTY

// All allocations of a program fit into 1.05 times the most bytes that are live at once, whatever the shape; 80 layers
// are no other problem than two.
// DEFINE: %{shape} =
// DEFINE: %{check} = python3 %S/Inputs/make_model.py %{shape} | ingot-opt --ingot-phase-schedule --ingot-schedule-plan-memory --remarks-filter=plan 2>&1 >/dev/null | python3 %S/Inputs/check_arenas.py
// REDEFINE: %{shape} = --layers 2
// RUN: %{check}
// REDEFINE: %{shape} = --layers 30 --width 576 --hidden 1536 --heads 9 --key-value-heads 3 --dimension 64 --vocabulary 49152
// RUN: %{check}
// REDEFINE: %{shape} = --layers 16 --width 2048 --hidden 8192 --heads 32 --key-value-heads 8 --dimension 64 --vocabulary 128256
// RUN: %{check}
// REDEFINE: %{shape} = --layers 3 --width 96 --hidden 64 --heads 8 --key-value-heads 1 --dimension 48 --vocabulary 37
// RUN: %{check}
// REDEFINE: %{shape} = --layers 4 --width 288 --hidden 768 --heads 6 --key-value-heads 2 --dimension 48 --vocabulary 64 --unfused
// RUN: %{check}
// REDEFINE: %{shape} = --layers 80 --width 8192 --hidden 28672 --heads 64 --key-value-heads 8 --dimension 128 --vocabulary 128256 --unfused
// RUN: %{check}

// Weights in the order in which a step reads them, though the module declares them in another; lines of 64 bytes.
// CHECK:       schedule.arena @weights : host[0], constant, 124224 align 64
// CHECK-NEXT:  schedule.arena @key_value : host[0], state, 49152 align 64
// CHECK-NEXT:  schedule.arena @transient : host[0], transient, 524288 align 64
// CHECK-NEXT:  schedule.parameter_slice @token_embedding at 0 bytes 18496
// CHECK-NEXT:  schedule.parameter_slice @layer.0.attention_norm at 18496 bytes 256
// CHECK-NEXT:  schedule.parameter_slice @layer.0.query_key_value at 18752 bytes 15232
// CHECK:       schedule.parameter_slice @layer.1.down
// CHECK-NEXT:  schedule.parameter_slice @output_norm at 123968 bytes 256
// CHECK-NOT:   schedule.parameter_slice

// CHECK-LABEL: schedule.program @forward.rows_1(
// CHECK-NEXT:    schedule.view @key_value[0] holding "key" 0 : <host[0], state, 16384>
// CHECK-NEXT:    schedule.view @key_value[16384] holding "value" 0 : <host[0], state, 8192>
// CHECK-NEXT:    schedule.view @key_value[24576] holding "key" 1 : <host[0], state, 16384>
// CHECK-NEXT:    schedule.view @key_value[40960] holding "value" 1 : <host[0], state, 8192>
// CHECK-NEXT:    schedule.view @weights[0] of @token_embedding : <host[0], constant, 18496>
// CHECK-NOT:     schedule.{{constant|state|allocate}}
// CHECK:         %[[LOGITS:.*]] = schedule.view @transient[0] : <host[0], transient, 1088>
// CHECK:         schedule.return %[[LOGITS]]

// The output of every program starts at the base.
// CHECK-LABEL: schedule.program @forward.rows_9_to_512(
// CHECK-NEXT:    schedule.view @key_value[0] holding "key" 0
// CHECK:         %[[LOGITS:.*]] = schedule.view @transient[0] : <host[0], transient, 17408>
// CHECK:         schedule.return %[[LOGITS]]

// A module without programs has no arenas.
// EMPTY-NOT: schedule.arena
func.func @untouched() {
  return
}

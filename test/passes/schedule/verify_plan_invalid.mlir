// RUN: python3 %S/Inputs/make_model.py --layers 2 --rows 1 | ingot-opt --ingot-phase-schedule --ingot-phase-plan >%t
// RUN: python3 %S/Inputs/make_model.py --layers 1 | ingot-opt --ingot-phase-schedule --ingot-phase-plan >%t.many
// RUN: ingot-opt --ingot-schedule-verify-plan %t >/dev/null
// RUN: ingot-opt --ingot-schedule-verify-plan %t.many >/dev/null

// Arenas may be larger than they must.
// RUN: sed -E 's/(arena @transient.*), [0-9]+ align/\1, 1048576 align/' %t | ingot-opt --ingot-schedule-verify-plan >/dev/null

// The phase has run.
// RUN: python3 %S/Inputs/make_model.py --layers 1 | ingot-opt --ingot-phase-schedule | not ingot-opt --ingot-schedule-verify-plan 2>&1 | FileCheck %s --check-prefix=ADDRESS
// ADDRESS: error: 'schedule.state' op has no address: expected a schedule.view after the plan phase

// Views lie inside of their arena.
// RUN: sed -E 's/(arena @transient.*), [0-9]+ align/\1, 64 align/' %t | not ingot-opt --ingot-schedule-verify-plan 2>&1 | FileCheck %s --check-prefix=BOUNDS
// BOUNDS: error: 'schedule.view' op expected a range inside of @transient (64 bytes), found 

// What is live together lies apart: the embedding is read again after attention.
// RUN: sed -E 's/view @transient\[[0-9]+\] : <host\[0\], transient, (256|512)>/view @transient[128] : <host[0], transient, \1>/' %t | not ingot-opt --ingot-schedule-verify-plan 2>&1 | FileCheck %s --check-prefix=OVERLAP
// OVERLAP: error: 'schedule.view' op expected bytes of its own while it is live, found the output of @{{.*}}, 128 to {{.*}}, over the output of @{{.*}}, 128 to

// Order is checked again: an await that is gone.
// RUN: sed -E 's/(@norm.rows_1\(.*) after %[0-9]+ on/\1 on/' %t | not ingot-opt --ingot-schedule-verify-plan 2>&1 | FileCheck %s --check-prefix=AWAIT
// AWAIT: error: 'schedule.launch' op expected to await, directly or through others, @embedding.rows_1, which writes its input

// An await is a barrier.
// RUN: sed -E '0,/schedule.barrier/{/schedule.barrier/d}' %t | not ingot-opt --ingot-schedule-verify-plan 2>&1 | FileCheck %s --check-prefix=BARRIER
// BARRIER: error: 'schedule.launch' op expected a schedule.barrier after @embedding.rows_1, which it awaits, found none between the two

// Layers of the cache lie apart.
// RUN: sed -E 's/@key_value\[24576\]/@key_value[8192]/' %t | not ingot-opt --ingot-schedule-verify-plan 2>&1 | FileCheck %s --check-prefix=STATE-OVERLAP
// STATE-OVERLAP: error: 'schedule.view' op expected bytes of its own, found the keys of layer 1 at 8192 inside of the keys of layer 0, 0 to 16384

// They lie at the same place in every program.
// RUN: sed -E '/@forward.rows_9/,$s/@key_value\[16384\]/@key_value[8192]/' %t.many | not ingot-opt --ingot-schedule-verify-plan 2>&1 | FileCheck %s --check-prefix=STATE-PLACE
// STATE-PLACE: error: 'schedule.view' op expected the values of layer 0 where they are elsewhere, 8192 bytes at 16384, found 8192 at 8192

// Names are checked: two views of one part.
// RUN: sed -E 's/holding \"key\" 1/holding \"key\" 0/' %t | not ingot-opt --ingot-schedule-verify-plan 2>&1 | FileCheck %s --check-prefix=STATE-PART
// STATE-PART: error: 'schedule.view' op expected the keys of layer 0 where they are elsewhere, 16384 bytes at 0, found 16384 at 24576

// Outputs lie at one place.
// RUN: sed -E '/@forward.rows_9/,$s/@transient\[0\] : <host\[0\], transient, 17408>/@transient[64] : <host[0], transient, 17408>/' %t.many | not ingot-opt --ingot-schedule-verify-plan 2>&1 | FileCheck %s --check-prefix=OUTPUT-PLACE
// OUTPUT-PLACE: error: 'schedule.view' op expected the output of every program at one place, 0, found 64

// Parameters lie apart.
// RUN: sed -E 's/slice @layer.0.attention_norm at 18496/slice @layer.0.attention_norm at 64/' %t | not ingot-opt --ingot-schedule-verify-plan 2>&1 | FileCheck %s --check-prefix=SLICE-OVERLAP
// SLICE-OVERLAP: error: 'schedule.parameter_slice' op expected bytes of its own, found @layer.0.attention_norm at 64 inside of @token_embedding, 0 to 18496

// They lie inside of the arena.
// RUN: sed -E 's/slice @output_norm at 123968/slice @output_norm at 124160/' %t | not ingot-opt --ingot-schedule-verify-plan 2>&1 | FileCheck %s --check-prefix=SLICE-BOUNDS
// SLICE-BOUNDS: error: 'schedule.parameter_slice' op expected a range inside of the arena of constants, found 256 bytes at 124160

// Slices are as large as the parameter.
// RUN: sed -E 's/slice @layer.0.attention_norm at 18496 bytes 256/slice @layer.0.attention_norm at 18496 bytes 128/' %t | not ingot-opt --ingot-schedule-verify-plan 2>&1 | FileCheck %s --check-prefix=SLICE-BYTES
// SLICE-BYTES: error: 'schedule.parameter_slice' op expected 256 bytes at a multiple of 64, found 128 at 18496

// They start on a line.
// RUN: sed -E 's/slice @layer.0.attention_norm at 18496/slice @layer.0.attention_norm at 18500/' %t | not ingot-opt --ingot-schedule-verify-plan 2>&1 | FileCheck %s --check-prefix=SLICE-ALIGNMENT
// SLICE-ALIGNMENT: error: 'schedule.parameter_slice' op expected 256 bytes at a multiple of 64, found 256 at 18500

// They name a parameter.
// RUN: sed -E 's/slice @layer.0.attention_norm at/slice @layer.7.attention_norm at/' %t | not ingot-opt --ingot-schedule-verify-plan 2>&1 | FileCheck %s --check-prefix=SLICE-NAME
// SLICE-NAME: error: 'schedule.parameter_slice' op expected a parameter named @layer.7.attention_norm, found none

// Each has one.
// RUN: sed -E 's/^( *)schedule.parameter_slice @output_norm.*/&\n&/' %t | not ingot-opt --ingot-schedule-verify-plan 2>&1 | FileCheck %s --check-prefix=SLICE-TWICE
// SLICE-TWICE: error: 'schedule.parameter_slice' op expected one slice for each parameter, found another

// Each that is read has one.
// RUN: sed -E '/schedule.parameter_slice @output_norm/d' %t | not ingot-opt --ingot-schedule-verify-plan 2>&1 | FileCheck %s --check-prefix=SLICE-NONE
// SLICE-NONE: error: 'schedule.view' op expected a schedule.parameter_slice of @output_norm, found none

// Views of constants lie where the slice says.
// RUN: sed -E 's/@weights\[18496\] of/@weights[18560] of/' %t | not ingot-opt --ingot-schedule-verify-plan 2>&1 | FileCheck %s --check-prefix=SLICE-VIEW
// SLICE-VIEW: error: 'schedule.view' op expected @layer.0.attention_norm where its slice says, 256 bytes at 18496, found 256 at 18560

// There is one arena of each lifetime.
// RUN: sed -E 's/^( *)schedule.arena @transient(.*)/&\n\1schedule.arena @other\2/' %t | not ingot-opt --ingot-schedule-verify-plan 2>&1 | FileCheck %s --check-prefix=ARENA
// ARENA: error: 'schedule.arena' op expected one arena of lifetime transient, found another

// Arenas are as aligned as their views.
// RUN: sed -E 's/(arena @key_value.*) align 64/\1 align 16/' %t | not ingot-opt --ingot-schedule-verify-plan 2>&1 | FileCheck %s --check-prefix=ARENA-ALIGNMENT
// ARENA-ALIGNMENT: error: 'schedule.arena' op expected an alignment of whole 64 bytes, found 16

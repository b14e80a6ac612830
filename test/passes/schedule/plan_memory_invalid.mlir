// RUN: python3 %S/Inputs/make_model.py --layers 1 | ingot-opt --ingot-phase-schedule >%t

// Names of arenas are free.
// RUN: sed -E 's/@layer.0.down([ .:])/@weights\1/' %t | not ingot-opt --ingot-schedule-plan-memory 2>&1 | FileCheck %s --check-prefix=NAME
// NAME: error: 'encoding.assemble' op has the name of an arena: expected a module without @weights before the plan phase

// A layer's cache has one size.
// RUN: sed -E '/schedule.program @forward.rows_9/,$s/state, 8192>/state, 8128>/' %t | not ingot-opt --ingot-schedule-plan-memory 2>&1 | FileCheck %s --check-prefix=STATE
// STATE: error: 'schedule.state' op expected 8192 bytes for the values of layer 0 as elsewhere, found 8128

// A parameter has one size.
// RUN: sed -E '/schedule.program @forward.rows_9/,$s/constant, 4352>/constant, 4416>/' %t | not ingot-opt --ingot-schedule-plan-memory 2>&1 | FileCheck %s --check-prefix=CONSTANT
// CONSTANT: error: 'schedule.constant' op expected 4352 bytes as elsewhere, found 4416

// An arena lies in one place.
// RUN: sed -E 's/<host\[0\], constant, 4352>/<host[1], constant, 4352>/' %t | not ingot-opt --ingot-schedule-plan-memory 2>&1 | FileCheck %s --check-prefix=PLACE
// PLACE: error: 'schedule.constant' op expected all buffers of @weights in one place, found '!schedule.buffer<host[0], constant, 18496>' and '!schedule.buffer<host[1], constant, 4352>'

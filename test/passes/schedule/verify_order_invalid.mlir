// RUN: python3 %S/Inputs/make_model.py --layers 1 --rows 1 | ingot-opt --ingot-schedule-form-launches >%t
// RUN: python3 %S/Inputs/make_model.py --layers 1 --rows 1 --unfused | ingot-opt --ingot-schedule-form-launches >%t.unfused
// RUN: python3 %S/Inputs/make_model.py --layers 1 | ingot-opt --ingot-schedule-form-launches >%t.many
// RUN: ingot-opt --ingot-schedule-verify-order %t >/dev/null
// RUN: ingot-opt --ingot-schedule-verify-order %t.unfused >/dev/null

// The phase has run.
// RUN: python3 %S/Inputs/make_model.py --layers 1 | not ingot-opt --ingot-schedule-verify-order 2>&1 | FileCheck %s --check-prefix=FUNCTION
// FUNCTION: error: 'func.func' op expected a schedule.program after the schedule phase, found a function

// A reader awaits its writer.
// RUN: sed -E 's/(@norm.rows_1\(.*) after %[0-9]+ on/\1 on/' %t | not ingot-opt --ingot-schedule-verify-order 2>&1 | FileCheck %s --check-prefix=AWAIT
// AWAIT: error: 'schedule.launch' op expected to await, directly or through others, @embedding.rows_1, which writes its input; found awaits that do not lead there

// Awaits lead through others: without the link in the middle, the first reader that is cut off is named.
// RUN: sed -E 's/(@gate_up.rows_1\(.*) after %[0-9]+ on/\1 on/' %t | not ingot-opt --ingot-schedule-verify-order 2>&1 | FileCheck %s --check-prefix=TRANSITIVE
// TRANSITIVE: error: 'schedule.launch' op expected to await, directly or through others, @norm.rows_1, which writes its input

// Somebody writes what is read.
// RUN: sed -E 's/to\(%3 :/to(%new :/; s/^( *)%3 = schedule.allocate.*/&\n\1%new = schedule.allocate : <host[0], transient, 256>/' %t | not ingot-opt --ingot-schedule-verify-order 2>&1 | FileCheck %s --check-prefix=UNWRITTEN
// UNWRITTEN: error: 'schedule.launch' op expected inputs that an earlier launch writes, found one that nobody writes

// Nobody else writes it.
// RUN: sed -E 's/(@rope_table.rows_1\(\) to\()%5 : [^)]*/\1%3 : !schedule.buffer<host[0], transient, 256>/' %t | not ingot-opt --ingot-schedule-verify-order 2>&1 | FileCheck %s --check-prefix=TWICE
// TWICE: error: 'schedule.launch' op expected buffers that one launch writes, found an output that @embedding.rows_1 writes too

// Outputs are transient.
// RUN: sed -E 's/(@rope_table.rows_1\(\) to\()%5 : [^)]*/\1%0 : !schedule.buffer<host[0], state, 16384>/' %t | not ingot-opt --ingot-schedule-verify-order 2>&1 | FileCheck %s --check-prefix=STATE-OUTPUT
// STATE-OUTPUT: error: 'schedule.launch' op expected transient outputs, found '!schedule.buffer<host[0], state, 16384>'

// Inputs are no state.
// RUN: sed -E 's/(@norm.rows_1\()%3, (%7 : )[^,]*, [^,]*, [0-9]+>/\1%0, \2!schedule.buffer<host[0], state, 16384>/' %t | not ingot-opt --ingot-schedule-verify-order 2>&1 | FileCheck %s --check-prefix=STATE-INPUT
// STATE-INPUT: error: 'schedule.launch' op expected constant or transient inputs, found '!schedule.buffer<host[0], state, 16384>'

// Who reads a cache is ordered with who appends to it.
// RUN: sed -E 's/(@attention.rows_1\(.*) after (%[0-9]+), %[0-9]+ on/\1 after \2 on/' %t.unfused | not ingot-opt --ingot-schedule-verify-order 2>&1 | FileCheck %s --check-prefix=APPEND
// APPEND: error: 'schedule.launch' op expected to be ordered with @append.rows_1, which writes the keys of layer 0

// A step sees its own rows.
// RUN: sed -E 's/(@attention.rows_1\(.*) after (%[0-9]+), %[0-9]+ on/\1 after \2 on/; /@append.rows_1\(%[0-9]+, %[0-9]+ :/d' %t.unfused | not ingot-opt --ingot-schedule-verify-order 2>&1 | FileCheck %s --check-prefix=NOT-APPENDED
// NOT-APPENDED: error: 'schedule.launch' op expected to follow the launch that appends to the keys of layer 0, found none before it

// The step ends after every launch.
// RUN: sed -E 's/columns 272 after %33/columns 272 after %31/' %t | not ingot-opt --ingot-schedule-verify-order 2>&1 | FileCheck %s --check-prefix=LAST
// LAST: error: 'schedule.return' op expected a timepoint that follows every launch, found one that does not follow @head.rows_1

// Somebody writes the output.
// RUN: sed -E 's/schedule.return %32 (.*)/%new = schedule.allocate : <host[0], transient, 1088>\n    schedule.return %new \1/' %t | not ingot-opt --ingot-schedule-verify-order 2>&1 | FileCheck %s --check-prefix=OUTPUT
// OUTPUT: error: 'schedule.return' op expected an output that a launch writes, found one that nobody writes

// The output holds the columns that it says.
// RUN: sed -E 's/columns 272 after/columns 288 after/' %t | not ingot-opt --ingot-schedule-verify-order 2>&1 | FileCheck %s --check-prefix=COLUMNS
// COLUMNS: error: 'schedule.return' op expected 272 columns, as @{{.*}} writes, found 288

// Kernels run on a lane that the target has for them.
// RUN: sed -E 's/(@embedding.rows_1\(.*) on compute/\1 on h2d/' %t | not ingot-opt --ingot-schedule-verify-order 2>&1 | FileCheck %s --check-prefix=LANE
// LANE: error: 'schedule.launch' op expected the lane that executes kernels on target cpu, compute, found h2d

// Grains are those that the code of the kernel has.
// RUN: sed -E 's/<columns, 16 x 8>/<columns, 16 x 4>/' %t | not ingot-opt --ingot-schedule-verify-order 2>&1 | FileCheck %s --check-prefix=PARTITION
// PARTITION: error: 'schedule.launch' op expected the target's partition for kernel.qkv_rope_append, #schedule.partition<columns, 16 x 8>, found #schedule.partition<columns, 16 x 4>

// A function serves the rows of the program.
// RUN: sed -E 's/launch @embedding.rows_9_to_512/launch @embedding.rows_1/' %t.many | not ingot-opt --ingot-schedule-verify-order 2>&1 | FileCheck %s --check-prefix=ROWS
// ROWS: error: 'schedule.launch' op expected a function for the program's #kernel.rows<9 to 512>, found @embedding.rows_1 for #kernel.rows<1 to 1>

// Outputs are large enough.
// RUN: sed -E 's/transient, 1088/transient, 1024/' %t | not ingot-opt --ingot-schedule-verify-order 2>&1 | FileCheck %s --check-prefix=OUTPUT-BYTES
// OUTPUT-BYTES: error: 'schedule.launch' op expected an output of at least 1088 bytes for 1 rows of 'tensor<1x272xf32>', found 1024

// So are inputs.
// RUN: sed -E 's/(@norm.rows_1\()%3, (%7 : )[^,]*, [^,]*, [0-9]+>/\1%5, \2!schedule.buffer<host[0], transient, 128>/' %t | not ingot-opt --ingot-schedule-verify-order 2>&1 | FileCheck %s --check-prefix=INPUT-BYTES
// INPUT-BYTES: error: 'schedule.launch' op expected an input of at least 256 bytes for 1 rows of 'tensor<1x64xf32>', found 128

// Constants are as large as their parameter.
// RUN: sed -E 's/constant, 4352>/constant, 4288>/' %t | not ingot-opt --ingot-schedule-verify-order 2>&1 | FileCheck %s --check-prefix=CONSTANT-BYTES
// CONSTANT-BYTES: error: 'schedule.launch' op expected 4352 bytes for @layer.0.attention_output, found '!schedule.buffer<host[0], constant, 4288>'

// A kernel reads parameters of the type that it was made for.
// RUN: sed -E 's/constant @layer.0.down/constant @layer.0.gate_up/' %t | not ingot-opt --ingot-schedule-verify-order 2>&1 | FileCheck %s --check-prefix=CONSTANT-TYPE
// CONSTANT-TYPE: error: 'schedule.launch' op expected a parameter 'tensor<64x160xf32, {{.*}}, found @layer.0.gate_up, 'tensor<320x64xf32

// States hold the pages of their group.
// RUN: sed -E 's/state, 8192>/state, 8128>/' %t | not ingot-opt --ingot-schedule-verify-order 2>&1 | FileCheck %s --check-prefix=STATE-BYTES
// STATE-BYTES: error: 'schedule.launch' op expected 8192 bytes for the values of layer 0, '!model.key_value<2 x 16 x f16, "full">', found '!schedule.buffer<host[0], state, 8128>'

// Keys come before values.
// RUN: sed -E 's/state \"key\" 0/state \"value\" 0/' %t | not ingot-opt --ingot-schedule-verify-order 2>&1 | FileCheck %s --check-prefix=STATE-PARTS
// STATE-PARTS: error: 'schedule.launch' op expected the keys and then the values of one layer after 'updates', found the values of layer 0 as the key

// Both belong to one layer.
// RUN: sed -E 's/state \"value\" 0/state \"value\" 7/' %t | not ingot-opt --ingot-schedule-verify-order 2>&1 | FileCheck %s --check-prefix=STATE-LAYERS
// STATE-LAYERS: error: 'schedule.launch' op expected the keys and then the values of one layer after 'updates', found the values of layer 7 as the value

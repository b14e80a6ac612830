// An edited order is obeyed: launches that do not await each other may change places.
// RUN: python3 %S/Inputs/make_model.py --layers 1 --rows 1 --unfused | ingot-opt --ingot-schedule-form-launches >%t
// RUN: sed -E '/@rope_table.rows_1\(\)/{h;d}; /launch @query.rows_1\(/{G}' %t >%t.edited
// RUN: not diff -q %t %t.edited
// RUN: ingot-opt --ingot-schedule-verify-order %t.edited | FileCheck %s

// CHECK-LABEL: schedule.program @forward.rows_1(
// CHECK:         schedule.launch @query.rows_1
// CHECK:         schedule.launch @rope_table.rows_1
// CHECK:         schedule.launch @rope_query.rows_1

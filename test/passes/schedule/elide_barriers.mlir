// RUN: python3 %S/Inputs/make_model.py --layers 1 --rows 1 --unfused | ingot-opt --ingot-phase-schedule --ingot-schedule-plan-memory --ingot-schedule-insert-barriers --ingot-schedule-elide-barriers --ingot-schedule-verify-plan --remarks-filter=plan 2>%t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK <%t.remarks

// The table of the rotations does not wait for the embedding; keys and values do not wait for the queries.
// CHECK-LABEL: schedule.program
// CHECK:         schedule.launch @embedding.rows_1
// CHECK-NOT:     schedule.barrier
// CHECK:         schedule.launch @rope_table.rows_1
// CHECK:         schedule.barrier
// CHECK:         schedule.launch @norm.rows_1
// CHECK:         schedule.barrier
// CHECK:         schedule.launch @query.rows_1
// CHECK:         schedule.barrier
// CHECK:         schedule.launch @rope_query.rows_1
// CHECK-NOT:     schedule.barrier
// CHECK:         schedule.launch @key.rows_1
// CHECK:         schedule.barrier
// CHECK:         schedule.launch @rope_key.rows_1
// CHECK-NOT:     schedule.barrier
// CHECK:         schedule.launch @key.rows_1
// CHECK:         schedule.barrier
// CHECK:         schedule.launch @append.rows_1
// CHECK:         schedule.barrier
// CHECK:         schedule.launch @attention.rows_1
// CHECK:         schedule.barrier
// CHECK-NEXT:    {{.*}} = schedule.launch @round.rows_1
// CHECK:         schedule.launch @head.rows_1
// CHECK-NOT:     schedule.barrier
// CHECK:         schedule.return

// REMARK: remark: {{.}}Passed] elide-barriers | Category:plan | Function=forward.rows_1 | kept=16, removed=4

// A barrier twice, and one at the end, are no use; one that is needed stays.
// RUN: python3 %S/Inputs/make_model.py --layers 1 --rows 1 | ingot-opt --ingot-phase-schedule --ingot-phase-plan >%t
// RUN: sed -E 's/^( *)schedule.(barrier|return .*)/\1schedule.barrier\n&/' %t | ingot-opt --ingot-schedule-elide-barriers | diff %t -

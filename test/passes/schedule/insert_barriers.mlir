// RUN: python3 %S/Inputs/make_model.py --layers 1 --rows 1 | ingot-opt --ingot-phase-schedule --ingot-schedule-plan-memory --ingot-schedule-insert-barriers --ingot-schedule-verify-plan | FileCheck %s

// CHECK-LABEL: schedule.program
// CHECK-NOT:     schedule.barrier
// CHECK:         schedule.launch @embedding.rows_1
// CHECK:         schedule.barrier
// CHECK-NEXT:    {{.*}} = schedule.launch @rope_table.rows_1
// CHECK:         schedule.barrier
// CHECK-NEXT:    {{.*}} = schedule.launch @norm.rows_1
// CHECK:         schedule.barrier
// CHECK-NEXT:    {{.*}} = schedule.launch @query_key_value.rows_1
// CHECK:         schedule.barrier
// CHECK-NEXT:    {{.*}} = schedule.launch @attention.rows_1
// CHECK:         schedule.launch @head.rows_1
// CHECK-NOT:     schedule.barrier
// CHECK:         schedule.return

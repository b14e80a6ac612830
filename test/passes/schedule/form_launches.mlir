// RUN: python3 %S/Inputs/make_model.py --layers 2 | ingot-opt --ingot-schedule-form-launches --ingot-schedule-verify-order | FileCheck %s
// RUN: python3 %S/Inputs/make_model.py --layers 1 --unfused | ingot-opt --ingot-schedule-form-launches --ingot-schedule-verify-order | FileCheck %s --check-prefix=UNFUSED
// RUN: ingot-opt %s --ingot-schedule-form-launches | FileCheck %s --check-prefix=VERSIONS

// A cache is two buffers; 2 heads, 128 positions of f16: keys padded to 32 columns, values to 16.
// CHECK-LABEL: schedule.program @forward.rows_1(!model.step<rows = 1, sequences = 1, wanted = 1>) <1 to 1>
// CHECK-NEXT:    %[[K0:.*]] = schedule.state "key" 0 : <host[0], state, 16384>
// CHECK-NEXT:    %[[V0:.*]] = schedule.state "value" 0 : <host[0], state, 8192>
// CHECK-NEXT:    %[[K1:.*]] = schedule.state "key" 1
// CHECK-NEXT:    %[[V1:.*]] = schedule.state "value" 1
// CHECK-NEXT:    %[[TABLE:.*]] = schedule.constant @token_embedding : <host[0], constant, 18496>
// CHECK-NEXT:    %[[X:.*]] = schedule.allocate : <host[0], transient, 256>
// CHECK-NEXT:    %[[T_EMBEDDING:.*]] = schedule.launch @embedding.rows_1(%[[TABLE]] : {{.*}}) to(%[[X]] : {{.*}}) on compute <rows, 1 x 0>
// CHECK-NEXT:    %[[ROPE:.*]] = schedule.allocate : <host[0], transient, 128>
// CHECK-NEXT:    %[[T_ROPE:.*]] = schedule.launch @rope_table.rows_1() to(%[[ROPE]] : {{.*}}) on compute <rows, 1 x 0>
// A vector takes whole lines.
// CHECK-NEXT:    %[[WEIGHT:.*]] = schedule.constant @layer.0.attention_norm : <host[0], constant, 256>
// CHECK-NEXT:    %[[N:.*]] = schedule.allocate : <host[0], transient, 128>
// CHECK-NEXT:    %[[T_NORM:.*]] = schedule.launch @norm.rows_1(%[[X]], %[[WEIGHT]] : {{.*}}) to(%[[N]] : {{.*}}) after %[[T_EMBEDDING]] on compute
// CHECK:         %[[T_QKV:.*]] = schedule.launch @query_key_value.rows_1(%[[N]], %{{.*}}, %[[ROPE]] : {{.*}}) updates(%[[K0]], %[[V0]] : {{.*}}) to(%[[Q:.*]] : {{.*}}) after %[[T_ROPE]], %[[T_NORM]] on compute <columns, 16 x 8>
// One producer of query and cache: one await.
// CHECK:         %[[T_ATTENTION:.*]] = schedule.launch @attention.rows_1(%[[Q]] : {{.*}}) updates(%[[K0]], %[[V0]] : {{.*}}) to(%[[A:.*]] : {{.*}}) after %[[T_QKV]] on compute <heads, 1 x 2>
// CHECK:         schedule.launch @attention_output.rows_1(%[[A]], %{{.*}}, %[[X]] : {{.*}}) to({{.*}}) after %[[T_EMBEDDING]], %[[T_ATTENTION]] on compute
// CHECK:         schedule.launch @query_key_value.rows_1({{.*}}) updates(%[[K1]], %[[V1]] : {{.*}})
// CHECK:         schedule.launch @wanted.rows_1({{.*}}) after %{{.*}} wanted on compute
// CHECK:         %[[T_HEAD:.*]] = schedule.launch @head.rows_1({{.*}}, %[[TABLE]] : {{.*}}) to(%[[LOGITS:.*]] : !schedule.buffer<host[0], transient, 1088>) after %{{.*}} wanted on compute <columns, 16 x 17>
// CHECK-NEXT:    schedule.return %[[LOGITS]] columns 272 after %[[T_HEAD]]
// CHECK-NOT:   func.func

// Row counts are whole tiles of 8; wanted launches take the wanted rows.
// CHECK-LABEL: schedule.program @forward.rows_9_to_512
// CHECK:         schedule.launch @embedding.rows_9_to_512({{.*}}) to(%{{.*}} : !schedule.buffer<host[0], transient, 131072>)
// CHECK:         schedule.launch @wanted.rows_9_to_512({{.*}}) to(%{{.*}} : !schedule.buffer<host[0], transient, 4096>)

// UNFUSED-LABEL: schedule.program @forward.rows_1(
// UNFUSED:         %[[T_K:.*]] = schedule.launch @rope_key.rows_1
// UNFUSED:         %[[T_V:.*]] = schedule.launch @key.rows_1
// UNFUSED:         %[[T_APPEND:.*]] = schedule.launch @append.rows_1({{.*}}) updates({{.*}}) to() after %[[T_K]], %[[T_V]] on
// UNFUSED:         schedule.launch @attention.rows_1({{.*}}) updates({{.*}}) to({{.*}}) after %{{.*}}, %[[T_APPEND]] on

module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16", weights = "embedded"}} {
  model.cache_group "full" {context = 64, page_rows = 64, pages = 1}

  kernel.function @rope_table(%step: !model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32> attributes {row_range = #kernel.rows<1 to 1>} {
    %0 = kernel.rope_table %step {frequencies = array<f32: 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0>, magnitude = 1.0 : f32} : !model.step<rows = 1, sequences = 1, wanted = 1> to tensor<1x32xf32>
    kernel.return %0 : tensor<1x32xf32>
  }
  kernel.function @append(%cache: !model.key_value<1 x 32 x f16, "full">, %key: tensor<1x32xf32>, %value: tensor<1x32xf32>, %step: !model.step<rows = 1, sequences = 1, wanted = 1>) -> !model.key_value<1 x 32 x f16, "full"> attributes {row_range = #kernel.rows<1 to 1>} {
    %0 = kernel.append %cache, %key, %value, %step : !model.key_value<1 x 32 x f16, "full">, tensor<1x32xf32>, tensor<1x32xf32>, !model.step<rows = 1, sequences = 1, wanted = 1>
    kernel.return %0 : !model.key_value<1 x 32 x f16, "full">
  }
  kernel.function @attention(%query: tensor<1x32xf32>, %cache: !model.key_value<1 x 32 x f16, "full">, %step: !model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32> attributes {row_range = #kernel.rows<1 to 1>} {
    %0 = kernel.attention %query, %cache, %step {heads = 1, scale = 1.0 : f32} : tensor<1x32xf32>, !model.key_value<1 x 32 x f16, "full">, !model.step<rows = 1, sequences = 1, wanted = 1> to tensor<1x32xf32>
    kernel.return %0 : tensor<1x32xf32>
  }

  // A launch that overwrites a cache version awaits who read it; a call that nobody uses is no launch.
  // VERSIONS-LABEL: schedule.program @versions(
  // VERSIONS:         %[[T0:.*]] = schedule.launch @rope_table() to(%[[X:.*]] : {{.*}}) on
  // VERSIONS-NOT:     @rope_table
  // VERSIONS:         %[[T1:.*]] = schedule.launch @append(%[[X]], %[[X]] : {{.*}}) updates({{.*}}) to() after %[[T0]] on
  // VERSIONS:         %[[T2:.*]] = schedule.launch @attention(%[[X]] : {{.*}}) updates({{.*}}) to(%[[Y:.*]] : {{.*}}) after %[[T0]], %[[T1]] on
  // VERSIONS:         %[[T3:.*]] = schedule.launch @append({{.*}}) updates({{.*}}) to() after %[[T0]], %[[T1]], %[[T2]] on
  // VERSIONS:         schedule.launch @attention(%[[Y]] : {{.*}}) updates({{.*}}) to({{.*}}) after %[[T2]], %[[T3]] on
  func.func @versions(%step: !model.step<rows = 1, sequences = 1, wanted = 1>, %c0: !model.key_value<1 x 32 x f16, "full">) -> (tensor<1x32xf32>, !model.key_value<1 x 32 x f16, "full">) attributes {kernel.row_range = #kernel.rows<1 to 1>} {
    %x = kernel.call @rope_table(%step) on "compute" : (!model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32>
    %dead = kernel.call @rope_table(%step) on "compute" : (!model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32>
    %c1 = kernel.call @append(%c0, %x, %x, %step) on "compute" : (!model.key_value<1 x 32 x f16, "full">, tensor<1x32xf32>, tensor<1x32xf32>, !model.step<rows = 1, sequences = 1, wanted = 1>) -> !model.key_value<1 x 32 x f16, "full">
    %y = kernel.call @attention(%x, %c1, %step) on "compute" : (tensor<1x32xf32>, !model.key_value<1 x 32 x f16, "full">, !model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32>
    %c2 = kernel.call @append(%c1, %x, %x, %step) on "compute" : (!model.key_value<1 x 32 x f16, "full">, tensor<1x32xf32>, tensor<1x32xf32>, !model.step<rows = 1, sequences = 1, wanted = 1>) -> !model.key_value<1 x 32 x f16, "full">
    %z = kernel.call @attention(%y, %c2, %step) on "compute" : (tensor<1x32xf32>, !model.key_value<1 x 32 x f16, "full">, !model.step<rows = 1, sequences = 1, wanted = 1>) -> tensor<1x32xf32>
    return %z, %c2 : tensor<1x32xf32>, !model.key_value<1 x 32 x f16, "full">
  }

  // VERSIONS-LABEL: func.func @untouched
  func.func @untouched() {
    return
  }
}

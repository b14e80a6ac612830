//===- Dialect.td - the schedule dialect's story -----------*- tablegen -*-===//

#ifndef INGOT_DIALECTS_SCHEDULE_DIALECT
#define INGOT_DIALECTS_SCHEDULE_DIALECT

include "mlir/IR/OpBase.td"

def Schedule_Dialect : Dialect {
  let name = "schedule";
  let cppNamespace = "::ingot::schedule";
  let summary = "Which place holds what, and which lane does what, after what";
  let description = [{
    A buffer's type names its place and its lifetime, so that a kernel which reads a disk buffer does not
    verify. Order is data: a launch awaits the timepoints of what it reads and yields its own; there is no order in the
    text beyond that.

    The schedule phase allocates buffers as values:

    ```mlir
    schedule.program @forward.rows_1(!model.step<rows = 1, sequences = 1, wanted = 1>) <1 to 1> {
      %w = schedule.constant @layer.0.query_key_value : !schedule.buffer<host[0], constant, 345600>
      %k = schedule.state "key" 0 : !schedule.buffer<host[0], state, 786432>
      %v = schedule.state "value" 0 : !schedule.buffer<host[0], state, 786432>
      …
      %t1 = schedule.launch @norm.rows_1(%x, %n : …) to (%y : …) after %t0 on compute <rows, 1 x 0>
      %q = schedule.allocate : !schedule.buffer<host[0], transient, 2304>
      %t2 = schedule.launch @query_key_value.rows_1(%y, %w, %r : …) updates (%k, %v : …) to (%q : …) after %t1, %t0 on
            compute <columns, 16 x 36>
      …
      schedule.return %logits columns 49152 after %t9 : …
    }
    ```

    The plan phase replaces constants, states and allocations by views into arenas, and adds the barriers of the
    compute lane:

    ```mlir
    schedule.arena @transient : host[0], transient, 4096 align 64
    schedule.parameter_slice @layer.0.query_key_value at 0 bytes 345600
    …
      %x = schedule.view @transient[0] : !schedule.buffer<host[0], transient, 2304>
      schedule.barrier
    ```
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::ingot::kernel::KernelDialect"];
}

#endif // INGOT_DIALECTS_SCHEDULE_DIALECT

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
    schedule.program @forward.rows_1 {rows = #kernel.rows<1 to 1>, step = !model.step<…>} {
      %w = schedule.constant @layer.0.query_key_value : !schedule.buffer<host[0], constant, 345600>
      %x = schedule.allocate : !schedule.buffer<host[0], transient, 2304>
      %t0 = schedule.launch @embedding(%table) to (%x) on "compute" partition<rows, 1> : …
      %t1 = schedule.launch @norm(%x, %n) to (%y) after %t0 …
      schedule.return %t9
    }
    ```

    The plan phase replaces constants, states and allocations by views into arenas, and adds the barriers of the
    compute lane:

    ```mlir
    schedule.arena @transient : host[0], transient, 4096 bytes align 64
    %x = schedule.view @transient[0] : !schedule.buffer<host[0], transient, 2304>
    schedule.barrier
    ```
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::ingot::kernel::KernelDialect"];
}

#endif // INGOT_DIALECTS_SCHEDULE_DIALECT

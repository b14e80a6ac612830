//===- Schedule.h - the schedule dialect ------------------------*- C++ -*-===//
//
// Which place holds what, which lane does what after what: see Dialect.td.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_DIALECTS_SCHEDULE_SCHEDULE_H
#define INGOT_DIALECTS_SCHEDULE_SCHEDULE_H

#include "dialects/Kernel/Kernel.h"

#include "dialects/Schedule/Dialect.h.inc"
#include "dialects/Schedule/Enums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Schedule/Attributes.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Schedule/Types.h.inc"
#define GET_OP_CLASSES
#include "dialects/Schedule/Ops.h.inc"

#endif // INGOT_DIALECTS_SCHEDULE_SCHEDULE_H

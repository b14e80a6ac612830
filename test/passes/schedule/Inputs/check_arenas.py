"""Reads the remarks of ingot-schedule-plan-memory from standard input: every arena is at most 1.05 times the bound.

Prints one line a program, and exits with 1 where an arena is larger.
"""

import re
import sys

programs = 0
for line in sys.stdin:
    match = re.search(r"remark: .*plan-memory.*Function=(\S+).*arena_bytes=(\d+).*most_live_bytes=(\d+)", line)
    if not match:
        continue
    programs += 1
    name, arena, live = match[1], int(match[2]), int(match[3])
    print(f"{name}: {arena} bytes for {live} live at most")
    if arena > 1.05 * live:
        sys.exit(f"{name}: {arena} bytes are more than 1.05 x {live}")
sys.exit(0 if programs else "no remark of ingot-schedule-plan-memory found")

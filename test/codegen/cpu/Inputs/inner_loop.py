"""Prints the longest innermost loop of a function in x86 assembly (standard input), and counts it.

usage: inner_loop.py FUNCTION
"""
import re
import sys

from assembly_loops import find_innermost_loops, read_function

body = max(find_innermost_loops(read_function(sys.stdin, sys.argv[1])), key=len)
print(f"instructions: {len(body)}")
# AT&T order: what is written stands last.
print(f"stores to the stack: {sum(1 for line in body if re.search(r'[(]%r[sb]p[^()]*[)]$', line))}")
print("\n".join(body))

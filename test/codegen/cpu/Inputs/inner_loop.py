"""Prints the longest innermost loop of a function in x86 assembly (standard input), and counts it.

usage: inner_loop.py FUNCTION
"""
import re
import sys


def read_function(name):
    """The lines of one function: labels and instructions, no directives."""
    lines, inside = [], False
    for line in sys.stdin:
        text = line.split("#")[0].strip()
        if text.rstrip(":").strip('"') == name and text.endswith(":"):
            inside = True
        elif inside and text.startswith(".Lfunc_end"):
            return lines
        elif inside and text and (text.endswith(":") or not text.startswith(".")):
            lines.append(text)
    sys.exit(f"no function {name}")


def find_innermost_loops(lines):
    labels = {line[:-1]: index for index, line in enumerate(lines) if line.endswith(":")}
    loops = []
    for index, line in enumerate(lines):
        jump = re.match(r"j\w+\s+(\S+)$", line)
        first = labels.get(jump.group(1), index) if jump else index
        if first < index:
            loops.append((first, index))
    return [(first, last) for first, last in loops
            if not any(first <= a and b <= last and (a, b) != (first, last) for a, b in loops)]


lines = read_function(sys.argv[1])
first, last = max(find_innermost_loops(lines), key=lambda loop: loop[1] - loop[0])
body = [line for line in lines[first:last + 1] if not line.endswith(":")]
print(f"instructions: {len(body)}")
# AT&T order: what is written stands last.
print(f"stores to the stack: {sum(1 for line in body if re.search(r'[(]%r[sb]p[^()]*[)]$', line))}")
print("\n".join(body))

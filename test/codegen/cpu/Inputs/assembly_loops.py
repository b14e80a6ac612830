"""Finds the innermost loops of a function in x86 assembly, AT&T syntax."""
import re
import sys


def read_function(assembly, name):
    """The lines of one function: labels and instructions, no directives. `assembly`: lines."""
    lines, inside = [], False
    for line in assembly:
        text = line.split("#")[0].strip()
        if text.rstrip(":").strip('"') == name and text.endswith(":"):
            inside = True
        elif inside and text.startswith(".Lfunc_end"):
            return lines
        elif inside and text and (text.endswith(":") or not text.startswith(".")):
            lines.append(text)
    sys.exit(f"no function {name}")


def find_innermost_loops(lines):
    """The instructions of each innermost loop of these lines, without labels."""
    labels = {line[:-1]: index for index, line in enumerate(lines) if line.endswith(":")}
    loops = []
    for index, line in enumerate(lines):
        jump = re.match(r"j\w+\s+(\S+)$", line)
        first = labels.get(jump.group(1), index) if jump else index
        if first < index:
            loops.append((first, index))
    return [[line for line in lines[first:last + 1] if not line.endswith(":")] for first, last in loops
            if not any(first <= a and b <= last and (a, b) != (first, last) for a, b in loops)]

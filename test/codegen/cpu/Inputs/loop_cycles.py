"""Holds inner loops in x86 assembly (standard input) to the cycles that a table allows them, as llvm-mca counts them.

usage: loop_cycles.py TABLE CPU PROCESSOR

TABLE is a file with lines of the form

    LOOP: CPU FUNCTION LOOPS WITH PRODUCT THROUGHPUT CYCLES

FUNCTION.CPU has LOOPS innermost loops, not counting those with less than half the products of the largest, that hold an
instruction WITH; PRODUCT is the instruction that does the work. THROUGHPUT is the most cycles per PRODUCT if iterations
overlapped without end (llvm-mca's block reciprocal throughput: what the ports and the decoder allow), CYCLES the most
when results have to be waited for (its simulation of a hundred iterations). Both are PROCESSOR's, one of llvm-mca's.
"""
import json
import subprocess
import sys

from assembly_loops import find_innermost_loops, read_function

table, cpu, processor = sys.argv[1:]
assembly = sys.stdin.read().splitlines()


def count(body, instruction):
    return sum(1 for line in body if line.split()[0] == instruction)


def find_loops(function, number, inside, product):
    loops = [body for body in find_innermost_loops(read_function(assembly, function)) if count(body, inside)]
    most = max((count(body, product) for body in loops), default=0)
    loops = [body for body in loops if most and 2 * count(body, product) >= most]
    if len(loops) != number:
        sys.exit(f"{function}: expected {number} loops with {inside} and {product}, found {len(loops)}")
    return loops


def simulate(loops):
    """(reciprocal throughput, simulated cycles) of an iteration of each."""
    regions = "\n".join(f"# LLVM-MCA-BEGIN {index}\n" + "\n".join(body) + f"\n# LLVM-MCA-END {index}"
                        for index, body in enumerate(loops))
    finished = subprocess.run(["llvm-mca", "-mtriple=x86_64", f"-mcpu={processor}", "-json"], input=regions + "\n",
                              capture_output=True, text=True, check=False)
    if finished.returncode:
        sys.exit(finished.stderr)
    summaries = [region["SummaryView"] for region in json.loads(finished.stdout)["CodeRegions"]]
    return [(summary["BlockRThroughput"], summary["TotalCycles"] / summary["Iterations"]) for summary in summaries]


rows, failures = 0, 0
for line in open(table, encoding="utf-8"):
    words = line.split("LOOP:")[1].split() if line.startswith("// LOOP:") else []
    if not words or words[0] != cpu:
        continue
    rows += 1
    function, number, inside, product = f"{words[1]}.{cpu}", int(words[2]), words[3], words[4]
    bounds = [float(word) for word in words[5:]]
    loops = find_loops(function, number, inside, product)
    for body, figures in zip(loops, simulate(loops)):
        products = count(body, product)
        for what, figure, bound in zip(("throughput", "cycles"), figures, bounds, strict=True):
            verdict = "" if figure / products <= bound else f" MORE than {bound}"
            failures += bool(verdict)
            print(f"{function}: {products} {product}: {what} {figure / products:.2f} each{verdict}")
if not rows:
    sys.exit(f"{table}: no line LOOP: {cpu}")
sys.exit(failures > 0)

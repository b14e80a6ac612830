#!/usr/bin/env python3
"""What ptxas makes of every kernel of a few models: registers, shared memory, and the warps that a multiprocessor holds.

Compares with budgets.txt, whose figures are those of one release of nvcc. Whatever the release: nothing spills, nothing lies
in local memory, a multiprocessor has room for FEWEST_WARPS, and no kernel of a step touches memory before it has waited for
those that it comes after.

usage: budgets.py [--ingotc PATH] [--update]
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import nvcc

HERE = pathlib.Path(__file__).resolve().parent
GOLDEN = HERE / "budgets.txt"
# SmolLM2, in 4 bits; an 8B Llama in groups of 4 bits and a 1B one in bf16 (one layer each); heads of 256 columns.
MODELS = {
    "smollm2_q4_1": "--layers=1 --width=576 --hidden=1536 --heads=9 --key-value-heads=3 --head-dim=64 --vocabulary=49152 "
                    "--context=2048 --rows=512 --format=q4_1 --kv=f32",
    "llama_8b_i4": "--layers=1 --width=4096 --hidden=14336 --heads=32 --key-value-heads=8 --head-dim=128 --vocabulary=128256 "
                   "--context=8192 --rows=2048 --format=i4 --kv=f16 --separate-head",
    "llama_1b_bf16": "--layers=1 --width=2048 --hidden=8192 --heads=32 --key-value-heads=8 --head-dim=64 --vocabulary=128256 "
                     "--context=8192 --rows=512 --sequences=4 --format=bf16 --kv=f16",
    "wide_heads_f16": "--layers=1 --width=1024 --hidden=2048 --heads=4 --key-value-heads=1 --head-dim=256 --vocabulary=4096 "
                      "--context=2048 --rows=512 --format=f16 --kv=f16 --window=512",
}
# Of a multiprocessor: bytes of shared memory, of which every block costs 1 KiB more than it asks for. Both have 64 Ki
# registers, given to a warp by 256, and room for 64 warps and 32 blocks (CUDA C++ Programming Guide, compute capabilities).
SHARED = {"sm_80": 164 << 10, "sm_90a": 228 << 10}
FEWEST_WARPS = 8
# Kernels that run alone.
OF_NO_STEP = ("ingot_read", "ingot_generate_")


def resident_warps(threads, registers, shared, architecture):
    """Warps of one kernel that a multiprocessor holds."""
    warps = threads // 32
    of_warp = -(-registers * 32 // 256) * 256
    blocks = min(32, 64 // warps, (64 << 10) // of_warp // warps, SHARED[architecture] // (shared + 1024))
    return blocks * warps


def emit(ingotc, shape, folder):
    """The text of a model of that shape."""
    model, source = folder / "model.mlir", folder / "model.cu"
    made = subprocess.run([pathlib.Path(ingotc).parent / "ingot-shape", *shape.split()], check=True, capture_output=True)
    model.write_bytes(made.stdout)
    # With the kernels that make weights.
    command = [ingotc, model, "--target=cuda", "--weights=random:1", "--compile-to=codegen", "-o", source]
    subprocess.run(command, check=True, capture_output=True)
    return source


def touched_early(ptx):
    """{kernel: the first instruction that touches memory of the device before the kernel waits}; of one that never waits,
    its first of all."""
    found = {}
    for name, body in re.findall(r"\.entry (\w+)\(.*?\n{(.*?)\n}", ptx, re.S):
        begin = body.split("griddepcontrol.wait;")[0]
        # Parameters, shared memory, constants of the text and a thread's own are no memory that another kernel writes.
        for access in re.findall(r"^\s*(?:@\S+ )?((?:ld|st|atom|red|cp\.async)\.[^;]*);", begin, re.M):
            if not re.match(r"(ld|st|atom|red)[a-z.]*\.(param|shared|const|local)|cp\.async\.bulk\.prefetch", access):
                found.setdefault(name, access)
    return found


def measure(compiler, source, unordered=None):
    """{kernel: {architecture: (threads, registers, shared bytes, spilled and local bytes)}} of a text. `unordered` is given
    what touched_early says of the newest architecture."""
    targets = [part for name in SHARED for part in ("-gencode", f"arch={name.replace('sm', 'compute')},code={name}")]
    # ptxas reports only what it really compiles.
    with tempfile.TemporaryDirectory() as folder:
        command = [compiler, "-std=c++17", *targets, "--threads=2", "-Xptxas=-v", "--keep", "--keep-dir", folder, "-c", source,
                   "-o", "/dev/null"]
        compiled = subprocess.run(command, capture_output=True, text=True, check=False)
        if compiled.returncode != 0:
            sys.exit(compiled.stderr)
        if unordered is not None:
            newest = list(SHARED)[-1].replace("sm", "compute")
            unordered.update(touched_early((pathlib.Path(folder) / f"{source.stem}.{newest}.ptx").read_text()))
    threads = {name: int(bound) for bound, name in re.findall(r"__launch_bounds__\((\d+)[^)]*\) (\w+)\(", source.read_text())}
    pattern = (r"entry function '(\w+)' for '(\w+)'\n.*\n\s+(\d+) bytes stack frame, (\d+) bytes spill stores, "
               r"(\d+) bytes spill loads\n.*Used (\d+) registers(?:.*?(\d+) bytes smem)?")
    found = {}
    for name, architecture, *numbers in re.findall(pattern, compiled.stderr):
        stack, stores, loads, registers, shared = (int(number or 0) for number in numbers)
        found.setdefault(name, {})[architecture] = threads[name], registers, shared, stack + stores + loads
    assert found.keys() == threads.keys() and all(per.keys() == SHARED.keys() for per in found.values()), compiled.stderr
    return found


def report(ingotc, compiler):
    """The lines of budgets.txt, and what breaks a rule."""
    lines, broken = [f"# {release(compiler)}", "# model kernel threads, then for each of " + ", ".join(SHARED)
                     + ": registers, bytes of shared memory, resident warps"], []
    for model, shape in MODELS.items():
        with tempfile.TemporaryDirectory() as folder:
            unordered = {}
            kernels = measure(compiler, emit(ingotc, shape, pathlib.Path(folder)), unordered)
        broken += [f"{model} {name}: '{access}' stands before the wait for earlier kernels"
                   for name, access in unordered.items() if not name.startswith(OF_NO_STEP)]
        for name, figures in sorted(kernels.items()):
            line = f"{model} {name} {figures['sm_80'][0]}"
            for architecture in SHARED:
                threads, registers, shared, local = figures[architecture]
                warps = resident_warps(threads, registers, shared, architecture)
                line += f"  {registers} {shared} {warps}"
                if local:
                    broken.append(f"{model} {name} {architecture}: {local} bytes of local memory, expected none")
                if warps < FEWEST_WARPS:
                    broken.append(f"{model} {name} {architecture}: {warps} resident warps, expected {FEWEST_WARPS}")
            lines.append(line)
    return lines, broken


def release(compiler):
    version = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True).stdout
    return "nvcc " + re.search(r"release ([\d.]+)", version)[1]


def check(ingotc, compiler):
    """What is wrong, one line each."""
    lines, broken = report(ingotc, compiler)
    golden = GOLDEN.read_text().splitlines()
    if lines[0] == golden[0]:
        broken += [f"expected {line}" for line in golden if line not in lines]
        broken += [f"found {line}" for line in lines if line not in golden]
    return broken


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ingotc", default=os.environ.get("INGOTC", HERE.parent.parent / "build" / "bin" / "ingotc"))
    parser.add_argument("--update", action="store_true", help="write budgets.txt")
    arguments = parser.parse_args()
    compiler = nvcc.find()
    if not compiler:
        sys.exit(f"budgets.py: error: {nvcc.MISSING}")
    if arguments.update:
        lines, broken = report(arguments.ingotc, compiler)
        GOLDEN.write_text("\n".join(lines) + "\n")
    else:
        broken = check(arguments.ingotc, compiler)
    if broken:
        sys.exit("\n".join(broken) + "\nbudgets.py: error: over budget, or not what budgets.txt says")


if __name__ == "__main__":
    main()

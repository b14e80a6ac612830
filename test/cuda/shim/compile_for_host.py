#!/usr/bin/env python3
"""Compiles CUDA C++ for the host: a shared object that the fake driver (libcuda.so.1) loads as a module.

With --check, every access goes through the checker: clang's thread-sanitizer instrumentation, whose callbacks the fake
driver defines, and red zones between the arrays of shared memory.

usage: compile_for_host.py IN.cu -o OUT.so --driver FOLDER [--check] [-I FOLDER]... [-D NAME]...
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

SHIM = pathlib.Path(__file__).resolve().parent
COMPILER = "clang++-22"
RED_ZONE = 256  # bytes behind each array of shared memory

# Bits must not depend on the machine: one instruction set, and no multiplication and addition becomes one operation unless
# the text says so. (nvcc fuses them: a difference that tolerances of tests allow for.)
COMMON = ["-x", "c++", "-std=c++20", "-fPIC", "-march=x86-64-v3", "-ffp-contract=off", "-fno-exceptions", "-fno-rtti",
          "-fno-math-errno", "-fstack-clash-protection", "-Wall", "-Wno-unknown-attributes", "-Wno-unused-function",
          "-Wno-pass-failed", "-Wno-unknown-pragmas", "-g1"]
FAST = ["-O2"]
# Vectors of more than 16 bytes would escape the instrumentation. A read that a write to the same place follows counts too:
# it may be of what nobody wrote.
CHECKED = ["-O1", "-fno-vectorize", "-fno-slp-vectorize", "-fsanitize=thread", "-fsanitize=bounds,alignment,shift-exponent",
           "-fsanitize-recover=bounds,alignment,shift-exponent", "-mllvm", "-tsan-instrument-func-entry-exit=0",
           "-mllvm", "-tsan-instrument-read-before-write=1", "-mllvm", "-tsan-instrument-memintrinsics=1"]


class Refused(Exception):
    """The text is not what this program reads."""


def without_comments(text):
    """The text with comments and the insides of strings blanked, line for line."""
    pattern = r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''

    def blank(match):
        found = match.group(0)
        return found if found == '"C"' else re.sub(r"[^\n]", " ", found)
    return re.sub(pattern, blank, text, flags=re.DOTALL)


def closing(text, start):
    """The index behind the parenthesis that closes the one at `start`."""
    depth = 0
    for index in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[index], 0)
        if depth == 0:
            return index + 1
    raise Refused("a parenthesis is not closed")


def kernels(text):
    """(name, bounds as written) of every `extern "C" __global__` function that is defined."""
    text = without_comments(text)
    found = {}
    for match in re.finditer(r"\b__global__\b", text):
        line = text.count("\n", 0, match.start()) + 1
        if not re.search(r'extern\s+"C"\s*$', text[:match.start()]):
            raise Refused(f'line {line}: a kernel must begin with extern "C" __global__')
        rest = match.end()
        bounds = ""
        while True:
            word = re.compile(r"\s*([A-Za-z_]\w*)").match(text, rest)
            if not word:
                raise Refused(f"line {line}: no name of a kernel follows __global__")
            rest = word.end()
            if word[1] == "__launch_bounds__":
                begin = text.index("(", rest)
                rest = closing(text, begin)
                bounds = text[begin + 1:rest - 1]
            elif re.compile(r"\s*\(").match(text, rest):
                rest = closing(text, text.index("(", rest))
                if re.compile(r"\s*\{").match(text, rest):
                    found[word[1]] = bounds
                break
    return sorted(found.items())


def dynamic_arrays(text):
    """Names declared `extern __shared__`."""
    declared = re.findall(r"\bextern\s+__shared__\s+(?:__align__\s*\([^)]*\)\s*|alignas\s*\([^)]*\)\s*)*[\w:\s]+?\b(\w+)\s*\[\s*\]",
                          without_comments(text))
    return sorted(set(declared))


def listing(source, text):
    """The translation unit: the text, and behind it what the fake driver reads of it."""
    found, arrays = kernels(text), ["ingot_shim_no_array", *dynamic_arrays(text)]
    if not found:
        raise Refused("there is no kernel in it")
    lines = [f'#include "{source}"', '#include "device/kernels.h"', ""]
    lines += [f"INGOT_SHIM_DYNAMIC_ARRAY({name})" for name in arrays]
    lines += ["", "static const ingot::shim::Kernel ingotShimKernels[] = {"]
    lines += [f'    ingot::shim::describe<&{name}>("{name}", ingot::shim::firstBound({bounds})),' for name, bounds in found]
    lines += ["};", "static const ingot::shim::DynamicArray ingotShimArrays[] = {"]
    lines += [f'    {{"{name}", ingotShimAddress_{name}}},' for name in arrays]
    lines += ["};", 'extern "C" INGOT_SHIM_EXPORT const ingot::shim::ModuleDescription ingot_shim_module = {',
              f"    ingotShimKernels, {len(found)}, ingotShimArrays, {len(arrays)}}};", ""]
    return "\n".join(lines)


def with_red_zones(assembly):
    """The assembly with room behind each thread-local array (shared memory). Its symbol keeps its size."""
    def grow(match):
        return f"{match[1]}\t.zero\t{int(match[2]) + RED_ZONE}\n"
    return re.sub(r'(\.section\s+\.tbss[^\n]*\n(?:\s*\.[^\n]*\n)*[^\s:]+:\n)\s*\.zero\s+(\d+)\n', grow, assembly)


def compile_module(source, out, driver, check=False, options=()):
    """Raises Refused, or subprocess.CalledProcessError with the compiler's messages."""
    source = pathlib.Path(source).resolve()
    with tempfile.TemporaryDirectory() as folder:
        unit = pathlib.Path(folder) / "module.cpp"
        unit.write_text(listing(source, source.read_text()))
        assembly = unit.with_suffix(".s")
        command = [COMPILER, *COMMON, *(CHECKED if check else FAST), "-I", SHIM, *options, "-include", "cuda_runtime.h"]
        run([*command, "-S", unit, "-o", assembly])
        if check:
            assembly.write_text(with_red_zones(assembly.read_text()))
        run([COMPILER, "-shared", assembly, "-o", out, "-fuse-ld=lld", "-L", driver, "-l:libcuda.so.1", "-Wl,-z,defs",
             "-Wl,-Bsymbolic", "-lm"])


def run(command):
    subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source")
    parser.add_argument("-o", dest="out", required=True)
    parser.add_argument("--driver", required=True, help="the folder of the fake libcuda.so.1")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("-I", dest="includes", action="append", default=[])
    parser.add_argument("-D", dest="macros", action="append", default=[])
    arguments = parser.parse_args()
    options = [part for name in arguments.includes for part in ("-I", name)]
    options += [f"-D{name}" for name in arguments.macros]
    try:
        compile_module(arguments.source, arguments.out, arguments.driver, arguments.check, options)
    except Refused as refused:
        sys.exit(f"compile_for_host.py: error: {arguments.source}: {refused}")
    except subprocess.CalledProcessError as failed:
        sys.exit(f"{failed.stderr}compile_for_host.py: error: {arguments.source}: does not compile for the host")


if __name__ == "__main__":
    main()

"""Where time and memory go: into code emitted from IR, and into what was planned."""
import collections
import json
import re

import pytest

from conftest import DATA, EXACT, needs_tool, run, tiny_path
from llama import Sizes
from programs import compile_text, print_shape

SMALL = Sizes(layers=4, width=256, heads=4, key_value_heads=2, head_dim=64, hidden=768, vocabulary=2048, context=512,
              rows=128, wanted=4, format="q4_1", kv="f16")


def emitted_from_ir(function, cpu):
    """Kernels and steps are named after the processor that they are for; nothing else is."""
    return function.endswith("." + cpu)


def callgrind_cost(profile):
    """{function: instructions of its own}"""
    cost, names, function, skip = collections.Counter(), {}, None, False
    for line in profile.read_text().splitlines():
        if line.startswith("fn="):
            number, _, name = line[3:].partition(" ")
            function = names.setdefault(number, name)
        elif line.startswith("cfn="):
            number, _, name = line[4:].partition(" ")
            names.setdefault(number, name)
        elif line.startswith("calls="):
            skip = True  # The line after it is the cost of the callee.
        elif line and line[0] in "0123456789+-*":
            if not skip:
                cost[function] += int(line.split()[1])
            skip = False
    return cost


def callgrind_calls(profile):
    """{function: how often it was called}"""
    calls, names, callee = collections.Counter(), {}, None
    for line in profile.read_text().splitlines():
        if line.startswith(("fn=", "cfn=")):
            number, _, name = line.partition("=")[2].partition(" ")
            callee = names.setdefault(number, name)
        elif line.startswith("calls="):
            calls[callee] += int(line[6:].split()[0])
    return calls


def callgrind(folder, command, *options):
    profile = folder / "callgrind.out"
    run([needs_tool("valgrind"), "--tool=callgrind", f"--callgrind-out-file={profile}", *options, *command])
    return profile


def test_work_is_in_emitted_code(ingot, tmp_path):
    """At least 95 % of the instructions of `bench`, between the start of its first step and the end of its last.

    Counted by callgrind: neighbours on the machine, missing perf events and the waiting at barriers that they cause change
    nothing in it. valgrind 3.19 knows AVX2 and not AVX-512, hence the processor. The form with perf needs --full."""
    executable = compile_text(ingot, print_shape(ingot, *SMALL.options()), tmp_path, "--mcpu=x86-64-v3")
    profile = callgrind(tmp_path, [executable, "bench", "-p", 16, "-n", 24, "-r", 1, "--threads", 1],
                        "--toggle-collect=ingot::runtime::Sequence::append*")
    cost = callgrind_cost(profile)
    total = sum(cost.values())
    emitted = {rows: sum(count for name, count in cost.items() if emitted_from_ir(name, "x86-64-v3") and rows in name)
               for rows in ("", ".rows_1.", ".rows_9_")}
    print(f"{emitted['']} of {total} instructions, {emitted['.rows_1.']} for tokens, {emitted['.rows_9_']} for the prompt; "
          f"others: {[(name, count) for name, count in cost.most_common() if not emitted_from_ir(name, 'x86-64-v3')][:3]}")
    assert min(emitted.values()) > 1e6 and emitted[""] >= 0.95 * total


@pytest.mark.full
def test_samples_are_in_emitted_code(ingot, smollm2, tmp_path):
    """The same by perf samples of SmolLM2, one thread. Bench's own measurement of the memory's speed is not the model's."""
    perf, data = needs_tool("perf"), tmp_path / "perf.data"
    executable = ingot.compile(smollm2)
    recorded = run([perf, "record", "-q", "-e", "cpu-clock:u", "-o", data, executable, "bench", "-p", 256, "-n", 96, "-r", 4,
                    "--threads", 1], check=False)
    if recorded.status != 0:
        pytest.skip(f"perf cannot record here: {recorded.error.strip().splitlines()[-1]}")
    cpu = json.loads(recorded.out)["variant"]
    report = run([perf, "report", "-i", data, "--stdio", "--no-children", "-g", "none", "-F", "sample,symbol"]).out.decode()
    samples = collections.Counter()
    for count, name in re.findall(r"^\s+(\d+)\s+\[\S\] (.*?)\s*$", report, re.MULTILINE):
        samples[name] += int(count)
    total = sum(count for name, count in samples.items() if not re.search(r"::read$", name))
    emitted = sum(count for name, count in samples.items() if emitted_from_ir(name, cpu))
    print(f"{emitted / total:.2%} of {total} samples, {samples.total()} with the start and the memory's speed")
    assert total > 1000 and emitted >= 0.95 * total


# Members of the runtime's archives that multiply or divide real numbers, one at a time, and why.
REAL_ARITHMETIC = {
    "bench.cpp.o": "medians, rates and the ceiling that it prints",
    "chat.cpp.o": "tokens per second, bytes in MiB",
    "draft_length.cpp.o": "tokens per second that guesses promise",
    "generate.cpp.o": "tokens per second",
    "machine.cpp.o": "seconds of one barrier of those that were timed",
    "perplexity.cpp.o": "softmax over the logits of scored tokens",
    "probes.cpp.o": "bytes per second, seconds from milliseconds",
    "process.cpp.o": "seconds from nanoseconds",
    "read_ceiling.cpp.o": "bytes per second",
    "sampler.cpp.o": "temperature, softmax, penalties",
    "sampling.cpp.o": "a seed from nanoseconds",
}
LIBM = {"exp", "expf", "log", "sqrt", "floor"}  # called by perplexity and sampler
MATHEMATICS = re.compile(r"(a?(sin|cos|tan)h?|sincos|atan2|exp(2|10|m1)?|log(2|10|1p|b)?|pow|sqrt|cbrt|hypot|erfc?|[lt]gamma|fma|"
                         r"floor|ceil|round|rint|nearbyint|trunc|ldexp|frexp|scalbn?|fmod|remainder)(f|l)?$")

# Packed products and square roots of any kind, and what matrix units do: nowhere.
PACKED = re.compile(r"v?(mul|div|sqrt|rcp|rsqrt|dp|mulx|fn?m(add|sub|addsub|subadd)\d+)p[sdh]$|v?p(madd|mull|mulh|mulu|muld)|"
                    r"vpdp|tdp|vdpbf16|vexp|vrcp|vrsqrt")
SCALAR = re.compile(r"v?(mul|div|sqrt|fn?m(add|sub)\d+)s[sdh]$|f(i?mul|i?div|sqrt|sin|cos|2xm1|yl2x)")


def test_runtime_holds_no_model_arithmetic(ingot):
    """By disassembly: no packed product at all, and products of single numbers in the named members only."""
    folder = ingot.compiler.parent.parent / "lib" / "ingot" / "x86_64-linux"
    archives = [folder / f"libingot_runtime{target}.a" for target in ("", "_serve", "_cpu", "_cuda")]
    listing = run([needs_tool("objdump"), "-d", "-C", "--no-show-raw-insn", *archives]).out.decode()
    member, function, instructions = None, None, 0
    found, packed = collections.Counter(), []
    for line in listing.splitlines():
        if match := re.match(r"(\S+\.o):\s+file format", line):
            member = match[1]
        elif match := re.match(r"[0-9a-f]+ <(.*)>:$", line):
            function = match[1]
        elif match := re.match(r"\s+[0-9a-f]+:\s+(\w+)", line):
            instructions += 1
            if PACKED.match(match[1]):
                packed.append((member, function, match[1]))
            elif SCALAR.match(match[1]):
                found[member] += 1
    print(f"{instructions} instructions, products of real numbers: {dict(found)}")
    assert instructions > 5000 and found["sampler.cpp.o"] > 0, "the listing was not understood"
    assert not packed, packed
    assert set(found) <= set(REAL_ARITHMETIC), set(found) - set(REAL_ARITHMETIC)
    called = set(re.findall(r" U (\w+)$", run([needs_tool("nm"), *archives]).out.decode(), re.MULTILINE))
    mathematics = {name for name in called if MATHEMATICS.match(name)}
    assert "exp" in mathematics and mathematics <= LIBM, mathematics


def memory_calls_tool(ingot):
    tool = ingot.compiler.parent / "ingot-count-memory-calls"
    if not tool.exists():
        pytest.skip(f"{tool} is not built (INGOT_BUILD_TESTS)")
    return tool


SAMPLED = ["--temperature", 0.9, "--top-k", 40, "--top-p", 0.95, "--min-p", 0.01, "--repeat-penalty", 1.1, "--seed", 3]


@pytest.mark.parametrize("options", [["--temperature", 0], SAMPLED], ids=["greedy", "sampled"])
def test_no_memory_from_the_kernel(ingot, smollm2, options):
    """SmolLM2 asks the kernel for no memory between its first token and its last."""
    executable = ingot.compile(smollm2)
    finished = run([memory_calls_tool(ingot), executable, "-p", "The capital of France is", "-n", 48, "--ignore-eos", *options])
    between, writes = map(int, re.search(r"memory calls: (\d+) between (\d+) writes", finished.error).groups())
    print(f"{between} calls between {writes} writes")
    assert writes >= 40 and between == 0


ALLOCATORS = re.compile(r"(__libc_)?(malloc|calloc|realloc|free|memalign|aligned_alloc|posix_memalign)$|operator (new|delete)|"
                        r"_int_(malloc|free)|mmap|brk|sbrk|__mmap|__brk")


@pytest.mark.parametrize("options", [["--temperature", 0], SAMPLED], ids=["greedy", "sampled"])
def test_no_malloc_for_a_token(ingot, options, tmp_path):
    """40 tokens call the allocator exactly as often as 8: no call for a token, counted by callgrind."""
    executable = ingot.compile(tiny_path("byte_tokenizer_q8_0"), EXACT, "--mcpu=x86-64-v3")
    counts = []
    for tokens in (8, 40):
        profile = callgrind(tmp_path, [executable, "-p", "the other", "-n", tokens, "--ignore-eos", "--threads", 1, *options])
        calls = callgrind_calls(profile)
        assert any(name.startswith("ingot::runtime::") for name in calls)
        counts.append({name: count for name, count in calls.items() if ALLOCATORS.match(name)})
    print(counts[0])
    assert counts[0] and counts[0] == counts[1], f"8 tokens {counts[0]}, 40 tokens {counts[1]}"


def test_peak_memory_with_a_full_cache(ingot, smollm2, tmp_path):
    """Generated until the context is full: what the process held is what was planned, -5 %, +2 MiB."""
    executable = ingot.compile(smollm2, "--context=1024")
    prompt = tmp_path / "prompt.txt"
    prompt.write_text((DATA / "text.txt").read_text()[:3500])
    finished = run([executable, "-f", prompt, "-n", 2000, "--ignore-eos", "--temperature", 0], check=False)
    assert finished.status == 1 and "the context of 1024 positions is full" in finished.error, finished.error
    planned = json.loads(run([executable, "info", "--json"]).out)["memory"]["planned_bytes"]
    printed = float(re.search(r"peak memory +([\d.]+) MiB", finished.error)[1]) * 2**20
    print(f"planned {planned}, printed {printed:.0f}, seen from outside {finished.peak_bytes}")
    for peak in (printed, finished.peak_bytes):
        assert 0.95 * planned <= peak <= planned + 2 * 2**20

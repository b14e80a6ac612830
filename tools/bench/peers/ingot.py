"""Ingot: an executable, or a GGUF file that ingotc compiles first."""
import json
import os
import pathlib
import statistics
import subprocess
import time

from figures import Figure, mean_rate
from peers.peer import Peer
from results import Paired
from workspace import Cannot, output_of

PAGE = 64  # positions of one page of the cache
FIVE_TOKENS = "The capital of France is"
STARTS = 9
DECODE_REPETITIONS = 4  # of a sample: together about as many seconds as one of a peer


def start_to_first_token(executable):
    """Seconds from the start of the process to the first byte of new text; files in the page cache."""
    start = time.perf_counter()
    with subprocess.Popen([executable, "-p", FIVE_TOKENS, "-n", "1", "--temperature", "0", "--no-display-prompt"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        seen = os.read(process.stdout.fileno(), 1)
        seconds = time.perf_counter() - start
    if not seen:
        raise Cannot("no text within one token")
    return seconds


class Ingot(Peer):
    name = "Ingot"

    def __init__(self, workspace, isa, threads, compiler=None, executable=None):
        super().__init__(workspace, isa, threads)
        self.compiler, self.executable = compiler, executable
        self.compile_seconds = None
        self.bytes = {}
        self.beside = {}  # test -> lists of per cent of the ceiling, bytes per second, nanoseconds of a barrier

    def version(self):
        if self.compiler:
            return output_of([self.compiler, "--version"]).splitlines()[0]
        return json.loads(output_of([self.executable, "info", "--json"]))["compiler"]

    def set_up(self):
        for program in (self.compiler, self.executable):
            if program and not os.access(program, os.X_OK):
                raise Cannot(f"{program} is no program")

    def open(self, model):
        if not self.compiler:
            return
        positions = max(test.tokens + test.depth for test in model.tests)
        self.executable = self.workspace.path("ingot", f"{model.key}-{self.isa}")
        self.beside = {}
        start = time.perf_counter()
        output_of([self.compiler, model.path, "-o", self.executable, f"--context={-(-positions // PAGE) * PAGE}",
                   *(["--mcpu=x86-64-v3"] if self.isa == "avx2" else [])])
        self.compile_seconds = time.perf_counter() - start

    def bench(self, prompt, new, depth, repetitions=1):
        return json.loads(output_of([self.executable, "bench", "-t", self.threads, "-r", repetitions, "-p", prompt,
                                     "-n", new, "-d", depth]))

    def rate(self, setting, test):
        if test.kind == "prefill":
            return self.bench(test.tokens, 0, 0)["prefill_tokens_per_second"]
        result = self.bench(0, test.tokens, test.depth, DECODE_REPETITIONS)
        self.bytes[test] = result["bytes_per_token"]
        keys = ("decode_percent_of_read_ceiling", "read_ceiling_bytes_per_second", "nanoseconds_per_barrier")
        for samples, key in zip(self.beside.setdefault(test, ([], [], [])), keys):
            samples += result[f"{key}_each"]
        return mean_rate(result["decode_tokens_per_second_each"])

    def bytes_per_token(self, test):
        return self.bytes[test]

    def paired(self, test):
        if test not in self.beside:
            return None
        percents, ceilings, barriers = self.beside[test]
        return Paired(Figure(tuple(percents)).times(0.01), Figure(tuple(ceilings)), Figure(tuple(barriers)))

    def whole_program(self):
        """What the executable costs apart from its speed; `compile_seconds` only if it was compiled here."""
        information = json.loads(output_of([self.executable, "info", "--json"]))
        memory = information["memory"]
        arenas = {arena["name"]: arena["bytes"] for arena in memory["arenas"]}
        new = 8
        filled = self.bench(0, new, information["context"] - new)
        start_to_first_token(self.executable)
        executable = pathlib.Path(self.executable)
        return dict(
            start_to_first_token_seconds=statistics.median(start_to_first_token(executable) for _ in range(STARTS)),
            peak_memory_bytes=filled["peak_memory_bytes"], planned_memory_bytes=memory["planned_bytes"],
            weights_bytes=information["weights"]["bytes"], key_value_bytes=arenas["key_value"],
            executable_bytes=executable.stat().st_size, compile_seconds=self.compile_seconds,
            decode_barriers_per_layer=filled["decode_barriers_per_layer"])

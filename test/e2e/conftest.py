"""What every end-to-end test shares: the compiler under test, compiled models (each once a session), stored references."""
import dataclasses
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import numpy as np
import pytest

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
TINY = sorted(path.stem for path in (DATA / "tiny").glob("*.gguf"))
LOGIT_BOUND = 1e-3  # of the largest |logit|: exact path against transformers in float32
EXACT = "--activations=f32"

# What a CPU must have for code compiled for these names.
CPU_FLAGS = {
    "x86-64-v3": {"avx2", "fma", "bmi1", "bmi2", "f16c", "movbe"},
    "x86-64-v4": {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"},
    "native": set(),
}


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="run the long forms too")


def pytest_configure(config):
    config.addinivalue_line("markers", "full: runs with --full only")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--full"):
        for item in items:
            if "full" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="long form: needs --full"))


@dataclasses.dataclass
class Finished:
    """A process that has ended."""
    status: int
    out: bytes
    error: str
    seconds: float
    peak_bytes: int  # the largest resident set, mapped pages included, as last seen (milliseconds before the end)


def peak_of(pid):
    """The largest resident set so far. The usage that wait4 gives also remembers the process that called exec: this one."""
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())
    except OSError:
        found = None
    return int(found[1]) * 1024 if found else 0


def run(command, check=True, timeout=300, input=b"", **options):
    """Runs a command to its end; with `check`, fails the test with its messages unless it exits with 0."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as error, tempfile.TemporaryFile() as given:
        given.write(input)
        given.seek(0)
        start = time.monotonic()
        process = subprocess.Popen([str(part) for part in command], stdin=given, stdout=out, stderr=error, **options)
        peak = 0
        while True:
            peak = max(peak, peak_of(process.pid))
            if process.poll() is not None:
                break
            if time.monotonic() - start > timeout:
                process.kill()
                process.wait()
                pytest.fail(f"still running after {timeout} s: {' '.join(map(str, command))[:300]}")
            time.sleep(0.002)
        seconds = time.monotonic() - start
        out.seek(0)
        error.seek(0)
        result = Finished(process.returncode, out.read(), error.read().decode(errors="replace"), seconds, peak)
    if check and result.status != 0:
        pytest.fail(f"exit {result.status}: {' '.join(map(str, command))[:300]}\n{result.error[-2000:]}")
    return result


class Ingot:
    """The compiler, and what it has compiled in this session."""

    def __init__(self, compiler, folder):
        self.compiler = compiler
        self.folder = folder
        self.compiled = {}

    def compile(self, model, *options):
        """The executable of a model; compiled on first use. Later calls with the same options return the same file."""
        key = (str(model), *options)
        if key not in self.compiled:
            out = self.folder / f"{len(self.compiled):03}-{pathlib.Path(model).stem}"
            finished = run([self.compiler, model, "-o", out, *options])
            assert out.exists() and os.access(out, os.X_OK), f"ingotc exited with 0 but made no executable {out}"
            self.compiled[key] = out, finished
        return self.compiled[key][0]

    def compilation(self, model, *options):
        """How the compilation of that executable went."""
        self.compile(model, *options)
        return self.compiled[(str(model), *options)][1]

    def logits(self, executable, tokens, threads=None, chunk=None, prefix=()):
        """float32 [tokens, vocabulary]"""
        with tempfile.TemporaryDirectory(dir=self.folder) as scratch:
            out = pathlib.Path(scratch) / "logits.npy"
            options = [] if threads is None else ["--threads", threads, "--threads-force"]
            options += [] if chunk is None else ["--chunk", chunk]
            run([*prefix, executable, "logits", "--tokens", ",".join(map(str, tokens)), "-o", out, *options])
            logits = np.load(out)
        assert logits.dtype == np.float32 and logits.ndim == 2 and logits.shape[0] == len(tokens), \
            f"logits are {logits.dtype} {logits.shape} for {len(tokens)} tokens"
        assert np.isfinite(logits).all(), "logits are not finite"
        return logits


@pytest.fixture(scope="session")
def ingot(tmp_path_factory):
    compiler = os.environ.get("INGOTC")
    if not compiler:
        pytest.exit("set INGOTC to the ingotc to test", returncode=2)
    folder = tmp_path_factory.mktemp("compiled")
    yield Ingot(pathlib.Path(compiler).resolve(), folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def smollm2():
    """The SmolLM2 GGUF file."""
    path = os.environ.get("INGOT_SMOLLM2")
    if not path:
        pytest.skip("INGOT_SMOLLM2 names no SmolLM2 GGUF file (test/run.sh downloads it)")
    return pathlib.Path(path)


@pytest.fixture(scope="session")
def smollm2_reference():
    return json.loads((DATA / "smollm2" / "reference.json").read_text())


def tiny_path(name):
    return DATA / "tiny" / f"{name}.gguf"


def tiny_reference(name):
    reference = json.loads((DATA / "tiny" / f"{name}.json").read_text())
    reference.setdefault("stride", 1)  # of the rows that are stored
    reference["logits"] = np.load(DATA / "tiny" / f"{name}.npy")
    return reference


def needs_cpu(name):
    """Skips the test where this machine cannot run code for that CPU."""
    with open("/proc/cpuinfo", encoding="ascii") as lines:
        flags = next((set(line.split(":")[1].split()) for line in lines if line.startswith("flags")), set())
    missing = CPU_FLAGS[name] - flags
    if missing:
        pytest.skip(f"this CPU lacks {' '.join(sorted(missing))}, which {name} needs")


def needs_tool(name):
    path = shutil.which(name)
    if not path:
        pytest.skip(f"{name} is not installed")
    return path


def assert_close(logits, reference, bound=LOGIT_BOUND):
    """max |difference| <= bound * max |logit|"""
    assert logits.shape == reference.shape, f"shape {logits.shape} instead of {reference.shape}"
    largest = np.abs(reference).max()
    difference = np.abs(logits - reference)
    row, column = np.unravel_index(difference.argmax(), difference.shape)
    assert difference.max() <= bound * largest, \
        f"logit [{row}, {column}] is {logits[row, column]} instead of {reference[row, column]}: the difference is " \
        f"{difference.max() / largest:.2e} of the largest logit, allowed is {bound:.0e}; rows that differ: " \
        f"{np.flatnonzero((difference > bound * largest).any(axis=1))[:20].tolist()}"


def assert_greedy(logits, continuation, bound=LOGIT_BOUND):
    """Row i of `logits` chooses greedy token i wherever the reference is not nearly tied. Returns how many were compared."""
    compared = 0
    for i, (token, margin, largest) in enumerate(zip(continuation["tokens"], continuation["margins"],
                                                     continuation["largest"])):
        if margin > 2 * bound * largest:
            assert int(logits[i].argmax()) == token, f"greedy token {i}: {int(logits[i].argmax())} instead of {token}"
            compared += 1
    return compared

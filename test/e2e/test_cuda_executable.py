"""Executables for GPUs, on the fake driver: emitted text compiled for the host stands for their device code."""
import json
import os
import pathlib
import re
import sys

import numpy as np
import pytest

from conftest import EXACT, assert_close, assert_greedy, needs_tool, run, tiny_path, tiny_reference
from llama import Sizes
from programs import print_shape, run_step

CUDA = pathlib.Path(__file__).resolve().parent.parent / "cuda"
sys.path[:0] = [str(CUDA), str(CUDA / "shim")]

import compile_for_host as shim_compiler  # noqa: E402
import nvcc  # noqa: E402
from fake_cuda import driver, without_device_code  # noqa: E402, F401 (driver: a fixture)

BOUND = 2e-3  # of the largest |logit|, against the CPU's exact path
TEXT, TENSORS = "byte_tokenizer_q8_0", "three_kv_heads_q4_1"


class Executable:
    """A model as an executable for GPUs, one for the CPU with the same arithmetic, and what runs the former here."""

    def __init__(self, ingot, driver, folder, model, *options, compiler=None, check=False, shape=()):
        """`options` are for GPUs, those of `shape` for all."""
        self.model, self.source = model, folder / "model.cu"
        self.cpu = ingot.compile(model, EXACT, *shape)
        self.gpu = ingot.compile(model, "--target=cuda", f"--nvcc={compiler or without_device_code(folder)}", *shape, *options)
        run([ingot.compiler, model, "--target=cuda", "--compile-to=codegen", *shape, "-o", self.source])
        module = folder / "model.so"
        shim_compiler.compile_module(self.source, module, driver, check)
        self.environment = {**os.environ, "LD_LIBRARY_PATH": str(driver), "INGOT_FAKE_CUDA_MODULE": str(module)}

    def run(self, *arguments, succeeds=True, **device):
        """Runs it on a fake device: memory=N is INGOT_FAKE_CUDA_MEMORY=N, lt_fail=N is INGOT_FAKE_CUBLASLT_FAIL=N."""
        device = {f"INGOT_FAKE_CUBLASLT_{name[3:].upper()}" if name.startswith("lt_") else f"INGOT_FAKE_CUDA_{name.upper()}":
                  str(value) for name, value in device.items()}
        return run([self.gpu, *arguments], check=succeeds, env={**self.environment, **device})

    def logits(self, tokens, folder, *options, **device):
        self.run("logits", "--tokens", ",".join(map(str, tokens)), "-o", folder / "logits.npy", *options, **device)
        return np.load(folder / "logits.npy")

    def fails(self, *arguments, **device):
        """Its one line, on standard error."""
        finished = self.run(*arguments, succeeds=False, **device)
        lines = [line for line in finished.error.splitlines() if not line.startswith("fake CUDA: ")]
        assert finished.status == 1 and len(lines) == 1 and not finished.out, finished
        return lines[0]


def tokens_of(name):
    reference = tiny_reference(name)
    return reference["prompt"] + reference["greedy"]["tokens"]


@pytest.fixture(scope="module")
def texts(ingot, driver, tmp_path_factory):
    return Executable(ingot, driver, tmp_path_factory.mktemp("cuda"), tiny_path(TEXT), compiler=nvcc.require())


@pytest.fixture(scope="module")
def tensors(ingot, driver, tmp_path_factory):
    return Executable(ingot, driver, tmp_path_factory.mktemp("cuda"), tiny_path(TENSORS), "--sm=80,90a,120",
                      "--weights=external", check=True)


def test_logits(ingot, texts, tensors, tmp_path):
    for executable, name in ((texts, TEXT), (tensors, TENSORS)):
        reference = tiny_reference(name)
        tokens = reference["prompt"] + reference["greedy"]["tokens"][:-1]
        exact = ingot.logits(executable.cpu, tokens)
        for chunk in (1, 7, 64):
            logits = executable.logits(tokens, tmp_path, "--chunk", chunk)
            assert_close(logits, exact, bound=BOUND)
            assert assert_greedy(logits[len(reference["prompt"]) - 1:], reference["greedy"], bound=5e-3)


def test_ways_to_launch(tensors, tmp_path):
    """The same bits by a graph, in which the order of kernels is only what they await, in a stream and one by one; and no
    access that another one may come before."""
    tokens = tokens_of(TENSORS)[:24]
    for chunk in (1, 2, 3, 5, 8):
        expected = tensors.logits(tokens, tmp_path, "--chunk", chunk, "--launch", "one-by-one")
        for how, capability in (("graph", 80), ("graph", 90), ("stream", 80)):
            logits = tensors.logits(tokens, tmp_path, "--chunk", chunk, "--launch", how, check=1, seed=chunk,
                                    capability=capability)
            assert np.array_equal(logits, expected), (chunk, how, capability)


def test_edges_of_graphs(tensors):
    """Kernels begin before those ahead of them have ended where the device, its driver and the image that it loaded can
    do so, and nobody says otherwise; the loop of tokens on the device is the driver's."""
    for device, options, edges, loop in [({}, [], "full", "device"),
                                         ({"capability": 90}, [], "programmatic", "device"),
                                         ({"capability": 90, "driver_version": 12030}, [], "programmatic", "host"),
                                         ({"capability": 90, "driver_version": 12020}, [], "full", "host"),
                                         ({"capability": 90, "image": 80}, [], "full", "device"),
                                         ({"capability": 90}, ["--launch", "plain-graph"], "full", "device")]:
        bench = json.loads(tensors.run("bench", "-p", 0, "-n", 3, "-r", 2, *options, check=1, seed=1, **device).out)
        assert bench["launch"] == (options or ["graph"])[-1], bench
        assert (bench["edges"], bench["token_loop"]) == (edges, loop), device
    assert "edges" not in json.loads(tensors.run("bench", "-p", 0, "-n", 1, "-r", 1, "--launch", "stream").out)


def test_kernel_that_does_not_wait(driver, tensors, tmp_path):
    """Of one in the middle of a layer."""
    text = tensors.source.read_text()
    kernel = text.index("(", re.search(r"\) attention_merge\w*_rows_1\(", text).start() + 1)
    source, module = tmp_path / "model.cu", tmp_path / "model.so"
    source.write_text(text[:kernel] + text[kernel:].replace("waitForEarlier();", ";", 1))
    shim_compiler.compile_module(source, module, driver)
    tokens, device = tokens_of(TENSORS)[:2], {"capability": 90, "module": module}
    line = tensors.fails("logits", "--tokens", ",".join(map(str, tokens)), "-o", tmp_path / "logits.npy", "--chunk", 1,
                         **device)
    assert "CUDA_ERROR_LAUNCH_FAILED" in line, line
    logits = tensors.logits(tokens, tmp_path, "--chunk", 1, "--launch", "plain-graph", **device)
    assert np.array_equal(logits, tensors.logits(tokens, tmp_path, "--chunk", 1))


def test_text(texts, tmp_path):
    """Commands that read text say what the CPU's executable says."""
    text = tmp_path / "text"
    text.write_text("The quick brown fox jumps over the lazy dog. " * 12)
    greedy = ["-p", "The quick", "-n", 24, "--temperature", 0, "--ignore-eos"]
    assert texts.run(*greedy).out == run([texts.cpu, *greedy]).out
    sampled = ["-p", "The quick", "-n", 24, "--seed", 3, "--ignore-eos"]
    assert texts.run(*sampled).out == run([texts.cpu, *sampled]).out
    assert texts.run(*greedy, "--speculate", "ngram").out == texts.run(*greedy).out
    score = ["perplexity", text, "-c", 64, "--chunks", 3]
    values = [float(re.findall(r"[\d.]+", finished.out.decode().split("PPL")[-1])[0])
              for finished in (texts.run(*score), run([texts.cpu, *score]))]
    assert values[0] == pytest.approx(values[1], rel=1e-3) and values[0] > 1


def test_token_loop(texts):
    """Tokens drawn on the device, in a loop there or with one launch each: those that the host's sampler draws from the
    same logits, whatever the options."""
    def text(*options, **device):
        return texts.run("-p", "The quick brown", "-n", 40, "--special", *options, **device).out

    loop, sampled = json.loads(texts.run("bench", "-p", 0, "-n", 1, "-r", 1).out), ["--seed", 5, "--ignore-eos"]
    assert loop["token_loop"] == "device"
    for options in (["--temperature", 0, "--ignore-eos"], ["--temperature", 0, "--repeat-penalty", 1.3], sampled,
                    [*sampled, "--temperature", 1.7, "--top-k", 256, "--top-p", 1, "--min-p", 0],
                    [*sampled, "--temperature", 3, "--top-k", 100, "--repeat-penalty", 1.5],
                    [*sampled, "--top-k", 1], [*sampled, "--top-k", 0]):
        host = text(*options, "--launch", "one-by-one")
        assert text(*options) == host, options
        assert text(*options, driver_version=12030) == host, options
    assert json.loads(texts.run("bench", "-p", 0, "-n", 1, "-r", 1, driver_version=12030).out)["token_loop"] == "host"


def test_raw_tensors(tensors, tmp_path):
    tokens = tokens_of(TENSORS)
    assert_close(run_step(tensors.gpu, tokens, env=tensors.environment), tensors.logits(tokens, tmp_path), bound=BOUND)


def test_two_sequences(ingot, driver, tmp_path):
    """Steps of rows of both, on shuffled pages, and last of a single row of the second one, every access checked."""
    sizes = Sizes(sequences=2, rows=16, wanted=16)
    model = tmp_path / "sequences.mlir"
    model.write_text(print_shape(ingot, *sizes.options()))
    executable = Executable(ingot, driver, tmp_path, model, check=True)
    rows = [(0, i) for i in range(9)] + [(1, i) for i in range(7)]
    rows += [(sequence, first + i) for i in range(5) for sequence, first in ((1, 7), (0, 9))]
    rows += [(0, i) for i in range(14, 20)] + [(1, 12)]
    row_sequences, positions = np.array(rows).T
    step = [np.random.default_rng(0).integers(0, sizes.vocabulary, len(rows)), positions, row_sequences,
            [[3, 1, 5, 6], [0, 7, 2, 4]]]
    logits = run_step(executable.gpu, *step, env={**executable.environment, "INGOT_FAKE_CUDA_CHECK": "1"})
    assert_close(logits, run_step(executable.cpu, *step), bound=BOUND)

    bench = json.loads(executable.run("bench", "-p", 0, "-n", 3, "-d", 17, "-b", 2, "-r", 1, check=1).out)
    assert bench["batch"] == 2 and bench["decode_tokens_per_second"] > 0
    assert bench["weight_bytes_per_token"] / 2 < bench["bytes_per_token"] < bench["weight_bytes_per_token"]
    finished = executable.run("bench", "-b", 3, succeeds=False)
    assert finished.status == 1 and "at most 2 sequences, and 3 were asked for" in finished.error


@pytest.fixture(scope="module")
def halves(ingot, driver, tmp_path_factory):
    """Models of 16-bit weights, whose prompts cuBLASLt multiplies."""
    executables = {}
    for element in ("bf16", "f16"):
        folder = tmp_path_factory.mktemp(element)
        model = folder / "halves.mlir"
        model.write_text(print_shape(ingot, *Sizes(layers=2, context=256, rows=160, wanted=160, format=element).options()))
        executables[element] = Executable(ingot, driver, folder, model, check=element == "bf16")
    return executables


PROMPT = [(17 * index + 5) % 60 for index in range(150)]


def home(folder):
    """What has algorithms remembered in `folder`."""
    return {"XDG_CACHE_HOME": str(folder)}


@pytest.mark.parametrize("element, bound", [("bf16", 3e-2), ("f16", 1e-2)])
def test_products_of_the_library(ingot, halves, element, bound, tmp_path):
    """Near the CPU's exact path; by the algorithm that is tried out, and by the one that the library suggests."""
    executable = halves[element]
    exact = ingot.logits(executable.cpu, PROMPT)
    executable.environment |= home(tmp_path)
    logits = executable.logits(PROMPT, tmp_path, "--chunk", 75, check=int(element == "bf16"), seed=3)
    print(f"{element}: {np.abs(logits - exact).max() / np.abs(exact).max():.1e} of the largest logit")
    assert_close(logits, exact, bound=bound)
    # Three algorithms add in one or the other order; the bits of the first two are alike.
    assert np.array_equal(executable.logits(PROMPT, tmp_path, "--chunk", 75, "--autotune", "off"), logits)


def test_algorithms_are_remembered(halves, tmp_path):
    executable, tokens = halves["bf16"], PROMPT[:80]
    executable.environment |= home(tmp_path / "a" / "b")
    file = tmp_path / "a" / "b" / "ingot" / "cublaslt"
    expected = executable.logits(tokens, tmp_path)
    lines = file.read_text().splitlines()
    # A line for each product, whose layers share it.
    assert len(lines) == 4 and all(line.startswith("130100 Ingot's fake device 8.0 bf16 ") for line in lines)
    # While algorithms were tried, products ran more often; from now on each once, of which one layer's are all but two.
    executable.logits(tokens, tmp_path, lt_fail=20)
    assert file.read_text().splitlines() == lines
    # Another version chooses anew, and what makes no sense is passed over.
    damaged = [lines[0].replace("store", "stare"), "\t\t", "no line", lines[1][:-1]]
    file.write_text("\n".join([*damaged, *lines[2:], ""]))
    assert np.array_equal(executable.logits(tokens, tmp_path), expected)
    assert file.read_text().splitlines() == [*damaged, *lines[2:], *lines[:2]]
    executable.logits(tokens, tmp_path, lt_version=130200)
    assert "\n130200 Ingot's" in file.read_text()
    # Nothing can be written, or nothing is tried.
    for folder in ("/proc", "relative"):
        executable.environment |= home(folder)
        assert np.array_equal(executable.logits(tokens, tmp_path), expected)
    executable.environment |= home(tmp_path / "off")
    executable.logits(tokens, tmp_path, "--autotune", "off")
    assert not (tmp_path / "off").exists()


def test_faults_of_the_library(ingot, driver, halves, tmp_path):
    executable = halves["bf16"]
    executable.environment |= home(tmp_path)
    command = ["logits", "--tokens", ",".join(["1"] * 80), "-o", tmp_path / "logits.npy"]
    line = executable.fails(*command, "--autotune", "off", lt_fail=2)
    assert re.search(r"kernel library_matmul_\w+_bf16_add.rows_65_to_160, launch \d+ of \d+ of forward.rows_65_to_160, failed "
                     "on .*: CUBLAS_STATUS_EXECUTION_FAILED", line)
    finished = executable.run(*command, "--autotune", "maybe", succeeds=False)
    assert finished.status == 2 and "--autotune: 'maybe' is neither on nor off" in finished.error

    alone = tmp_path / "driver"
    alone.mkdir()
    (alone / "libcuda.so.1").symlink_to(pathlib.Path(driver) / "libcuda.so.1")
    # In case that this machine has the library.
    for version in (12, 13):
        (alone / f"libcublasLt.so.{version}").write_text("no library")
    without = {**executable.environment, "LD_LIBRARY_PATH": str(alone)}
    finished = run([executable.gpu, *command], check=False, env=without)
    assert finished.status == 1 and finished.error.count("\n") == 1, finished
    assert "libcublasLt.so.13" in finished.error and "or compile the model with --gemm=own" in finished.error
    # Steps of at most 64 rows, and kernels of ours, need the driver alone.
    decoding = tmp_path / "decoding.mlir"
    decoding.write_text(print_shape(ingot, *Sizes(rows=64, context=64, format="bf16").options()))
    for program, options in ((decoding, []), (executable.model, ["--gemm=own"])):
        gpu = ingot.compile(program, "--target=cuda", f"--nvcc={without_device_code(tmp_path)}", *options)
        source, module = tmp_path / "own.cu", tmp_path / "own.so"
        run([ingot.compiler, program, "--target=cuda", *options, "--compile-to=codegen", "-o", source])
        shim_compiler.compile_module(source, module, driver)
        if program == decoding:
            run_step(gpu, np.arange(20), env={**without, "INGOT_FAKE_CUDA_MODULE": str(module)})
        else:
            run([gpu, *command], env={**without, "INGOT_FAKE_CUDA_MODULE": str(module)})


def test_bench_and_info(tensors):
    bench = json.loads(tensors.run("bench", "-p", 20, "-n", 4, "-r", 2).out)
    assert bench["variant"] == "cuda" and bench["compute_capability"] == "8.0" and "threads" not in bench
    assert bench["prefill_tokens_per_second"] > 0 and len(bench["decode_tokens_per_second_each"]) == 2
    assert bench["decode_launches_per_layer"] == 6
    assert bench["read_ceiling_bytes_per_second"] > 0 and len(bench["decode_percent_of_read_ceiling_each"]) == 2
    assert bench["host_to_device_bytes_per_second"] > 0 and bench["device_to_host_bytes_per_second"] > 0
    assert bench["device_memory_bytes_since_start"] == 0 and "nanoseconds_per_barrier" not in bench
    info = json.loads(tensors.run("info", "--json").out)
    arenas = sum(arena["bytes"] for arena in info["memory"]["arenas"])
    assert arenas <= bench["device_memory_bytes"] < arenas + 65536
    assert info["entries"][0]["variants"][0]["runs_here"] and info["machine"]["device"] == "Ingot's fake device"
    elsewhere = json.loads(run([tensors.gpu, "info", "--json"]).out)
    assert not elsewhere["entries"][0]["variants"][0]["runs_here"] and "libcuda.so.1" in elsewhere["machine"]["missing"]
    components = {licence["component"] for licence in info["report"]["licences"]}
    assert not any("glibc" in component for component in components)


def test_what_nvcc_is_told(tensors):
    """Machine code of each architecture, and PTX for those between and after them."""
    told = (tensors.source.parent / "nvcc.log").read_text()
    codes = re.findall(r"-gencode=arch=compute_(\w+),code=(\w+)", told)
    each = [("80", "compute_80"), ("80", "sm_80"), ("90a", "sm_90a"), ("120", "sm_120")]
    assert codes == each * 2 and told.count("-DINGOT_CUDA_LOOP") == 1, told  # The token loop is an image of its own.


def test_needs_the_c_library_alone(texts):
    """Of any distribution since 2021: glibc 2.34 made one library of those for threads and for opening others."""
    dynamic = run([needs_tool("readelf"), "-d", "--dyn-syms", "-W", texts.gpu]).out.decode()
    assert set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)) == {"libc.so.6", "libm.so.6"}
    versions = {tuple(map(int, version.split("."))) for version in re.findall(r"@GLIBC_([\d.]+)", dynamic)}
    assert (2, 34) in versions and max(versions) == (2, 34), sorted(versions)
    assert "GLIBC_PRIVATE" not in dynamic
    # Functions that the driver's libraries would find here instead of their own.
    assert not re.findall(r"FUNC\s+GLOBAL\s+DEFAULT\s+\d+ (?!main\b)\S+", dynamic)


def test_faults_of_the_machine(driver, texts, tensors, tmp_path):
    command = ["logits", "--tokens", "1", "-o", tmp_path / "logits.npy"]
    finished = run([texts.gpu, *command], check=False)
    assert finished.status == 1 and finished.error.count("\n") == 1
    assert "no driver for an NVIDIA GPU found: libcuda.so.1" in finished.error and "8.0 or newer" in finished.error
    assert "CUDA_ERROR_NO_DEVICE" in texts.fails(*command, devices=0)
    assert "--device 3: the driver sees 1 GPU(s)" in texts.fails(*command, "--device", 3)
    line = texts.fails(*command, capability=75)
    assert "compute capability 7.5" in line and "8.0 or newer" in line

    needed = json.loads(texts.run("bench", "-p", 0, "-n", 1, "-r", 1).out)["device_memory_bytes"]
    texts.run(*command, memory=needed)
    line = texts.fails(*command, memory=needed - 1)
    assert f"needs {needed} bytes" in line and f"{needed - 1} are free" in line

    assert "forward.rows_1" in texts.fails(*command, fail_launch=3)
    line = texts.fails(*command, "--launch", "one-by-one", fail_launch=3)
    assert re.search(r"kernel \w+_rows_1, launch 3 of \d+ of forward.rows_1, failed on .*: CUDA_ERROR_LAUNCH_FAILED", line)

    moved = tmp_path / "moved"
    moved.write_bytes(tensors.gpu.read_bytes())
    moved.chmod(0o755)
    finished = run([moved, *command], check=False, env=tensors.environment)
    assert finished.status == 1 and ".weights" in finished.error and finished.error.count("\n") == 1, finished
    finished = texts.run(*command, "--launch", "never", succeeds=False)
    assert finished.status == 2 and "'never'" in finished.error
    finished = texts.run(*command, "--threads", 2, succeeds=False)
    assert finished.status == 2 and "--threads" in finished.error


def test_faults_of_the_compilation(ingot, tmp_path):
    """One line, exit 1, and no file."""
    failing = tmp_path / "failing"
    failing.write_text("#!/bin/sh\necho 'model.cu(7): error: no such thing'\necho second\nexit 3\n")
    failing.chmod(0o755)
    without = {**os.environ, "PATH": "", "CUDA_HOME": str(tmp_path)}
    for options, environment, text in [
            ([], without, f"there is none in PATH and in {tmp_path}/bin; install it"),
            ([f"--nvcc={tmp_path / 'absent'}"], None, "absent: no such program"),
            ([f"--nvcc={failing}"], None, "failing: cannot compile the kernels, model.cu(7): error: no such thing"),
            (["--sm=75"], None, "--sm=75: expected some of 80,86,89,90,90a,100,120, each at most once"),
            (["--sm=80,80"], None, "--sm=80,80: expected some of"),
            (["--sm=90a,"], None, "--sm=90a,: expected some of"),
            (["--target=cpu", "--sm=80"], None, "--sm=80 is about --target=cuda"),
            (["--target=cpu", "--nvcc=nvcc"], None, "--nvcc=nvcc is about --target=cuda")]:
        out = tmp_path / "out"
        finished = run([ingot.compiler, tiny_path(TEXT), "--target=cuda", *options, "-o", out], check=False, env=environment)
        assert finished.status == 1 and finished.error.count("\n") == 1 and text in finished.error, (options, finished)
        assert not list(tmp_path.glob("*out*")), options


@pytest.mark.full
def test_same_bytes_from_a_dump(ingot, texts, tmp_path):
    run([ingot.compiler, texts.model, "--target=cuda", "--compile-to=plan", "-o", tmp_path / "plan.mlir"])
    run([ingot.compiler, tmp_path / "plan.mlir", "--compile-from=plan", f"--nvcc={nvcc.require()}", "-o", tmp_path / "resumed"])
    assert (tmp_path / "resumed").read_bytes() == texts.gpu.read_bytes()


@pytest.mark.full
def test_smollm2(ingot, driver, smollm2, smollm2_reference, tmp_path):
    """And what it costs: at most 90 s of nvcc on two cores, 12 MB beyond the weights."""
    out, weights = tmp_path / "smollm2", tmp_path / "smollm2.weights"
    finished = run([ingot.compiler, smollm2, "--target=cuda", "--weights=external", f"--nvcc={nvcc.require()}", "-o", out])
    print(f"{finished.seconds:.1f} s, {out.stat().st_size} bytes beside {weights.stat().st_size}")
    assert finished.seconds <= 90 and out.stat().st_size <= 12_000_000
    source, module = tmp_path / "smollm2.cu", tmp_path / "smollm2.so"
    run([ingot.compiler, smollm2, "--target=cuda", "--weights=external", "--compile-to=codegen", "-o", source])
    shim_compiler.compile_module(source, module, driver)
    tokens = smollm2_reference["prompts"]["5"]["tokens"]
    run([out, "logits", "--tokens", ",".join(map(str, tokens)), "-o", tmp_path / "logits.npy"],
        env={**os.environ, "LD_LIBRARY_PATH": str(driver), "INGOT_FAKE_CUDA_MODULE": str(module)})
    exact = ingot.logits(ingot.compile(smollm2, EXACT), tokens)
    assert_close(np.load(tmp_path / "logits.npy"), exact, bound=BOUND)

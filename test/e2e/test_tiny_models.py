"""Tiny random models of odd shapes against transformers' float32 logits, on several instruction sets."""
import re

import numpy as np
import pytest

from conftest import (CPU_FLAGS, EXACT, TINY, assert_close, assert_greedy, needs_cpu, run, tiny_path, tiny_reference)
from programs import info


def exact(ingot, name, cpu):
    needs_cpu(cpu)
    return ingot.compile(tiny_path(name), EXACT, f"--mcpu={cpu}")


@pytest.mark.parametrize("cpu", CPU_FLAGS)
@pytest.mark.parametrize("name", TINY)
def test_exact_logits(ingot, name, cpu):
    reference = tiny_reference(name)
    logits = ingot.logits(exact(ingot, name, cpu), reference["prompt"])
    assert_close(logits[::reference["stride"]], reference["logits"])


@pytest.mark.parametrize("name", TINY)
def test_exact_greedy_tokens(ingot, name):
    reference = tiny_reference(name)
    continuation = reference["greedy"]
    tokens = reference["prompt"] + continuation["tokens"][:-1]
    logits = ingot.logits(exact(ingot, name, "native"), tokens)
    assert assert_greedy(logits[len(reference["prompt"]) - 1:], continuation) > 0


@pytest.mark.parametrize("cpu", CPU_FLAGS)
@pytest.mark.parametrize("name", TINY)
def test_chunks_give_the_same_bits(ingot, name, cpu):
    executable, prompt = exact(ingot, name, cpu), tiny_reference(name)["prompt"]
    whole = ingot.logits(executable, prompt)
    for chunk in (7, 1):
        assert np.array_equal(ingot.logits(executable, prompt, chunk=chunk), whole), f"other bits in chunks of {chunk}"


@pytest.mark.parametrize("options", [(EXACT,), ()], ids=["exact", "default"])
@pytest.mark.parametrize("name", TINY)
def test_workers_give_the_same_bits(ingot, name, options):
    executable, prompt = ingot.compile(tiny_path(name), *options, "--mcpu=native"), tiny_reference(name)["prompt"]
    for chunk in (None, 1):
        one = ingot.logits(executable, prompt, threads=1, chunk=chunk)
        for threads in (2, 3):
            assert np.array_equal(one, ingot.logits(executable, prompt, threads=threads, chunk=chunk)), \
                f"{threads} workers give other bits than one (chunk {chunk})"


@pytest.mark.parametrize("name", TINY)
def test_default_path_stays_near(ingot, name):
    """Random models magnify rounding, more with each layer: the bound catches what is wrong, not what is imprecise.
    llama.cpp, which quantises activations too, differs by 0.02 to 0.03, and by 0.06 on nine layers."""
    reference = tiny_reference(name)
    logits = ingot.logits(ingot.compile(tiny_path(name), "--mcpu=native"), reference["prompt"])[::reference["stride"]]
    error = np.sqrt(np.mean((logits - reference["logits"]) ** 2) / np.mean(reference["logits"] ** 2))
    bound = 0.04 + 0.01 * reference["layers"]
    assert error <= bound, f"relative error {error:.3f}, allowed is {bound:.2f}"


def test_sliding_window(ingot):
    """A text several times as long as the ring of pages that a window has; 8-bit keys and values stay near."""
    reference = tiny_reference("sliding_window_q8_0")
    executable = ingot.compile(tiny_path("sliding_window_q8_0"), EXACT, "--kv=q8_0", "--mcpu=native")
    logits = ingot.logits(executable, reference["prompt"])
    assert_close(logits[::reference["stride"]], reference["logits"], bound=0.05)
    assert np.array_equal(ingot.logits(executable, reference["prompt"], chunk=1), logits)
    group, = info(executable)["cache_groups"]
    assert (group["window"], group["page_rows"], group["pages"]) == (100, 64, 10)
    assert len(reference["prompt"]) > 3 * 640
    everything = tiny_without_window(ingot, reference["prompt"])
    assert np.abs(everything[::reference["stride"]] - reference["logits"]).max() > 0.1 * reference["largest"], \
        "the window hardly matters"


def tiny_without_window(ingot, prompt):
    """The logits of the same weights where every row sees all before it."""
    source, plain = ingot.folder / "with_window.mlir", ingot.folder / "without_window.mlir"
    run([ingot.compiler, tiny_path("sliding_window_q8_0"), EXACT, "--mcpu=native", "--compile-to=import", "-o", source])
    text, groups = re.subn(r'pages = \d+ : i64, ring = \d+ : i64, window = \d+ : i64', "pages = 36 : i64", source.read_text())
    text, layers = re.subn(r", window = \d+ : i64", "", text)
    assert (groups, layers) == (1, 2)
    plain.write_text(text)
    out = ingot.folder / "without_window"
    run([ingot.compiler, plain, "--compile-from=import", "-o", out])
    return ingot.logits(out, prompt)


@pytest.mark.parametrize("name", ["wide_heads_f32", "three_kv_heads_q4_1"])
def test_run_equals_logits(ingot, name, tmp_path):
    """`run` is the same computation by named tensors."""
    executable, prompt = exact(ingot, name, "native"), tiny_reference(name)["prompt"]
    np.save(tmp_path / "tokens.npy", np.array(prompt, np.int32))
    np.save(tmp_path / "positions.npy", np.arange(len(prompt), dtype=np.int32))
    run([executable, "run", "--input", f"tokens={tmp_path}/tokens.npy", "--input", f"positions={tmp_path}/positions.npy",
         "--output", f"logits={tmp_path}/logits.npy"])
    logits = np.load(tmp_path / "logits.npy")
    assert_close(logits.reshape(len(prompt), -1), ingot.logits(executable, prompt), bound=1e-6)


def test_no_tokenizer(ingot):
    """A model without tokenizer compiles; its text commands answer with one error line."""
    executable = ingot.compile(tiny_path("wide_heads_f32"), EXACT, "--mcpu=native")
    for command in (["-p", "a"], ["tokenize", "a"]):
        finished = run([executable, *command], check=False)
        assert finished.status == 1 and finished.error.count("\n") == 1 and "tokenizer" in finished.error, finished


def test_context_exceeded(ingot):
    """One clean error, no output, when more tokens come than the context holds."""
    executable = ingot.compile(tiny_path("wide_heads_f32"), "--context=64", "--mcpu=native")
    finished = run([executable, "logits", "--tokens", ",".join(["1"] * 65), "-o", "/dev/null"], check=False)
    assert finished.status == 1 and finished.error.count("\n") == 1 and "64" in finished.error, finished
    ingot.logits(executable, [1] * 64)


def test_byte_tokenizer_speaks(ingot):
    """Prompt to text through the small byte-level tokenizer: two runs say the same."""
    executable = ingot.compile(tiny_path("byte_tokenizer_q8_0"), EXACT, "--mcpu=native")
    command = [executable, "-p", "the thing and the other", "-n", 16, "--temperature", 0, "--ignore-eos"]
    first = run(command)
    assert len(first.out) > 0 and first.out == run(command).out

"""Tokens drawn on the device, from the emitted text of a model: the ones that llama.cpp's rules give, as numpy does them."""
import ctypes
import os
import pathlib
import subprocess

import numpy as np
import pytest

from fake_cuda import CudaError, driver, in_child  # noqa: F401 (driver is a fixture)
import compile_for_host as shim_compiler

VOCABULARY, PARTS = 9000, 3
SHAPE = (f"--layers=1 --width=32 --hidden=32 --heads=1 --key-value-heads=1 --head-dim=32 --vocabulary={VOCABULARY} "
         "--context=64 --rows=16 --format=f16").split()
OPTIONS = np.dtype([("temperature", "f8"), ("top_p", "f8"), ("min_p", "f8"), ("repeat_penalty", "f8"), ("seed", "u8"),
                    ("position", "u8"), ("accepted", "u8"), ("top_k", "u4"), ("remaining", "u4"), ("produced", "u4"),
                    ("going", "u4"), ("recent", "i4", 64)])


@pytest.fixture(scope="module")
def module(driver, tmp_path_factory):  # noqa: F811
    """What never changes of a text, and its functions for sampling, every access checked."""
    folder = tmp_path_factory.mktemp("sampling")
    ingotc = pathlib.Path(os.environ.get("INGOTC", "build/bin/ingotc")).resolve()
    model, source = folder / "model.mlir", folder / "model.cu"
    model.write_bytes(subprocess.run([ingotc.parent / "ingot-shape", *SHAPE], check=True, capture_output=True).stdout)
    subprocess.run([ingotc, model, "--target=cuda", "--compile-to=codegen", "-o", source], check=True)
    text = source.read_text()
    begin = {title: text.index("//===" + "-" * 70 + f"===//\n// {title}\n") for title in ("The token loop", "Sampling", "Steps")}
    source.write_text(text[:begin["The token loop"]] + text[begin["Sampling"]:begin["Steps"]])
    made = folder / "sampling.so"
    shim_compiler.compile_module(source, made, driver, check=True)
    return made


def philox(counter, key):
    """Salmon et al., "Parallel random numbers: as easy as 1, 2, 3": Philox4x32-10."""
    counter, key = [counter & 0xffffffff, counter >> 32, 0, 0], [key & 0xffffffff, key >> 32]
    for _ in range(10):
        first, second = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [second >> 32 ^ counter[1] ^ key[0], second & 0xffffffff, first >> 32 ^ counter[3] ^ key[1],
                   first & 0xffffffff]
        key = [(key[0] + 0x9E3779B9) & 0xffffffff, (key[1] + 0xBB67AE85) & 0xffffffff]
    return counter


def expected(logits, options):
    """The token, and how far the draw was from another one, as a part of the mass."""
    logits = logits.astype(np.float32).copy()
    recent = options["recent"][:min(int(options["accepted"]), 64)]
    for token in np.unique(recent):
        logit, penalty = float(logits[token]), float(options["repeat_penalty"])
        logits[token] = logit * penalty if logit <= 0 else logit / penalty
    order = np.lexsort((np.arange(len(logits)), -logits.astype(np.float64)))
    if options["temperature"] == 0:
        return order[0], 1.0
    order = order[:options["top_k"]]
    distance = logits[order].astype(np.float64) - np.float64(logits[order[0]])
    mass = np.exp(distance)
    kept = len(order)
    likely = np.flatnonzero(mass[1:] < options["min_p"])
    kept = min(kept, likely[0] + 1) if len(likely) else kept
    if options["top_p"] < 1:
        kept = min(kept, int(np.searchsorted(np.cumsum(mass), options["top_p"] * mass.sum())) + 1)
    sums = np.cumsum(np.exp(distance[:kept] / options["temperature"]))
    words = philox(int(options["position"]), int(options["seed"]))
    drawn = (words[0] << 32 | words[1]) / 2**64 * sums[-1]
    return order[np.searchsorted(sums, drawn, side="right")], np.abs(sums - drawn).min() / sums[-1]


def draw(cuda, module, cases):  # noqa: F811
    """(token written for the host, state afterwards, next step's token and position) of each case."""
    loaded = cuda.module(module)
    find, choose = (cuda.function(loaded, name) for name in ("ingot_find_candidates", "ingot_choose_token"))
    results = []
    for logits, options, end, stopped in cases:
        ends = np.zeros((VOCABULARY + 31) // 32, np.uint32)
        if end is not None:
            ends[end // 32] |= np.uint32(1 << end % 32)
        pinned = cuda.made("cuMemHostAlloc", 64, 0)
        host = np.ctypeslib.as_array(ctypes.cast(pinned, ctypes.POINTER(ctypes.c_int32)), (16,))
        host[:] = [stopped, *[-7] * 15]
        state, lists = cuda.upload(options.reshape(1)), cuda.allocate(PARTS * 256 * 8)
        tokens, positions = cuda.upload(np.array([-1], np.int32)), cuda.upload(np.array([-1], np.int32))
        step = np.array([0, tokens, positions, 0, 0, 0, 0], np.uint64).tobytes()
        early = cuda.waits(find)
        cuda.launch(find, PARTS, 256, state, cuda.upload(logits), lists, early=early)
        cuda.launch(choose, 1, 256, step, state, lists, cuda.upload(ends), pinned.value + 4, pinned.value, early=early)
        cuda.cuCtxSynchronize()
        results.append((int(host[1 + options["produced"]]), cuda.download(state, 1, OPTIONS)[0],
                        int(cuda.download(tokens, 1, np.int32)[0]), int(cuda.download(positions, 1, np.int32)[0])))
    return results


def run(driver, module, cases):  # noqa: F811
    result, messages = in_child(draw, driver, module, cases, check=1, seed=3, capability=90)
    assert not isinstance(result, CudaError), f"{result}\n{messages}"
    assert messages == ""
    return result


def options(**values):
    made = np.zeros((), OPTIONS)
    defaults = {"temperature": 0.8, "top_p": 0.95, "min_p": 0.05, "repeat_penalty": 1, "top_k": 40, "remaining": 5}
    for name, value in {**defaults, **values}.items():
        made[name] = value
    return made


def test_draws(driver, module):  # noqa: F811
    random = np.random.default_rng(11)
    cases = []
    for index, values in enumerate([{}, {"temperature": 0}, {"top_k": 256, "temperature": 3, "min_p": 0, "top_p": 1},
                                    {"top_k": 1}, {"top_k": 255, "min_p": 0}, {"min_p": 0, "top_p": 0.4},
                                    {"top_p": 1, "min_p": 0.3}, {"temperature": 0.05}] * 2):
        logits = (random.standard_normal(VOCABULARY) * (1 + index % 3)).astype(np.float32)
        recent = random.integers(0, VOCABULARY, 64)
        best = np.argsort(-logits)[:20]
        recent[:20] = best
        cases.append((logits, options(seed=random.integers(0, 2**63), position=random.integers(0, 2**40), recent=recent,
                                      accepted=[0, 20, 64, 1000][index % 4], repeat_penalty=1 + 0.2 * (index % 3),
                                      produced=index % 8, **values), None, 0))
    for (logits, given, _, _), (token, state, next_token, position) in zip(cases, run(driver, module, cases)):
        right, margin = expected(logits, given)
        assert margin > 1e-9 and token == right
        assert (next_token, position) == (token, given["position"].astype(np.int32))
        assert state["going"] == 1 and state["remaining"] == 4 and state["produced"] == given["produced"] + 1
        assert state["position"] == given["position"] + 1 and state["accepted"] == given["accepted"] + 1
        assert state["recent"][given["accepted"] % 64] == token


def test_ties_and_what_is_no_number(driver, module):  # noqa: F811
    """Of equal logits the first token, in whatever part; a sign of 0 is no difference; what is no number is never drawn."""
    def logits(**at):
        made = np.full(VOCABULARY, -1, np.float32)
        for token, value in at.items():
            made[int(token[1:])] = value
        return made
    greedy, nothing = options(temperature=0), np.full(VOCABULARY, np.nan, np.float32)
    cases = [(logits(t8999=3, t4096=3, t4095=3), 4095), (logits(t5000=0, t700=-0.0), 700), (logits(t700=0, t5000=-0.0), 700),
             (logits(t0=np.nan, t17=2), 17), (logits(t5=np.inf), -1), (nothing, -1), (nothing * 0 - np.inf, -1),
             (np.full(VOCABULARY, -np.inf, np.float32), -1)]
    drawn = run(driver, module, [(each, given, None, 0) for each, _ in cases for given in (greedy, options())])
    for index, (_, right) in enumerate(cases):
        assert drawn[2 * index][0] == right, index
        # Sampled, the ties are as likely as each other.
        assert (drawn[2 * index + 1][0] == -1) == (right == -1), index
        assert (drawn[2 * index][1]["going"] == 0) == (right == -1), index


def test_ends(driver, module):  # noqa: F811
    """An end token, the last that is wanted, a host that has had enough: the step is not given the token."""
    logits = np.zeros(VOCABULARY, np.float32)
    logits[4242] = 9
    greedy = options(temperature=0, position=3)
    cases = [(logits, greedy, 4242, 0), (logits, options(temperature=0, remaining=1), None, 0), (logits, greedy, None, 1)]
    for token, state, next_token, position in run(driver, module, cases):
        assert token == 4242 and state["going"] == 0 and (next_token, position) == (-1, -1)

"""Shapes without files: what a plan promises for them, that every format computes, that large ones are no trouble."""
import json
import os
import re
import shutil

import numpy as np
import pytest

from conftest import EXACT, assert_close, needs_tool, run
from llama import SCORES, Sizes, forward, parameters_of
from plan import arenas_of, most_live_bytes, overlaps, programs_of
from programs import compile_text, lower, print_shape, run_step

SMOLLM2 = dict(width=576, heads=9, key_value_heads=3, head_dim=64, hidden=1536, vocabulary=49152, context=2048, rows=512,
               wanted=16, format="q4_1", kv="f16")

SHAPES = {
    "SmolLM2": Sizes(layers=30, **SMOLLM2),
    "1B": Sizes(layers=16, width=2048, heads=32, key_value_heads=8, head_dim=64, hidden=8192, vocabulary=128256,
                context=4096, rows=512, wanted=16, format="q4_0", kv="f16"),
    "8B": Sizes(layers=32, width=4096, heads=32, key_value_heads=8, head_dim=128, hidden=14336, vocabulary=128256,
                context=4096, rows=512, wanted=16, format="q4_0", kv="f16", separate_head=True),
    "70B": Sizes(layers=80, width=8192, heads=64, key_value_heads=8, head_dim=128, hidden=28672, vocabulary=128256,
                 context=4096, rows=512, wanted=16, format="q4_0", kv="f16", separate_head=True),
    "odd": Sizes(layers=3, width=1000, heads=3, key_value_heads=1, head_dim=72, hidden=777, vocabulary=12345, context=100,
                 rows=37, wanted=37, sequences=3),
}
FORMATS = ["f32", "f16", "bf16", "q4_0", "q4_1", "q5_0", "q5_1", "q8_0", "i4", "q2_k", "q3_k", "q4_k", "q5_k", "q6_k"]


@pytest.mark.parametrize("name", SHAPES)
def test_arena_of_activations(ingot, name, tmp_path):
    """All layers share one arena of at most 1.05 x what is live at once, and nothing that is live shares bytes."""
    text = lower(ingot, print_shape(ingot, *SHAPES[name].options()), "plan", tmp_path, "--mcpu=x86-64-v3")
    programs = programs_of(text)
    assert len(programs) == 3 and all(len(program.launches) > 5 * SHAPES[name].layers for program in programs)
    arena = [size for lifetime, size in arenas_of(text).values() if lifetime == "transient"]
    assert len(arena) == 1
    live = max(most_live_bytes(program) for program in programs)
    print(f"{name}: {arena[0]} bytes, {live} live at once: x {arena[0] / live:.4f}")
    assert arena[0] <= 1.05 * live
    for program in programs:
        assert max(view.offset + view.bytes for view in program.views.values() if view.lifetime == "transient") <= arena[0]
        assert overlaps(program) == []


def kernel_functions(executable):
    """Functions emitted from IR, by the row range in their names. Steps are those that run one program."""
    symbols = run([needs_tool("nm"), executable]).out.decode()
    found = {}
    for name, rows in re.findall(r" [tT] (\S+?)\.(rows_\w+)\.[\w-]+$", symbols, re.MULTILINE):
        if not name.startswith("forward"):
            found.setdefault(rows, set()).add(name)
    return found


def ranges_of(executable):
    """The row ranges of the first entry, as `info --json` prints them"""
    information = json.loads(run([executable, "info", "--json"]).out)
    return information, information["report"]["programs"]


def assert_small_layers(executable):
    information, programs = ranges_of(executable)
    functions = kernel_functions(executable)
    assert len(programs) == len(functions) == 3
    for program in programs:
        print(f"{program['name']}: {program['kernel_bodies']} kernel bodies, a layer has {program['launches_per_layer']} "
              f"launches and {program['barriers_per_layer']} barriers")
        assert program["kernel_bodies"] <= 10
        assert len(functions[program["name"].removeprefix("forward.")]) <= program["kernel_bodies"]
        # Of one row, norms are no launches of their own.
        most = 5 if program["last_row"] == 1 else 7
        assert program["launches_per_layer"] <= most and program["barriers_per_layer"] <= most
        # What a layer costs is what all cost: embedding, turns of the angles, wanted rows, norm and head come on top.
        assert program["launches"] <= most * information["layers"] + 5
        assert program["barriers"] <= most * information["layers"] + 5
    return programs


def test_kernel_bodies_of_smollm2(ingot, smollm2, tmp_path):
    """At most 10 kernel bodies for each instruction set and row range; twice the layers need no more."""
    programs = assert_small_layers(ingot.compile(smollm2))
    sizes = Sizes(layers=60, **SMOLLM2)
    more = assert_small_layers(compile_text(ingot, print_shape(ingot, *sizes.options()), tmp_path))
    for program, other in zip(programs, more):
        assert other["kernel_bodies"] <= program["kernel_bodies"]
        assert other["barriers_per_layer"] == program["barriers_per_layer"]


@pytest.mark.parametrize("name", FORMATS)
def test_seeded_formats(ingot, name, tmp_path):
    """Every format of a shape compiles and computes: the exact path equals numpy, and workers do not change a bit."""
    width = 256 if name.endswith("_k") else 128
    sizes = Sizes(layers=2, width=width, heads=width // 64, head_dim=64, key_value_heads=1, hidden=256, vocabulary=320,
                  format=name)
    program = print_shape(ingot, *sizes.options())
    tokens = np.random.default_rng(1).integers(0, sizes.vocabulary, 41)
    reference = forward(sizes, parameters_of(program), tokens)
    exact = run_step(compile_text(ingot, program, tmp_path, EXACT, name="exact"), tokens)
    assert_close(exact, reference)
    executable = compile_text(ingot, program, tmp_path, name="default")
    for rows in (1, 41):
        logits = run_step(executable, tokens[:rows], threads=1)
        error = np.sqrt(np.mean((logits - reference[:rows]) ** 2) / np.mean(reference[:rows] ** 2))
        assert error <= 0.06, f"relative error {error:.3f} at {rows} rows"
        for threads in (2, 3):
            assert np.array_equal(run_step(executable, tokens[:rows], threads=threads), logits)


def cap_logits(program, cap):
    """The program with cap · tanh(logits / cap) for its logits"""
    columns = re.search(r"%logits = .* to (tensor<\?x\d+xf32>)", program)[1]
    arithmetic = f"""
    %zero = arith.constant 0 : index
    %rows = tensor.dim %logits, %zero : {columns}
    %cap = arith.constant {cap:e} : f32
    %caps = tensor.splat %cap[%rows] : {columns}
    %part = arith.divf %logits, %caps : {columns}
    %bounded = math.tanh %part : {columns}
    %capped = arith.mulf %bounded, %caps : {columns}
    return %capped,"""
    changed, count = re.subn(r"\n *return %logits,", arithmetic, program)
    assert count == 1
    return changed


@pytest.mark.parametrize("name", SCORES)
def test_scores(ingot, name, tmp_path):
    """Soft caps, slopes and both directions of attention, and a soft cap on logits, written as arithmetic: numpy's logits;
    and what comes after a row changes its logits exactly where both directions are seen."""
    sizes = Sizes(head_dim=32, vocabulary=320, context=300, rows=300, wanted=300)
    program = SCORES[name].added_to(print_shape(ingot, *sizes.options()))
    tokens = np.random.default_rng(2).integers(0, sizes.vocabulary, 290)
    reference = forward(sizes, parameters_of(program), tokens, adjustments=SCORES[name])
    assert not np.allclose(reference, forward(sizes, parameters_of(program), tokens), atol=1e-2)
    cap = np.abs(reference).max() / 2
    executable = compile_text(ingot, cap_logits(program, cap), tmp_path, EXACT)
    logits = run_step(executable, tokens)
    assert_close(logits, cap * np.tanh(reference / cap))
    tokens[-1] = (tokens[-1] + 1) % sizes.vocabulary
    changed = (run_step(executable, tokens) != logits).any(axis=1)
    assert changed[-1] and changed[:-1].all() == SCORES[name].bidirectional == changed[:-1].any()


def test_splat(ingot, tmp_path):
    """Equal weights everywhere: all logits of a row are equal, and finite."""
    sizes = Sizes(format="q8_0", hidden=64)
    options = [option for option in sizes.options() if not option.startswith("--seed")]
    executable = compile_text(ingot, print_shape(ingot, *options, "--splat=0.02"), tmp_path, EXACT)
    logits = run_step(executable, np.arange(20))
    assert np.abs(logits).max() > 0 and np.allclose(logits, logits[0, 0], rtol=1e-4)


def test_70b_reaches_the_plan(ingot, tmp_path):
    """In at most 60 s and 1 GiB"""
    source = tmp_path / "model.mlir"
    source.write_text(print_shape(ingot, *SHAPES["70B"].options()))
    finished = run([ingot.compiler, source, "--compile-to=plan", "-o", tmp_path / "plan.mlir"])
    arenas = arenas_of((tmp_path / "plan.mlir").read_text())
    weights = next(size for lifetime, size in arenas.values() if lifetime == "constant")
    print(f"{weights / 2**30:.1f} GiB of weights planned in {finished.seconds:.2f} s and "
          f"{finished.peak_bytes / 2**20:.0f} MiB")
    assert 36e9 < weights < 42e9
    assert finished.seconds <= 60 and finished.peak_bytes <= 2**30


@pytest.mark.full
def test_3_gib(ingot, tmp_path):
    """More than 2 GiB of weights: compiled in 1 GiB and the largest tensor, runs after strip, in an empty root."""
    if shutil.disk_usage(tmp_path).free < 8 * 2**30:
        pytest.skip("needs 8 GiB of disk")
    sizes = Sizes(layers=27, width=3072, heads=24, key_value_heads=8, head_dim=128, hidden=9216, vocabulary=32000,
                  context=512, rows=64, wanted=4, format="q8_0", kv="f16")
    source, out = tmp_path / "model.mlir", tmp_path / "root" / "model"
    out.parent.mkdir()
    source.write_text(print_shape(ingot, *sizes.options()))
    finished = run([ingot.compiler, source, "-o", out], timeout=1200)
    largest = 32000 * 3072 // 32 * 34
    print(f"{out.stat().st_size / 2**30:.2f} GiB in {finished.seconds:.0f} s and {finished.peak_bytes / 2**20:.0f} MiB")
    assert out.stat().st_size > 3e9
    assert finished.peak_bytes <= 2**30 + largest
    tokens = np.arange(5) * 1000
    logits = run_step(out, tokens)
    run([needs_tool("strip"), out])
    assert out.stat().st_size > 3e9
    assert np.array_equal(run_step(out, tokens), logits)
    if os.geteuid() == 0:
        np.save(tmp_path / "root" / "tokens.npy", tokens.astype(np.int32))
        run([needs_tool("chroot"), out.parent, "/model", "run", "--input", "tokens=/tokens.npy", "--output",
             "logits=/logits.npy"])
        assert np.array_equal(np.load(tmp_path / "root" / "logits.npy"), logits)
    shutil.rmtree(tmp_path)

"""What only a program in .mlir says: an epilogue that no pass makes, several sequences in one step."""
import re
from pathlib import Path

import numpy as np
import pytest

from conftest import EXACT, assert_close
from llama import Sizes, forward, parameters_of
from programs import compile_text, info, lower, print_shape, run_step

# Exact, then with quantised weights and activations: those round to 8 bits, and a random model magnifies it.
PATHS = [("f32", EXACT), ("q4_1", EXACT), ("q4_1", "--activations=auto")]


def tokens_of(count, sizes, seed=0):
    return np.random.default_rng(seed).integers(0, sizes.vocabulary, count)


def halved_tanh(value):
    return 0.5 * np.tanh(value)


def assert_near(logits, reference, activations):
    if activations == EXACT:
        assert_close(logits, reference)
        return
    error = np.sqrt(np.mean((logits - reference) ** 2) / np.mean(reference**2))
    print(f"relative error {error:.4f}")
    assert error <= 0.06, f"relative error {error:.3f}"


def add_to_the_model(program, sizes):
    """tanh and x 0.5 on whole tensors after each attention's residual; how a `.mlir` says it that a user writes."""
    kind = f"tensor<?x{sizes.width}xf32>"
    edited, count = re.subn(r"( +)%(blk\.\d+)\.attn_residual = (arith\.addf .*)", rf"""\1%\2.sum = \3
\1%\2.tanh = math.tanh %\2.sum : {kind}
\1%\2.first = arith.constant 0 : index
\1%\2.rows = tensor.dim %\2.tanh, %\2.first : {kind}
\1%\2.scalar = arith.constant 5.0e-01 : f32
\1%\2.half = tensor.splat %\2.scalar[%\2.rows] : {kind}
\1%\2.attn_residual = arith.mulf %\2.tanh, %\2.half : {kind}""", program)
    assert count == sizes.layers
    return edited


def add_to_the_kernels(program, sizes):
    """The same in the epilogue regions of a program at the phase fuse. No pass has seen it."""
    name = rf"kernel\.function @(?:\w+_then_)?matmul_{sizes.width}x{sizes.heads * sizes.head_dim}_\w+_add\."
    edited, count = re.subn(rf"({name}(?:(?!kernel\.yield).)*)kernel\.yield (%\d+) : f32", r"""\1%tanh = math.tanh \2 : f32
      %half = arith.constant 5.0e-01 : f32
      %scaled = arith.mulf %tanh, %half : f32
      kernel.yield %scaled : f32""", program, flags=re.DOTALL)
    assert count == 3, f"{count} functions of the attention's output in three row ranges"
    return edited


@pytest.mark.parametrize("phase", ["model", "fuse"])
@pytest.mark.parametrize("matrices, activations", PATHS)
def test_epilogue_that_no_pass_makes(ingot, matrices, activations, phase, tmp_path):
    sizes = Sizes(format=matrices, hidden=128, kv="f32" if activations == EXACT else "f16")
    program = print_shape(ingot, *sizes.options())
    if phase == "model":
        edited = add_to_the_model(program, sizes)
    else:
        edited = add_to_the_kernels(lower(ingot, program, "fuse", tmp_path, activations), sizes)
    executable = compile_text(ingot, edited, tmp_path, activations, phase=phase)
    parameters = parameters_of(program)
    for rows in (1, 5, 70):
        tokens = tokens_of(rows, sizes)
        reference = forward(sizes, parameters, tokens, after_attention=halved_tanh)
        assert_near(run_step(executable, tokens), reference, activations)
        plain = forward(sizes, parameters, tokens)
        assert np.abs(plain - reference).max() > 0.1 * np.abs(reference).max(), "the epilogue hardly matters"


# Sequences of 3 and of 66 rows, so that one crosses into its second page of 64.
LENGTHS = [66, 3]


def interleave(lengths):
    """(row_sequences, positions) of all sequences in one step, mixed, ascending within each"""
    rows = [(position / length, sequence, position) for sequence, length in enumerate(lengths)
            for position in range(length)]
    rows.sort()
    return np.array([row[1] for row in rows]), np.array([row[2] for row in rows])


@pytest.mark.parametrize("matrices, activations", PATHS)
def test_two_sequences_in_one_step(ingot, matrices, activations, tmp_path):
    """Rows of two sequences, mixed, on shuffled pages: each gets the logits of a run of its own, bit for bit."""
    sizes = Sizes(format=matrices, hidden=128, sequences=2, kv="f32" if activations == EXACT else "f16")
    program = print_shape(ingot, *sizes.options())
    executable = compile_text(ingot, program, tmp_path, activations)
    parameters = parameters_of(program)
    tokens = [tokens_of(length, sizes, seed) for seed, length in enumerate(LENGTHS)]
    row_sequences, positions = interleave(LENGTHS)
    both = np.array([tokens[sequence][position] for sequence, position in zip(row_sequences, positions)])
    pages = [[6, 1, 3, 4], [2, 7, 0, 5]]
    logits = run_step(executable, both, positions, row_sequences, pages)
    for sequence in range(2):
        own = logits[row_sequences == sequence]
        reference = forward(sizes, parameters, tokens[sequence])
        assert_near(own, reference, activations)
        # The same number of rows in the step selects the same code, and its bits depend on nothing else in the batch.
        others = np.concatenate([tokens[sequence], tokens_of(9, sizes, 7)])
        alone = run_step(executable, others)[:len(own)]
        assert np.array_equal(own, alone), "what else is in the step changed the bits"
    swapped = run_step(executable, both, positions, row_sequences, pages[::-1])
    assert np.array_equal(swapped, logits), "which page is whose changed the bits"
    wrong = run_step(executable, both, positions, row_sequences, [pages[0], pages[0]])
    assert not np.array_equal(wrong, logits), "the page tables are not read"


def test_decode_of_two_sequences(ingot, tmp_path):
    """Prompts of different lengths, then a row or more of each sequence; last, a step of a single row of the second one."""
    sizes = Sizes(sequences=2, rows=16, wanted=16)
    program = print_shape(ingot, *sizes.options())
    executable = compile_text(ingot, program, tmp_path, EXACT)
    tokens = [tokens_of(20, sizes, 1), tokens_of(13, sizes, 2)]
    # Steps hold 16 rows: 9 + 7 of the first are prompt, the second takes rows of both in turn, the third holds one.
    rows = [(0, i) for i in range(9)] + [(1, i) for i in range(7)]
    rows += [(sequence, first + i) for i in range(5) for sequence, first in ((1, 7), (0, 9))]
    rows += [(0, i) for i in range(14, 20)] + [(1, 12)]
    row_sequences, positions = np.array(rows).T
    both = [tokens[sequence][position] for sequence, position in rows]
    logits = run_step(executable, both, positions, row_sequences, [[3, 1, 5, 6], [0, 7, 2, 4]])
    parameters = parameters_of(program)
    for sequence in range(2):
        reference = forward(sizes, parameters, tokens[sequence])
        assert_close(logits[row_sequences == sequence], reference)


@pytest.mark.parametrize("cache, bound", [("f32", 1e-4), ("f16", 2e-3), ("q8_0", 0.05)])
@pytest.mark.parametrize("group", [1, 3])
def test_long_context(ingot, cache, bound, group, tmp_path):
    """More keys than attention takes at once: near numpy; the same bits whole, in chunks, one by one, by any workers."""
    sizes = Sizes(layers=2, width=64, heads=2 * group, key_value_heads=2, head_dim=32, hidden=64, context=448, rows=448,
                  wanted=448, kv=cache)
    assert_same_bits(ingot, sizes, 437, bound, ((None, 3), (150, 2), (7, 2), (1, 1), (1, 3)), tmp_path)


@pytest.mark.parametrize("group", [1, 3])
def test_long_context_of_rounded_numbers(ingot, group, tmp_path):
    """The default path, with the cache that this machine's CPU multiplies best: the same bits, however tokens come."""
    cache = "bf16" if "avx512_bf16" in Path("/proc/cpuinfo").read_text() else "f16"
    sizes = Sizes(layers=2, width=64, heads=2 * group, key_value_heads=2, head_dim=32, hidden=64, context=448, rows=448,
                  wanted=448, kv=cache, format="q4_1")
    assert_same_bits(ingot, sizes, 437, 0.2, ((None, 3), (150, 2), (7, 2), (1, 1), (1, 3)), tmp_path, "--activations=auto")


def assert_same_bits(ingot, sizes, count, bound, pieces, folder, activations=EXACT):
    """`count` tokens: near numpy, and the same bits in pieces of as many rows by as many workers."""
    program = print_shape(ingot, *sizes.options())
    executable = compile_text(ingot, program, folder, activations)
    tokens = tokens_of(count, sizes)
    logits = run_step(executable, tokens)
    reference = forward(sizes, parameters_of(program), tokens)
    difference = np.abs(logits - reference).max() / np.abs(reference).max()
    print(f"largest difference {difference:.2e} of the largest logit")
    assert difference <= bound
    for chunk, threads in pieces:
        assert np.array_equal(ingot.logits(executable, tokens, threads=threads, chunk=chunk), logits), \
            f"other bits in chunks of {chunk} by {threads} workers"
    return program, executable


# Windows that end inside of a page, of a block of 16 keys, and in one key; a chunk of attention has 128 keys.
@pytest.mark.parametrize("window, rows, cache, bound", [(200, 60, "f32", 1e-4), (200, 60, "q8_0", 0.05), (64, 41, "f16", 2e-3),
                                                        (1, 20, "f32", 1e-4)])
def test_sliding_window(ingot, window, rows, cache, bound, tmp_path):
    """A layer with a window and one without; the text is several times as long as the ring of pages that a window has."""
    sizes = Sizes(layers=2, width=64, heads=6, key_value_heads=2, head_dim=32, hidden=64, context=900, rows=rows,
                  wanted=rows, kv=cache, window=window, window_pattern=2)
    program, executable = assert_same_bits(ingot, sizes, 887, bound, ((None, 3), (37, 2), (7, 2), (1, 1)), tmp_path)
    ring = -(-(window + rows - 1) // 64)
    assert f'"window_{window}" {{context = 900 : i64, page_rows = 64 : i64, pages = {ring} : i64' in program
    groups = {group["name"]: group for group in info(executable)["cache_groups"]}
    assert groups[f"window_{window}"]["window"] == window and groups[f"window_{window}"]["pages"] == ring
    assert groups["full"]["window"] == 0 and groups["full"]["pages"] == 15


def test_sliding_window_of_two_sequences(ingot, tmp_path):
    """Each cache group has page tables of its own, those of a ring shorter; which page is whose changes no bit."""
    sizes = Sizes(sequences=2, rows=16, wanted=16, window=60, window_pattern=2)
    program = print_shape(ingot, *sizes.options())
    executable = compile_text(ingot, program, tmp_path, EXACT)
    lengths = [220, 151]
    tokens = [tokens_of(length, sizes, seed) for seed, length in enumerate(lengths)]
    row_sequences, positions = interleave(lengths)
    both = np.array([tokens[sequence][position] for sequence, position in zip(row_sequences, positions)])
    # Of four pages that a sequence has in the group without a window, the ring has two; what stands beside them is not read.
    pages = [[[6, 1, 3, 4], [2, 7, 0, 5]], [[2, 0, 99, 99], [3, 1, 99, 99]]]
    logits = run_step(executable, both, positions, row_sequences, pages)
    parameters = parameters_of(program)
    for sequence in range(2):
        assert_close(logits[row_sequences == sequence], forward(sizes, parameters, tokens[sequence]))
    swapped = [pages[0], pages[1][::-1]]
    assert np.array_equal(run_step(executable, both, positions, row_sequences, swapped), logits)
    wrong = [pages[0], [pages[1][0], pages[1][0]]]
    assert not np.array_equal(run_step(executable, both, positions, row_sequences, wrong), logits)
    # A step may not leap over what its first row still looks at, and a table is needed for each group.
    leap = run_step(executable, tokens[0][:2], [0, 150], check=False)
    assert leap.status == 1 and "cache group window_60 no longer holds the window of 60 positions" in leap.error
    assert run_step(executable, tokens[0][:2], page_tables=pages[0], check=False).error.count("for 1 cache groups") == 1

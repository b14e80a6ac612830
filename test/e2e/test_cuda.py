"""The CUDA target without a GPU: emitted text, compiled for the host against test/cuda/shim, runs steps by its own tables."""
import pathlib
import sys

import numpy as np
import pytest

from conftest import EXACT, TINY, assert_close, assert_greedy, run, tiny_path, tiny_reference
from decoder import Decoder
from llama import SCORES, Sizes, forward, parameters_of
from programs import print_shape
from test_heads import FAMILIES
from test_rows import MODELS

CUDA = pathlib.Path(__file__).resolve().parent.parent / "cuda"
sys.path[:0] = [str(CUDA), str(CUDA / "shim")]

import compile_for_host as shim_compiler  # noqa: E402
from emitted import Model  # noqa: E402
from fake_cuda import CudaError, driver, in_child, without_device_code  # noqa: E402, F401 (driver is a fixture)

# Of the largest |logit|, against the CPU's exact path; storage of 16 bits rounds on the way.
BOUND = {"f16": 1e-2, "bf16": 3e-2}
# Rows of steps, in turn; every program runs, the logits of 63 rows in a row are known, and a context of 128 is enough.
CHUNKS = [9, 1, 2, 3, 6, 16, 1, 4, 8, 13, 65]
FEWEST_CHUNKS = [9, 1, 2, 3, 6, 70]
MOST_TOKENS = 170
# Formats of all kinds, rings of pages, sequences of several chunks of keys; the others need --full.
SHORT = ["mixed_k", "rope_linear_bf16", "rope_llama3_f16", "sliding_window_q8_0", "wide_heads_f32"]
CHECKED = "three_kv_heads_q4_1"


class Emitted:
    """The text of one model, and the bytes of its constants. `cuda`: options of the text alone."""

    def __init__(self, ingot, path, folder, *options, cuda=()):
        self.source = folder / "model.cu"
        self.compile_for_cpu = lambda: ingot.compile(path, EXACT, *options)
        gpu = [path, "--target=cuda", "--weights=external", *options, *cuda]
        run([ingot.compiler, *gpu, "--compile-to=codegen", "-o", self.source])
        self.weights = pathlib.Path(f"{ingot.compile(*gpu, f'--nvcc={without_device_code(folder)}')}.weights").read_bytes()

    @property
    def executable(self):
        """The model for the CPU."""
        return self.compile_for_cpu()


def steps(cuda, module, weights, tokens, chunks):
    """In steps of so many rows, logits of as many rows of each as a step may want, the last ones: (rows, logits). And the
    kernels that did not run."""
    model = Model(cuda, module, weights)
    rows, logits, first = [], [], 0
    while first < len(tokens):
        count = min(chunks[len(logits) % len(chunks)], len(tokens) - first)
        wanted = range(max(count - model.tables.wanted_rows, 0), count)
        logits.append(model.step(tokens[first:first + count], first, wanted))
        rows += [first + row for row in wanted]
        first += count
    return rows, np.concatenate(logits), model.kernels() - model.executed


def emulate(driver, module, emitted, tokens, chunks, **environment):
    environment = {"capability": 90, **environment}
    result, messages = in_child(steps, driver, module, emitted.weights, tokens, chunks, **environment)
    assert not isinstance(result, CudaError), f"{result}\n{messages}"
    assert messages == ""
    return result


def options_of(name):
    return ["--kv=f16"] if name == "rope_llama3_f16" else []


def of_full(name):
    """What only --full runs: a model whose formats and shapes others have too."""
    return name if name in SHORT else pytest.param(name, marks=pytest.mark.full)


def check_model(ingot, driver, folder, name, chunks, check):
    """Of rows in steps of all sizes: near the CPU's exact path, greedy tokens as transformers', and every kernel ran."""
    reference = tiny_reference(name)
    emitted = Emitted(ingot, tiny_path(name), folder, *options_of(name))
    module = folder / "module.so"
    shim_compiler.compile_module(emitted.source, module, driver, check)
    known = reference["prompt"] + reference["greedy"]["tokens"][:-1]
    # Short references are read again from the start.
    tokens = (known * 3)[:sum(chunks) if check else min(MOST_TOKENS, max(sum(chunks), len(known)))]
    rows, logits, idle = emulate(driver, module, emitted, tokens, chunks, check=int(check))
    assert idle == set()
    assert_close(logits, ingot.logits(emitted.executable, tokens)[rows], bound=BOUND.get(name.rsplit("_", 1)[-1], 2e-3))
    greedy = range(len(reference["prompt"]) - 1, len(known))
    if set(greedy) <= set(rows):
        assert_greedy(logits[[rows.index(row) for row in greedy]], reference["greedy"], bound=5e-3)
    return emitted, module, tokens, logits


@pytest.mark.parametrize("name", [of_full(name) for name in TINY])
def test_logits(ingot, driver, name, tmp_path):
    check_model(ingot, driver, tmp_path, name, CHUNKS, check=False)


@pytest.mark.parametrize("name", [name if name == CHECKED else pytest.param(name, marks=pytest.mark.full)
                                  for name in TINY])
def test_accesses(ingot, driver, name, tmp_path):
    """Every access checked: no race, nothing out of bounds, nothing read that nobody wrote. And whatever the order of
    blocks and warps, the same bits."""
    emitted, module, tokens, logits = check_model(ingot, driver, tmp_path, name, FEWEST_CHUNKS, check=True)
    _, shuffled, _ = emulate(driver, module, emitted, tokens, FEWEST_CHUNKS, seed=7)
    assert np.array_equal(shuffled, logits)


# First position and rows of each sequence of one step; the others stand in a tile of 64 rows beside them.
SEQUENCES = [(40, 21), (0, 9), (70, 12)]


def step_of_several(cuda, module, weights, tokens, pages):
    """Logits of the last five rows of each sequence: in a step of its own, and all sequences in one step."""
    alone, together = [], Model(cuda, module, weights)
    for (first, rows), own in zip(SEQUENCES, pages):
        model = Model(cuda, module, weights)
        for each in (model, together):
            if first:
                each.step_of([(tokens[:first], 0)], [own], [])
        alone.append(model.step_of([(tokens[first:first + rows], first)], [own], range(rows - 5, rows)))
    ends = np.cumsum([rows for _, rows in SEQUENCES])
    wanted = [row for end in ends for row in range(end - 5, end)]
    return alone, together.step_of([(tokens[first:first + rows], first) for first, rows in SEQUENCES], pages, wanted)


def test_sequences(ingot, driver, tmp_path):
    """Rows of several sequences in one step: the bits of each alone, which are near the CPU's."""
    shape = ("--layers=2 --width=64 --hidden=96 --heads=4 --key-value-heads=2 --head-dim=32 --vocabulary=300 --context=128 "
             "--rows=80 --sequences=3 --wanted=16 --format=q8_0 --kv=f16").split()
    model = tmp_path / "shape.mlir"
    model.write_bytes(run([ingot.compiler.parent / "ingot-shape", *shape]).out)
    emitted = Emitted(ingot, model, tmp_path)
    module = tmp_path / "module.so"
    shim_compiler.compile_module(emitted.source, module, driver, check=True)
    tokens = [(17 * index + 5) % 300 for index in range(128)]
    result, messages = in_child(step_of_several, driver, module, emitted.weights, tokens, [[4, 1], [0, 2], [3, 5]], check=1)
    assert not isinstance(result, CudaError), f"{result}\n{messages}"
    alone, together = result
    assert np.array_equal(np.concatenate(alone), together)
    exact = ingot.logits(emitted.executable, tokens)
    for (first, rows), logits in zip(SEQUENCES, alone):
        assert_close(logits, exact[first + rows - 5:first + rows], bound=2e-3)


def steps_of_sequences(cuda, module, weights, sequences):
    """Logits of all rows of each sequence, in a step of its own, and of all in one step."""
    alone = [Model(cuda, module, weights).step_of([(tokens, 0)], [[1, 0]], range(len(tokens))) for tokens in sequences]
    rows = sum(len(tokens) for tokens in sequences)
    pages = np.arange(2 * len(sequences)).reshape(len(sequences), 2)[:, ::-1]
    return alone, Model(cuda, module, weights).step_of([(tokens, 0) for tokens in sequences], pages.tolist(), range(rows))


def scores_model(ingot, driver, folder, name, **sizes):
    sizes = Sizes(head_dim=32, vocabulary=300, format="q8_0", kv="f16", **sizes)
    program = SCORES[name].added_to(print_shape(ingot, *sizes.options()))
    model, module = folder / "scores.mlir", folder / "scores.so"
    model.write_text(program)
    emitted = Emitted(ingot, model, folder)
    shim_compiler.compile_module(emitted.source, module, driver, check=True)
    return emitted, module, lambda tokens: forward(sizes, parameters_of(program), tokens, adjustments=SCORES[name])


@pytest.mark.parametrize("name", [name if name == "both" else pytest.param(name, marks=pytest.mark.full)
                                  for name in ("softcap", "alibi", "both")])
def test_scores(ingot, driver, name, tmp_path):
    """What becomes of scores before the softmax, in steps of all sizes."""
    emitted, module, reference = scores_model(ingot, driver, tmp_path, name, context=300)
    tokens = [(17 * index + 5) % 300 for index in range(170)]
    rows, logits, _ = emulate(driver, module, emitted, tokens, [9, 1, 70, 3, 1], check=1)
    assert_close(logits, reference(tokens)[rows])


@pytest.mark.parametrize("sequences", [1, 3])
def test_both_directions(ingot, driver, sequences, tmp_path):
    """A row sees all rows of its sequence, whatever stands beside it in the step."""
    emitted, module, reference = scores_model(ingot, driver, tmp_path, "all", context=128, rows=99, wanted=99,
                                              sequences=sequences)
    texts = [[(17 * index + length) % 300 for index in range(length)] for length in (7, 1, 91)[-sequences:]]
    result, messages = in_child(steps_of_sequences, driver, module, emitted.weights, texts, check=1)
    assert not isinstance(result, CudaError), f"{result}\n{messages}"
    alone, together = result
    for text, logits, beside in zip(texts, alone, np.split(together, np.cumsum([len(text) for text in texts])[:-1])):
        assert_close(logits, reference(text))
        assert_close(beside, reference(text))


def check_decoder(ingot, driver, decoder, logits, matrices, check, folder):
    """In steps of all sizes numpy's logits, and every kernel runs."""
    model, module = folder / "model.mlir", folder / "model.so"
    model.write_text(decoder.text(logits))
    emitted = Emitted(ingot, model, folder, "--compile-from=import", "--kv=f32")
    shim_compiler.compile_module(emitted.source, module, driver, check)
    tokens = [(17 * index + 5) % 256 for index in range(104)]
    rows, found, idle = emulate(driver, module, emitted, tokens, [9, 1, 70, 3, 2, 5, 14], check=int(check))
    assert idle == set()
    assert_close(found, logits.compute(tokens)[rows], bound=BOUND.get(matrices, 2e-3))


@pytest.mark.parametrize("name, matrices, check", [("sequential", "bf16", False), ("parallel", "q8_0", False),
                                                   *[pytest.param(name, "f32", True, marks=pytest.mark.full) for name in MODELS]])
def test_rows(ingot, driver, name, matrices, check, tmp_path):
    """Norms, biases, activations, positions and residuals of families."""
    decoder = Decoder(format=matrices, vectors="bf16")
    check_decoder(ingot, driver, decoder, MODELS[name](decoder), matrices, check, tmp_path)


@pytest.mark.parametrize("name, matrices", [("gpt_neox", "bf16"), ("bloom", "q8_0")] + [
    pytest.param(name, "bf16", marks=pytest.mark.full) for name in ("gptj", "olmo", "qwen3", "olmo2", "cohere", "gemma3")])
def test_heads(ingot, driver, name, matrices, tmp_path):
    """Queries, keys and values of families: rotated in part or not at all, with biases, clipped, normalised."""
    decoder = Decoder(format=matrices, vectors="bf16")
    check_decoder(ingot, driver, decoder, FAMILIES[name].logits(decoder), matrices, False, tmp_path)


def same_whatever_the_batch(cuda, module, weights, tokens):
    """The logits of one sequence's last rows: alone, token by token, in batches of 2, 3 and 9, and beside the prefill of
    another; of steps of 13 rows and then of single ones."""
    length, known = 18, 13
    model = Model(cuda, module, weights)
    pages = [[index, 9 + index] for index in range(9)]

    def decode(others, chunks):
        """Beside `others`, each (its sequence, tokens, first position); the first `known` tokens in such chunks."""
        logits, position = [], 0
        for count in [*chunks, *[1] * (length - known)]:
            sequences = [(tokens[position:position + count], position)] + [other[1:] for other in others]
            rows = [count - 1] + [count - 1 + sum(len(other[1]) for other in others[:index + 1]) for index in range(len(others))]
            step = model.step_of(sequences, [pages[0]] + [pages[other[0]] for other in others], rows)
            position += count
            if position >= known:
                logits.append(step[0])
        return np.array(logits)

    expected = decode([], [known])
    others = [(index, [5 * index], 0) for index in range(1, 9)]
    runs = {"token by token": decode([], [1] * known), "in two steps": decode([], [4, 9])}
    for batch in (2, 3, 9):
        runs[f"one of {batch}"] = decode(others[:batch - 1], [known])
    runs["beside a prefill"] = decode([(4, tokens[40:100], 0)], [known])
    return [name for name, logits in runs.items() if not np.array_equal(logits, expected)]


@pytest.mark.parametrize("options", [["--batch-invariant"], []], ids=["invariant", "otherwise"])
def test_batch_invariant(ingot, driver, options, tmp_path):
    """With the option, the bits of a sequence are the same whatever is beside it. Without it they are not, or nothing
    would be shown."""
    shape = ("--layers=2 --width=64 --hidden=96 --heads=4 --key-value-heads=2 --head-dim=32 --vocabulary=300 --context=128 "
             "--rows=80 --sequences=9 --wanted=16 --format=q4_0 --kv=f16").split()
    model, module = tmp_path / "shape.mlir", tmp_path / "module.so"
    model.write_bytes(run([ingot.compiler.parent / "ingot-shape", *shape]).out)
    emitted = Emitted(ingot, model, tmp_path, cuda=options)
    shim_compiler.compile_module(emitted.source, module, driver)
    tokens = [(17 * index + 5) % 300 for index in range(128)]
    different, messages = in_child(same_whatever_the_batch, driver, module, emitted.weights, tokens)
    assert not isinstance(different, CudaError), f"{different}\n{messages}"
    assert (different == []) == bool(options), different


def test_smollm2(ingot, driver, smollm2, smollm2_reference, tmp_path):
    emitted = Emitted(ingot, smollm2, tmp_path)
    module = tmp_path / "module.so"
    shim_compiler.compile_module(emitted.source, module, driver)
    tokens = smollm2_reference["prompts"]["5"]["tokens"]
    _, logits, _ = emulate(driver, module, emitted, tokens, [4, 1])
    exact = ingot.logits(emitted.executable, tokens)
    assert_close(logits, exact, bound=2e-3)
    assert np.array_equal(logits.argmax(axis=1), exact.argmax(axis=1))

"""Emitted CUDA C++ with one barrier, wait or bound less, or a bound that is off by one: the emulation notices (--full).

A mutation is caught where a launch fails under the checker, or where a logit has other bits, or a token is another."""
import re

import numpy as np
import pytest

from conftest import tiny_path, tiny_reference
from test_cuda import CudaError, Emitted, driver, in_child, shim_compiler, steps  # noqa: F401 (driver is a fixture)
from test_sampling import draw, options

MODEL, VOCABULARY = "three_kv_heads_q4_1", 259
# Every program runs. Steps of many and of few rows end at a position that begins a tile of keys; the last row is the first
# one of the second chunk of keys.
CHUNKS = [65, 16, 2, 6, 4, 4, 31, 1]
# What goes, and what stands there instead.
MUTATIONS = [
    (r"__syncthreads\(\);", ";"),
    (r"__syncwarp\(\);", ";"),
    (r"copyWait<[^>]*>\(\);", ";"),
    (r"(?<=copyWait<)[^>]*(?=>)", r"\g<0> + 1"),
    (r"< (?=(?:rows|columns|count|together|panels|chunks|slabs|dimension)\b)", "<= "),
    (r"<= (?=(?:last|lastKey|lastRow|lastVisible|position|most)\b)", "< "),
    (r">= (?=(?:rows|columns|panels)\b)", "> "),
    (r"> (?=(?:position|lastRow|0;|fewest)\b)", ">= "),
    (r"(?<=lastKey) \+ 1", ""),
    (r"(?<=position) \+ 1(?=\) - )", ""),
]
SKIPPED = re.compile(r"constexpr|static_assert|template|CUDA_VERSION")
# Labels of mutations that change nothing, and why.
EQUIVALENT = {
    "for (int first = 0; first + warp * T::columns <= columns; first += ahead * warpStride) {":
        "strips beyond the last column are left out one by one",
    "if (ofWarp <= columns) {": "what is loaded beyond the last column is not multiplied",
    "for (int first = P::firstColumn(warp * P::warpColumns, lane); first <= columns;":
        "columns beyond the last are left out one by one",
    "if (column <= columns)": "what is loaded beyond the last column is not multiplied",
    "if (r < rows && unit * together <= panels)": "what is done with a sum leaves out columns beyond the last",
    "if (firstRow + warpRow <= rows)": "sums of rows that are not there go nowhere",
    "if (firstPanel + warpPanel + panel > panels)": "what is done with a sum leaves out columns beyond the last",
    "for (int start = 0; start <= count; start += threads / keyLanes) {": "keys beyond the last are left out one by one",
    "if (start <= most && start + tileKeys >= fewest)": "a tile of which a row sees nothing leaves its bits as they are",
    "if (threadIdx.x % keyLanes == 0 && key <= count)": "nobody reads the score behind the last, which has room",
}
# Labels of mutations of what no kernel of this model has, and who has it.
ELSEWHERE = {
    "while (last + 1 <= rows && step.row_sequences[last + 1] == step.row_sequences[row])": "attention in both directions",
    "for (int column = threadIdx.x; column <= columns; column += threads)": "rounding for cuBLASLt",
    "for (int column = thread; column <= columns; column += threads)": "norms that subtract the mean",
    "if constexpr (centered) ... ;": "norms that subtract the mean",
    "return chunk % rowChunks * static_cast<int>(16 / sizeof(Element)) <= columns;": "weights of 16 bits in plain rows",
}
# Labels of mutations that another model would show.
UNSEEN = {
    "if (slab <= slabs)": "no matrix here has 32 columns or fewer",
    "result[(firstHead + q) * resultColumns + index * Shape::valueColumns + c] = sum; ... ;":
        "no more than eight query heads share a key-value head here: the loop runs once",
}


def label(text, number, mutated):
    """The mutated line; of one that is empty now, what stands before it."""
    if mutated.strip() != ";":
        return mutated.strip()
    before = (line.strip() for line in reversed(text.splitlines()[:number]))
    return next(line for line in before if line not in ("", "}")) + " ... ;"


def mutations(text):
    """(line number, line, mutated line). Of lines of the model's kernels that are alike, the last: its step has most rows."""
    lines = text.splitlines()
    kernels = next(number for number, line in enumerate(lines) if line.startswith('extern "C" __global__'))
    last = {line: number for number, line in enumerate(lines) if number > kernels}
    for number, line in enumerate(lines):
        # Bounds of what is unrolled are constants: loops over the elements of an array in registers.
        if SKIPPED.search(line) or lines[number - 1] == "#pragma unroll" or (number > kernels and last[line] != number):
            continue
        for pattern, instead in MUTATIONS:
            for match in re.finditer(pattern, line.split("//")[0]):
                yield number, line, line[:match.start()] + match.expand(instead) + line[match.end():]


def mutate(text, number, line, mutated):
    lines = text.splitlines(keepends=True)
    assert lines[number] == line + "\n"
    lines[number] = mutated + "\n"
    return "".join(lines)


def draws():
    """Logits and options of the text's sampler: penalties, all candidates that there can be, a few, the best."""
    random = np.random.default_rng(3)
    for values in ({"repeat_penalty": 1.5, "accepted": 40}, {"top_k": 256, "min_p": 0, "top_p": 1}, {"top_p": 0.5},
                   {"temperature": 0}):
        logits = random.standard_normal(VOCABULARY).astype(np.float32)
        recent = np.argsort(-logits)[:64]
        yield logits, options(seed=7, position=random.integers(0, 2**40), recent=recent, **values), None, 0
    # Of alike ones none is unlikely: all of them are looked at.
    yield np.zeros(VOCABULARY, np.float32), options(seed=7, position=1, top_k=4, top_p=1, min_p=0.05), None, 0


def results_of_steps(cuda, module, weights, tokens):
    """Bytes of the logits of every row that a step wants, and of what the sampler does."""
    drawn = [b"".join(np.asarray(part).tobytes() for part in case) for case in draw(cuda, module, list(draws()))]
    return [steps(cuda, module, weights, tokens, CHUNKS)[1].tobytes(), *drawn]


def results_of(driver, folder, emitted, text, tokens):
    """The same of a text; or the error."""
    source, module = folder / "model.cu", folder / "module.so"
    source.write_text(text)
    shim_compiler.compile_module(source, module, driver, check=True)
    return in_child(results_of_steps, driver, module, emitted.weights, tokens, check=1, capability=90)[0]


@pytest.mark.full
def test_mutations(ingot, driver, tmp_path, record_property):
    """At least 95 % of those that change anything are caught; the others stand above."""
    reference = tiny_reference(MODEL)
    tokens = ((reference["prompt"] + reference["greedy"]["tokens"]) * 3)[:sum(CHUNKS)]
    models = []
    for cache in ("f16", "f32"):
        folder = tmp_path / cache
        folder.mkdir()
        models.append(Emitted(ingot, tiny_path(MODEL), folder, f"--kv={cache}"))

    texts = [emitted.source.read_text() for emitted in models]
    expected = [results_of(driver, tmp_path, emitted, text, tokens) for emitted, text in zip(models, texts)]
    assert not any(isinstance(results, CudaError) for results in expected), expected
    caught, survivors = 0, []
    found = list(mutations(texts[0]))
    for mutation in found:
        for emitted, text, results in zip(models, texts, expected):
            if results_of(driver, tmp_path, emitted, mutate(text, *mutation), tokens) != results:
                caught += 1
                break
        else:
            survivors.append(label(texts[0], mutation[0], mutation[2]))
    record_property("caught", f"{caught} of {len(found)}")
    assert sorted(survivors) == sorted({**EQUIVALENT, **ELSEWHERE, **UNSEEN})
    assert caught >= 0.95 * (len(found) - len(EQUIVALENT) - len(ELSEWHERE)), f"{caught} of {len(found)}"


# One text with all waits of kernels, of which the environment names one that is left out.
ALL_WAITS = """#include <cstdlib>
static const int leftOutWait = getenv("INGOT_FAKE_CUDA_LEFT_OUT_WAIT") ? atoi(getenv("INGOT_FAKE_CUDA_LEFT_OUT_WAIT")) : -1;
"""


@pytest.mark.full
def test_waits(ingot, driver, tmp_path):  # noqa: F811
    """Each wait of a kernel for those before it, left out: all are caught."""
    reference = tiny_reference(MODEL)
    tokens = ((reference["prompt"] + reference["greedy"]["tokens"]) * 3)[:sum(CHUNKS)]
    emitted = Emitted(ingot, tiny_path(MODEL), tmp_path)
    first, *others = re.split(r"^  waitForEarlier\(\);$", emitted.source.read_text(), flags=re.MULTILINE)
    assert len(others) > 50
    source, module = tmp_path / "waits.cu", tmp_path / "waits.so"
    source.write_text(ALL_WAITS + first + "".join(f"  if (leftOutWait != {number}) waitForEarlier();{text}"
                                                  for number, text in enumerate(others)))
    shim_compiler.compile_module(source, module, driver)

    def results_without(number):
        return in_child(results_of_steps, driver, module, emitted.weights, tokens, capability=90, left_out_wait=number)[0]
    assert not isinstance(results_without(-1), CudaError)
    assert [number for number in range(len(others)) if not isinstance(results_without(number), CudaError)] == []

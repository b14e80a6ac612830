"""The CUDA text of the tiny models of every family, on the host with every access checked, against the float32 logits of
transformers. Without --full, one for each kind of attention that the tiny models of test_cuda.py have not."""
import json

import pytest

from conftest import assert_close, run
from test_cuda import BOUND, Emitted, driver, emulate, shim_compiler  # noqa: F401 (driver is a fixture)
from test_families import FAMILIES, FOLDER, GGUF, reference

SHORT = {
    "gemma2": "a window in every other layer, capped scores",
    "qwen3": "normalised queries and keys",
    "gpt2": "biases, learned positions",
    "gpt_neox": "queries, keys and values of one matrix, rotated in part; beside the MLP",
    "bloom": "linear biases of scores",
    "falcon_7b": "one key-value head",
}
# Mixtures of experts are for the CPU alone.
EXPERTS = {"mixtral", "qwen2_moe", "qwen2_moe_normalized"}
# Steps of many rows, of one, and of few.
CHUNKS = [9, 1, 2, 3, 5, 4]


def bound_of(name):
    config = json.loads((FOLDER / name / "config.json").read_text())
    return BOUND.get({"float16": "f16", "bfloat16": "bf16"}.get(config.get("dtype")), 2e-3)


def check_family(ingot, driver, folder, path, name, bound):  # noqa: F811
    """Whole and in steps of all sizes near the reference; between them they run every kernel."""
    tokens, logits = reference(name)
    emitted, module = Emitted(ingot, path, folder), folder / "module.so"
    shim_compiler.compile_module(emitted.source, module, driver, check=True)
    idle = []
    for seed, chunks in enumerate((CHUNKS, [len(tokens)])):
        rows, found, never = emulate(driver, module, emitted, tokens, chunks, check=1, seed=seed)
        assert len(rows) >= 16 and rows[-1] == len(tokens) - 1
        assert_close(found, logits[rows], bound=bound)
        idle.append(never)
    assert set.intersection(*idle) == set()


@pytest.mark.parametrize("name", [name if name in SHORT else pytest.param(name, marks=pytest.mark.full)
                                  for name in FAMILIES if name not in EXPERTS])
def test_directory(ingot, driver, name, tmp_path):  # noqa: F811
    check_family(ingot, driver, tmp_path, FOLDER / name, name, bound_of(name))


@pytest.mark.full
@pytest.mark.parametrize("name", [name for name in GGUF if name not in EXPERTS])
def test_gguf(ingot, driver, name, tmp_path):  # noqa: F811
    """All in float32, whatever the directory's numbers are."""
    check_family(ingot, driver, tmp_path, FOLDER / name / "model.gguf", name, 2e-3)


@pytest.mark.parametrize("name", sorted(EXPERTS))
def test_experts_are_refused(ingot, name, tmp_path):
    finished = run([ingot.compiler, FOLDER / name, "--target=cuda", "--compile-to=codegen", "-o", tmp_path / "model.cu"],
                   check=False)
    assert finished.status == 1 and finished.error.count("\n") == 1
    assert "mixtures of experts are compiled for the target cpu alone" in finished.error

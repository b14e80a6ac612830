"""Encoders as executables for GPUs, on the fake driver with every access checked, against transformers."""
import json

import numpy as np
import pytest

from conftest import assert_close
from test_cuda_executable import BOUND, Executable, driver  # noqa: F401 (driver is a fixture)
from test_encoders import FOLDER, arguments, reference


@pytest.mark.parametrize("name", ["bert_sentences", pytest.param("roberta", marks=pytest.mark.full)])
def test_vectors(ingot, driver, name, tmp_path):  # noqa: F811
    texts, hidden = reference(name)
    expected = np.stack([states.mean(0) for states in hidden])
    if (FOLDER / name / "modules.json").exists():
        expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    executable = Executable(ingot, driver, tmp_path, FOLDER / name, check=True)
    out = tmp_path / "vectors.npy"
    executable.run("embed", *arguments(texts), "-o", out, check=1, seed=1)
    assert_close(np.load(out), expected, BOUND)


def test_labels(ingot, driver, tmp_path):  # noqa: F811
    texts, probabilities = reference("roberta_classifier")
    executable = Executable(ingot, driver, tmp_path, FOLDER / "roberta_classifier", check=True)
    lines = executable.run("classify", *arguments(texts), check=1, seed=1).out.decode().splitlines()
    found = np.array([list(json.loads(line).values()) for line in lines], np.float32)
    assert_close(found, probabilities, BOUND)

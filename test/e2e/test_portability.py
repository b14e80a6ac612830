"""One file that runs where it says it runs: an empty root, another CPU, weights beside it."""
import os
import shutil

import numpy as np
import pytest

from conftest import EXACT, assert_close, needs_tool, run, tiny_path, tiny_reference


def copy_executable(executable, folder):
    folder.mkdir(exist_ok=True)
    shutil.copy(executable, folder / "model")
    return folder


def test_runs_in_an_empty_root(ingot, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("chroot needs root")
    root = copy_executable(ingot.compile(tiny_path("byte_tokenizer_q8_0"), EXACT, "--mcpu=native"), tmp_path / "root")
    command = ["-p", "the other", "-n", 8, "--temperature", 0, "--ignore-eos"]
    inside = run([needs_tool("chroot"), root, "/model", *command])
    assert inside.out and inside.out == run([root / "model", *command]).out
    assert sorted(path.name for path in root.iterdir()) == ["model"]


def test_runs_in_an_empty_root_smollm2(ingot, smollm2, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("chroot needs root")
    root = copy_executable(ingot.compile(smollm2), tmp_path / "root")
    inside = run([needs_tool("chroot"), root, "/model", "-p", "The capital of France is", "-n", 8, "--temperature", 0])
    assert "Paris" in inside.out.decode()


def test_survives_strip(ingot, tmp_path):
    strip = needs_tool("strip")
    name = "three_kv_heads_q4_1"
    root = copy_executable(ingot.compile(tiny_path(name), EXACT, "--mcpu=native"), tmp_path / "root")
    run([strip, root / "model"])
    reference = tiny_reference(name)
    assert_close(ingot.logits(root / "model", reference["prompt"]), reference["logits"])


def test_other_name_and_folder(ingot, tmp_path):
    name = "one_layer_q5_0"
    root = copy_executable(ingot.compile(tiny_path(name), EXACT, "--mcpu=native"), tmp_path / "a folder")
    os.symlink(root / "model", tmp_path / "link")
    reference = tiny_reference(name)
    assert_close(ingot.logits(tmp_path / "link", reference["prompt"]), reference["logits"])


@pytest.mark.parametrize("cpu", ["x86-64-v4", "znver4"])
def test_newer_code_on_haswell_prints_one_line(ingot, cpu):
    qemu = needs_tool("qemu-x86_64")
    executable = ingot.compile(tiny_path("one_layer_q5_0"), EXACT, f"--mcpu={cpu}")
    finished = run([qemu, "-cpu", "Haswell", executable, "logits", "--tokens", "1", "-o", "/dev/null"], check=False)
    lines = [line for line in finished.error.splitlines() if not line.startswith("qemu-x86_64: warning")]
    assert finished.status == 1 and len(lines) == 1 and not finished.out, (finished.status, lines)


def test_v3_code_on_haswell(ingot):
    qemu = needs_tool("qemu-x86_64")
    name = "one_layer_q5_0"
    executable = ingot.compile(tiny_path(name), EXACT, "--mcpu=x86-64-v3")
    reference = tiny_reference(name)
    logits = ingot.logits(executable, reference["prompt"], prefix=[qemu, "-cpu", "Haswell"])
    assert_close(logits, reference["logits"])


def test_portable(ingot):
    name = "three_kv_heads_q4_1"
    executable = ingot.compile(tiny_path(name), EXACT, "--mcpu=portable")
    reference = tiny_reference(name)
    assert_close(ingot.logits(executable, reference["prompt"]), reference["logits"])
    qemu = shutil.which("qemu-x86_64")
    if qemu:
        assert_close(ingot.logits(executable, reference["prompt"], prefix=[qemu, "-cpu", "Haswell"]), reference["logits"])


def test_another_architecture_is_one_error(ingot, tmp_path):
    finished = run([ingot.compiler, tiny_path("one_layer_q5_0"), "-o", tmp_path / "out", "--mcpu=cortex-a76"], check=False)
    assert finished.status in (1, 2) and finished.error.count("\n") == 1 and "cortex-a76" in finished.error, finished
    assert not any(tmp_path.iterdir())


def test_external_weights(ingot, tmp_path):
    """The weights lie in a file of their own beside the executable, which is then small and finds them by its own place."""
    name = "wide_heads_f32"
    build = tmp_path / "build"
    build.mkdir()
    run([ingot.compiler, tiny_path(name), "-o", build / "model", EXACT, "--mcpu=native", "--weights=external"])
    files = sorted(path.name for path in build.iterdir())
    assert len(files) == 2 and files[0] == "model", files
    moved = tmp_path / "moved"
    build.rename(moved)
    reference = tiny_reference(name)
    logits = ingot.logits(moved / "model", reference["prompt"])
    assert_close(logits, reference["logits"])
    embedded = ingot.compile(tiny_path(name), EXACT, "--mcpu=native")
    assert np.array_equal(logits, ingot.logits(embedded, reference["prompt"]))
    (moved / files[1]).unlink()
    finished = run([moved / "model", "logits", "--tokens", "1", "-o", tmp_path / "logits.npy"], check=False)
    assert finished.status == 1 and finished.error.count("\n") == 1 and files[1] in finished.error, finished


def test_same_input_same_bytes(ingot, tmp_path):
    for name in ("byte_tokenizer_q8_0", "mixed_q5_1"):
        first = ingot.compile(tiny_path(name), "--mcpu=native")
        run([ingot.compiler, tiny_path(name), "-o", tmp_path / "again", "--mcpu=native"])
        assert first.read_bytes() == (tmp_path / "again").read_bytes()

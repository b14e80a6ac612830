"""What ingotc cannot compile or write gives one error line, exit 1, and nothing on disk."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import pytest

from conftest import DATA, run

sys.path.insert(0, str(DATA))
import make_bad_gguf

SCRATCH = tempfile.TemporaryDirectory(prefix="ingot-bad-input-")
MODELS = pathlib.Path(SCRATCH.name)
make_bad_gguf.write_cases(MODELS)
CASES = [line.rstrip("\n").split("\t") for line in open(MODELS / "cases.tsv", encoding="utf-8")]
VALID = [name for name, stage, _ in CASES if stage == "valid"]
BAD = [(name, expected) for name, stage, expected in CASES if stage != "valid"]

PEAK = 512 << 20  # far above what starting the compiler takes, far below what the absurd sizes ask for
SECONDS = 20


def check_refusal(finished, *expected):
    """The process said what is wrong in one line that contains each of `expected` (` | ` parts alternatives)."""
    lines = finished.error.splitlines()
    assert finished.status == 1, f"exit {finished.status}: {finished.error[:1000]}"
    assert len(lines) == 1 and finished.error.endswith("\n"), f"not one line: {finished.error[:1000]}"
    assert lines[0].startswith("ingotc: error: "), lines[0]
    for text in expected:
        assert any(part in lines[0] for part in text.split(" | ")), f"{text!r} is not in: {lines[0]}"
    assert finished.out == b""
    assert finished.seconds < SECONDS
    assert finished.peak_bytes < PEAK


def refused(ingot, model, out, *options):
    return run([ingot.compiler, model, "-o", out, *options], check=False, timeout=2 * SECONDS)


@pytest.mark.parametrize("name", VALID)
def test_valid(ingot, name, tmp_path):
    """The model from which the bad ones are made, in its variants, compiles."""
    run([ingot.compiler, MODELS / name, "-o", tmp_path / "out"])
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("name, expected", BAD, ids=[name for name, _ in BAD])
def test_bad_model(ingot, name, expected, tmp_path):
    finished = refused(ingot, MODELS / name, tmp_path / "out")
    # A message about one part of a split model may name another part.
    check_refusal(finished, str(MODELS), expected)
    assert os.listdir(tmp_path) == []


def test_earlier_output_survives(ingot, tmp_path):
    out = tmp_path / "out"
    out.write_text("what was there")
    check_refusal(refused(ingot, MODELS / "truncated-in-data.gguf", out), "truncated-in-data.gguf")
    assert out.read_text() == "what was there"
    assert os.listdir(tmp_path) == ["out"]


def test_model_absent(ingot, tmp_path):
    check_refusal(refused(ingot, tmp_path / "no-such.gguf", tmp_path / "out"), "no-such.gguf", "No such file")
    assert os.listdir(tmp_path) == []


def test_model_is_folder(ingot, tmp_path):
    (tmp_path / "model").mkdir()
    check_refusal(refused(ingot, tmp_path / "model", tmp_path / "out"), str(tmp_path / "model"))
    assert os.listdir(tmp_path) == ["model"]


def test_model_unreadable(ingot, tmp_path):
    model = tmp_path / "model.gguf"
    shutil.copy(MODELS / "valid.gguf", model)
    model.chmod(0)
    if os.access(model, os.R_OK):
        pytest.skip("root reads files whatever their mode says")
    check_refusal(refused(ingot, model, tmp_path / "out"), str(model), "Permission denied")
    assert os.listdir(tmp_path) == ["model.gguf"]


def test_output_folder_absent(ingot, tmp_path):
    out = tmp_path / "no-such-folder" / "out"
    check_refusal(refused(ingot, MODELS / "valid.gguf", out), "no-such-folder", "No such file")
    assert os.listdir(tmp_path) == []


def test_output_is_folder(ingot, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    check_refusal(refused(ingot, MODELS / "valid.gguf", out), str(out), "irectory")
    assert os.listdir(tmp_path) == ["out"] and os.listdir(out) == []


def test_output_folder_not_writable(ingot, tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    with contextlib.ExitStack() as stack:
        if os.geteuid() == 0:
            stack.enter_context(tmpfs(folder, "ro"))
        else:
            folder.chmod(0o555)
            stack.callback(folder.chmod, 0o755)
        check_refusal(refused(ingot, MODELS / "valid.gguf", folder / "out"), str(folder / "out"),
                      "Permission denied | Read-only file system")
        assert os.listdir(folder) == []


@contextlib.contextmanager
def tmpfs(folder, options):
    """A small file system at `folder`; needs root, and skips the test without."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, text=True,
                             check=False)
    if mounted.returncode != 0:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("weights", ["embedded", "external"])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.98, "last"])
def test_disk_full(ingot, share, weights, tmp_path):
    """The disk fills up at the first byte, amid the code, amid the weights, and just before the end."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small tmpfs needs root")
    option = f"--weights={weights}"
    whole = tmp_path / "whole"
    whole.mkdir()
    run([ingot.compiler, MODELS / "valid.gguf", "-o", whole / "out", option])
    # A file's size in the memory that a tmpfs counts, holes left out.
    pages = sum(path.stat().st_blocks for path in whole.iterdir()) * 512 // 4096
    # A page goes to the folder's entry on some kernels; one page is the least that tmpfs takes.
    size = max(pages - 1 if share == "last" else int(pages * share), 1)
    folder = tmp_path / "small"
    folder.mkdir()
    with tmpfs(folder, f"size={size * 4096}"):
        check_refusal(refused(ingot, MODELS / "valid.gguf", folder / "out", option), str(folder / "out"),
                      "No space left on device")
        assert os.listdir(folder) == []


@pytest.mark.parametrize("name", ["cortex-a72", "apple-m1", "sifive-u74"])
def test_foreign_processor(ingot, name, tmp_path):
    check_refusal(refused(ingot, MODELS / "valid.gguf", tmp_path / "out", f"--mcpu={name}"), name)
    assert os.listdir(tmp_path) == []


def test_unknown_processor(ingot, tmp_path):
    check_refusal(refused(ingot, MODELS / "valid.gguf", tmp_path / "out", "--mcpu=no-such-cpu"), "no-such-cpu")
    assert os.listdir(tmp_path) == []

"""tools/gpu-check from the folder that pack.py fills to the report, on the fake driver: nothing of it is new on the first day
with a GPU."""
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from conftest import EXACT, assert_close, tiny_path
from programs import print_shape

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "test" / "cuda"), str(ROOT / "tools" / "gpu-check")]

import pack  # noqa: E402
from fake_cuda import driver  # noqa: E402, F401 (a fixture)

TINY, SMALL = "one_layer_q5_0", "small_bf16"
SHAPE = {"layers": 2, "heads": 4, "key-value-heads": 2, "head-dim": 16, "width": 64, "hidden": 128, "vocabulary": 100,
         "context": 128, "sequences": 2, "wanted": 16}
SPEED = [(SMALL, SHAPE, "bf16", [1, 2], 40, [pack.bar("milliseconds_per_token", 1e-9, at_most=1e-9),
                                             pack.bar("tokens_per_second", 2, at_least=1),
                                             pack.bar("prefill_percent_of_library", 100, at_least=70),
                                             pack.NO_ALLOCATION])]


def compiler_for_the_host(folder, driver):  # noqa: F811
    """What takes nvcc's place: its device code is a module of the fake driver, the whole text for each image."""
    stub = folder / "nvcc"
    stub.write_text(f"""#!{sys.executable}
import subprocess, sys
arguments = sys.argv[1:]
sys.exit(subprocess.run([sys.executable, {str(ROOT / "test/cuda/shim/compile_for_host.py")!r}, arguments[-1], "-o",
                         arguments[arguments.index("-o") + 1], "--driver", {str(driver)!r}]).returncode)
""")
    stub.chmod(0o755)
    return stub


@pytest.fixture(scope="module")
def packed(ingot, driver, tmp_path_factory):  # noqa: F811
    folder = tmp_path_factory.mktemp("gpu")
    nvcc = compiler_for_the_host(folder, driver)
    size = pack.pack(folder / "packed", ingot.compiler, [f"--nvcc={nvcc}"], [tiny_path(TINY)], SPEED)
    assert size == sum(path.stat().st_size for path in (folder / "packed").iterdir())
    sanitizer = folder / "bin" / "compute-sanitizer"
    sanitizer.parent.mkdir()
    sanitizer.write_text('#!/bin/sh\necho "$1" >>"$0.log"\nif [ "$1" = --tool=synccheck ]; then\n'
                         '  echo "========= COMPUTE-SANITIZER"; echo "========= Barrier error detected"; exit 99\nfi\n'
                         'shift 2\nexec "$@"\n')
    sanitizer.chmod(0o755)
    environment = {**os.environ, "LD_LIBRARY_PATH": str(driver), "PATH": f"{sanitizer.parent}:{os.environ['PATH']}"}
    return folder / "packed", environment


def check(packed, *options, **device):
    folder, environment = packed
    report = folder.parent / "report.json"
    environment = {**environment, **{f"INGOT_FAKE_CUDA_{name.upper()}": str(value) for name, value in device.items()}}
    # Nothing of the repository is at hand where the folder is carried to.
    finished = subprocess.run([sys.executable, "-I", folder / "gpu_check.py", "--json", report, *options], env=environment,
                              cwd="/", capture_output=True, text=True, check=False)
    assert finished.stderr == "", finished
    return finished, json.loads(report.read_text())


def rows(report):
    return {row["what"]: row for part in report["parts"] for row in part["rows"]}


def test_whole(packed):
    finished, report = check(packed)
    parts = {part["part"]: part for part in report["parts"]}
    assert report["device"]["device"] == "Ingot's fake device"
    assert [name for name, part in parts.items() if part["status"] != "ok"] == ["sanitizer"], finished.stdout
    assert [len(part["rows"]) for part in parts.values()][1:] == [1, 2, 3, 4, 1, 2, 4], finished.stdout
    found = rows(report)
    assert found[f"logits of {TINY}"]["value"] < 2e-3
    assert found[f"runs of {SMALL} with equal bits"]["value"] == 10
    assert "TFLOP/s" in found[f"prefill {SMALL}, 40 tokens"]["note"]
    assert parts["prefill"]["absent"] and "cuBLASLt" in parts["prefill"]["absent"][0]
    assert parts["sanitizer"]["problems"] == [f"synccheck, steps of {how}: Barrier error detected"
                                              for how in ("1 by graph", "20 by stream")]
    assert [bar["met"] for bar in report["bars"]] == [False, True, None, True]
    assert report["bars"][1]["measured"] == report["benches"][1]["result"]["decode_tokens_per_second"]
    assert finished.returncode == 1  # the sanitizer found something
    for text in (f"decode {SMALL}, batch 2", "wrong: synccheck", "not run: products", "MISSED", ": met", "not measured"):
        assert text in finished.stdout


def test_weights_of_the_shape(ingot, packed, tmp_path):
    """The executable made the numbers that the CPU's has in its file."""
    model, out = tmp_path / "small.mlir", tmp_path / "logits.npy"
    shape = [f"--{key}={value}" for key, value in SHAPE.items()]
    model.write_text(print_shape(ingot, *shape, "--rows=512", "--format=bf16", f"--seed={pack.SEED}"))
    tokens = list(range(30))
    folder, environment = packed
    assert (folder / SMALL).stat().st_size < 5_000_000
    subprocess.run([folder / SMALL, "logits", "--tokens", ",".join(map(str, tokens)), "-o", out], env=environment, check=True)
    assert_close(np.load(out), ingot.logits(ingot.compile(model, EXACT), tokens), bound=2e-3)


def test_a_part_that_fails_stops_no_other(packed):
    folder, _ = packed
    stored = folder / f"{TINY}.npy"
    good = stored.read_bytes()
    logits = np.load(stored)
    logits[1, 3] += 0.1 * abs(logits).max()
    np.save(stored, logits)
    (folder / SMALL).rename(folder / "elsewhere")
    try:
        finished, report = check(packed, "--only", "parity", "--only", "bits", "--only", "decode")
    finally:
        stored.write_bytes(good)
        (folder / "elsewhere").rename(folder / SMALL)
    assert [part["status"] for part in report["parts"]] == ["failed", "ok", "absent"] and finished.returncode == 1
    assert "off by" in report["parts"][0]["problems"][0] and "row 1 " in report["parts"][0]["problems"][0]
    assert report["parts"][2]["absent"] == [f"{SMALL} is not in the folder"] * 2
    assert [bar["met"] for bar in report["bars"]] == [None] * 4


def test_without_a_gpu_or_time(packed):
    finished, report = check(packed, "--only", "device", "--only", "parity", devices=0)
    assert finished.returncode == 1 and "CUDA_ERROR_NO_DEVICE" in report["parts"][0]["problems"][0]
    assert "CUDA_ERROR_NO_DEVICE" in report["parts"][1]["problems"][0]
    finished, report = check(packed, "--seconds", "0")
    assert {part["status"] for part in report["parts"]} == {"absent"} and finished.returncode == 0
    assert "no time left" in finished.stdout


def test_refused(ingot, packed, tmp_path):
    folder, _ = packed
    finished = subprocess.run([folder / "gpu_check.py", tmp_path], capture_output=True, text=True, check=False)
    assert finished.returncode == 1 and "no manifest.json in it" in finished.stderr
    with pytest.raises(SystemExit, match="is not empty"):
        pack.pack(folder, ingot.compiler)
    with pytest.raises(SystemExit, match="no such program"):
        pack.pack(tmp_path / "new", ingot.compiler, ["--nvcc=absent"], [tiny_path(TINY)], [])

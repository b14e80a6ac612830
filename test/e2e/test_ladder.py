"""Stopping at a phase and resuming from its dump gives the same executable, byte for byte."""
import pytest

from conftest import run, tiny_path

PHASES = ["import", "model", "quantize", "fuse", "place", "schedule", "plan", "codegen"]


def resume(ingot, model, phase, folder, *options):
    direct = ingot.compile(model, *options)
    dump, out = folder / f"{phase}.mlir", folder / "resumed"
    run([ingot.compiler, model, f"--compile-to={phase}", "-o", dump, *options])
    assert dump.stat().st_size > 0
    run([ingot.compiler, dump, f"--compile-from={phase}", "-o", out, *options])
    assert run(["cmp", direct, out], check=False).status == 0, f"the executable resumed from {phase} differs"


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("name", ["byte_tokenizer_q8_0", "rope_llama3_f16"])
def test_resume_tiny(ingot, name, phase, tmp_path):
    resume(ingot, tiny_path(name), phase, tmp_path, "--mcpu=native")


@pytest.mark.full
@pytest.mark.parametrize("phase", PHASES)
def test_resume_smollm2(ingot, smollm2, phase, tmp_path):
    resume(ingot, smollm2, phase, tmp_path)


def test_dump_phases(ingot, tmp_path):
    """--dump-phases writes what --compile-to writes, numbered."""
    model = tiny_path("one_layer_q5_0")
    run([ingot.compiler, model, "-o", tmp_path / "out", f"--dump-phases={tmp_path}/dumps", "--mcpu=native"])
    names = sorted(path.name for path in (tmp_path / "dumps").iterdir())
    assert names == [f"{i:02}-{phase}.mlir" for i, phase in enumerate(PHASES, 1)]
    run([ingot.compiler, model, "--compile-to=fuse", "-o", tmp_path / "fuse.mlir", "--mcpu=native"])
    assert (tmp_path / "fuse.mlir").read_bytes() == (tmp_path / "dumps" / "04-fuse.mlir").read_bytes()

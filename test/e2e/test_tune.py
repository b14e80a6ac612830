"""--tune and what it chooses from: shapes of tiles, which never change a number."""
import pytest

from conftest import CPU_FLAGS, needs_cpu, run, tiny_path, tiny_reference

NAME = "three_kv_heads_q4_1"


def compile_with_tiles(ingot, folder, cpu, tiles):
    """The executable with these entries of `ingot.tiles`."""
    plan, out = folder / "plan.mlir", folder / "out"
    if not plan.exists():
        run([ingot.compiler, tiny_path(NAME), "-o", plan, "--compile-to=plan", f"--mcpu={cpu}"])
    edited = folder / "edited.mlir"
    start = "module attributes {"
    text = plan.read_text()
    assert text.startswith(start)
    edited.write_text(text.replace(start, f"{start}ingot.tiles = {{{tiles}}}, ", 1))
    run([ingot.compiler, edited, "-o", out, "--compile-from=plan"])
    return out


@pytest.mark.parametrize("cpu", CPU_FLAGS)
def test_tiles_change_no_bits(ingot, tmp_path, cpu):
    needs_cpu(cpu)
    prompt = (tiny_reference(NAME)["prompt"] * 8)[:21]
    whole = ingot.logits(ingot.compile(tiny_path(NAME), f"--mcpu={cpu}"), prompt)
    for tiles in ["few_rows = 2 : i64, many_rows = 4 : i64, prefetch_bytes = 1024 : i64",
                  "few_rows = 8 : i64, many_rows = 1 : i64"]:
        executable = compile_with_tiles(ingot, tmp_path, cpu, tiles)
        assert (ingot.logits(executable, prompt) == whole).all()
        assert (ingot.logits(executable, prompt, chunk=5) == whole).all()


def test_tuned_model_computes_the_same(ingot, tmp_path):
    out = tmp_path / "tuned"
    run([ingot.compiler, tiny_path(NAME), "-o", out, "--tune", "--context=64", "--remark-format=yaml"])
    remarks = (tmp_path / "tuned.remarks.yaml").read_text()
    for parameter in ["few_rows", "many_rows", "prefetch_bytes"]:
        assert remarks.count(f"parameter:       {parameter}") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tuned", "tuned.remarks.yaml"]
    prompt = tiny_reference(NAME)["prompt"]
    plain = ingot.compile(tiny_path(NAME), "--context=64")
    assert (ingot.logits(out, prompt) == ingot.logits(plain, prompt)).all()

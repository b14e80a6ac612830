"""Programs written as .mlir: shapes printed by ingot-shape, compiled, and run by named tensors."""
import json
import pathlib
import tempfile

import numpy as np

from conftest import run


def print_shape(ingot, *options):
    """The text that ingot-shape prints, a program at the phase model"""
    return run([ingot.compiler.parent / "ingot-shape", *options]).out.decode()


def lower(ingot, program, phase, folder, *options):
    """The text of a program at the phase model, as it is after `phase`"""
    source, dump = folder / "model.mlir", folder / f"{phase}.mlir"
    source.write_text(program)
    run([ingot.compiler, source, f"--compile-to={phase}", "-o", dump, *options])
    return dump.read_text()


def compile_text(ingot, program, folder, *options, phase="model", name="program", check=True):
    """The executable of a program's text; with check=False how its compilation ended, and no file where that failed"""
    source, out = folder / f"{name}.mlir", folder / name
    source.write_text(program)
    finished = run([ingot.compiler, source, f"--compile-from={phase}", "-o", out, *options], check=check)
    return out if check else (finished, out)


def info(executable):
    return json.loads(run([executable, "info", "--json"]).out)


def run_step(executable, tokens, positions=None, row_sequences=None, page_tables=None, threads=None, check=True,
             env=None):
    """`run`: logits [rows, vocabulary]; with check=False how it ended"""
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        command = [executable, "run"]
        inputs = {"tokens": tokens, "positions": np.arange(len(tokens)) if positions is None else positions,
                  "row_sequences": row_sequences, "page_tables": page_tables}
        for name, values in inputs.items():
            if values is not None:
                np.save(scratch / f"{name}.npy", np.asarray(values, np.int32))
                command += ["--input", f"{name}={scratch}/{name}.npy"]
        command += ["--output", f"logits={scratch}/logits.npy"]
        finished = run(command + ([] if threads is None else ["--threads", threads, "--threads-force"]), check=check,
                       env=env)
        if not check:
            return finished
        logits = np.load(scratch / "logits.npy")
    assert np.isfinite(logits).all(), "logits are not finite"
    return logits.reshape(len(tokens), -1)

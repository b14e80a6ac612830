"""Dumps are the whole state: an edited one is obeyed, or refused with one line; it is never ignored."""
import re

import numpy as np
import pytest

from conftest import EXACT, assert_close, run
from llama import Sizes, forward, parameters_of
from plan import programs_of
from programs import compile_text, lower, print_shape, run_step

OPTIONS = (EXACT, "--mcpu=x86-64-v3")
SIZES = Sizes(layers=2, context=128, rows=12, wanted=12)
TOKENS = np.array([7, 11, 13, 17, 19, 23, 29, 31, 37])


@pytest.fixture(scope="module")
def dumps(ingot, tmp_path_factory):
    """{phase: text} of one program, and its logits"""
    folder = tmp_path_factory.mktemp("dumps")
    program = print_shape(ingot, *SIZES.options())
    texts = {phase: lower(ingot, program, phase, folder, *OPTIONS)
             for phase in ("model", "quantize", "fuse", "place", "schedule", "plan")}
    texts["logits"] = run_step(compile_text(ingot, program, folder, *OPTIONS), TOKENS)
    return texts


def edit(text, pattern, replacement, count=1):
    edited, found = re.subn(pattern, replacement, text, count=count, flags=re.MULTILINE)
    assert found, f"nothing matches {pattern}"
    assert edited != text
    return edited


def angles_first(text, phase):
    """Every program launches the table of angles, which waits for nothing, before the embedding."""
    if phase == "place":
        pattern = r"^(    %\S+ = kernel\.call @embedding\S+\(.*\n(?:.*\n)*?)(    %\S+ = kernel\.call @rope_table.*\n)"
    else:
        pattern = (r"^(    %\S+ = schedule\.launch @embedding.*\n(?:.*\n)*?)"
                   r"(    %\S+ = schedule\.(?:allocate|view).*\n    %\S+ = schedule\.launch @rope_table.*\n)")
    edited, count = re.subn(pattern, r"\2\1", text, flags=re.MULTILINE)
    assert count == 3, f"{count} programs"
    return edited


@pytest.mark.parametrize("phase", ["place", "schedule", "plan"])
def test_order_is_obeyed(ingot, dumps, phase, tmp_path):
    """Two launches that do not depend on each other, exchanged: in the plan and the code they stay so, and no bit changes."""
    edited = angles_first(dumps[phase], phase)
    executable = compile_text(ingot, edited, tmp_path, *OPTIONS, phase=phase)
    assert np.array_equal(run_step(executable, TOKENS), dumps["logits"])
    plan = tmp_path / "plan.mlir"
    run([ingot.compiler, tmp_path / "program.mlir", f"--compile-from={phase}", "--compile-to=plan", "-o", plan, *OPTIONS])
    for program in programs_of(plan.read_text()):
        assert next(iter(program.launches.values())).callee.startswith("rope_table"), "the order was not obeyed"
    code = tmp_path / "codegen.mlir"
    run([ingot.compiler, tmp_path / "program.mlir", f"--compile-from={phase}", "--compile-to=codegen", "-o", code, *OPTIONS])
    calls = re.findall(r'llvm\.call @"?(embedding|rope_table)', code.read_text())
    assert calls == ["rope_table", "embedding"] * 3, calls


# What an edit breaks: (phase, pattern, replacement, a part of the error)
BROKEN = {
    "await removed": ("schedule", r"(schedule\.launch @norm_64\S+\(.*) after %\w+ on", r"\1 on", "await"),
    "await removed from a plan": ("plan", r"(schedule\.launch @norm_64\S+\(.*) after %\w+ on", r"\1 on", "await"),
    "one of two awaits removed": ("schedule", r"(schedule\.launch @qkv\S+\(.* after %\w+), %\w+ on", r"\1 on", "await"),
    "views overlap": ("plan", r"(schedule\.view @transient\[(\d+)\].*\n.*launch @embedding.*\n.*\n.* = schedule\.view @transient\[)\d+",
                      r"\g<1>\2", "while it is live"),
    "barrier removed": ("plan", r"^ *schedule\.barrier\n", "", "schedule.barrier"),
    "partition changed": ("schedule", r"<columns, 16 x (\d+)>", r"<columns, 16 x 1>", "partition"),
    "partition of a plan changed": ("plan", r"<heads, 1 x 2>", r"<heads, 1 x 1>", "partition"),
    "launch removed": ("schedule", r"^ *%\S+ = schedule\.launch @rope_table.*\n", "", None),
    "another lane": ("schedule", r"(schedule\.launch @embedding.*) on compute", r"\1 on h2d", "lane"),
    "weights overlap": ("plan", r"(parameter_slice @blk.0.attn_norm.weight\S* at )\d+", r"\g<1>0", None),
    "arena too small": ("plan", r"(schedule\.arena @transient : host\[0\], transient, )\d+", r"\g<1>64", None),
    "cache somewhere else": ("plan", r'(schedule\.view @key_value\[)\d+(\] holding "value" 0)', r"\g<1>0\2", None),
    "buffer too small": ("schedule", r"(schedule\.allocate : <host\[0\], transient, )\d+", r"\g<1>64", None),
    "columns of the output": ("schedule", r"(schedule\.return %\w+ columns )256", r"\g<1>128", "columns"),
    "step of other rows": ("plan", r"(schedule\.program @\S+\(!model\.step<rows = )1,", r"\g<1>4000000000,", "rows"),
    "a place that is not there": ("place", r'on "host\[0\]"', r'on "device[0]"', None),
    "another layout": ("place", r"layout = <16 x 1>", r"layout = <8 x 1>", None),
    "a parameter removed": ("place", r"^ *model\.parameter @blk.0.attn_norm.weight .*\n", "", "attn_norm"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_dump_is_refused(ingot, dumps, name, tmp_path):
    phase, pattern, replacement, message = BROKEN[name]
    edited = edit(dumps[phase], pattern, replacement)
    finished, out = compile_text(ingot, edited, tmp_path, *OPTIONS, phase=phase, check=False)
    assert finished.status == 1 and finished.error.count("\n") == 1, (finished.status, finished.error[:1000])
    assert finished.error.startswith("ingotc: error: ") and (message or "") in finished.error, finished.error
    assert not out.exists()
    print(finished.error)


@pytest.mark.parametrize("phase", ["model", "quantize", "fuse", "place"])
def test_edited_number_is_obeyed(ingot, dumps, phase, tmp_path):
    """Another epsilon in every norm gives the logits of another epsilon."""
    edited = edit(dumps[phase], r"epsilon = 9\.99999974E-6 : f32", "epsilon = 2.5e-1 : f32", count=0)
    logits = run_step(compile_text(ingot, edited, tmp_path, *OPTIONS, phase=phase), TOKENS)
    parameters = parameters_of(dumps["model"])
    assert_close(logits, forward(SIZES, parameters, TOKENS, epsilon=0.25))
    assert_close(dumps["logits"], forward(SIZES, parameters, TOKENS))
    assert np.abs(logits - dumps["logits"]).max() > 0.01 * np.abs(logits).max()

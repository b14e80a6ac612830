"""One portable executable: the same numbers on this CPU, on an older one, and on one without AVX."""
import numpy as np
import pytest

from conftest import EXACT, assert_close, needs_tool, run, tiny_path, tiny_reference

NAMES = ["three_kv_heads_q4_1", "wide_heads_f32"]


@pytest.mark.parametrize("name", NAMES)
def test_portable_equals_native(ingot, name):
    prompt = tiny_reference(name)["prompt"]
    portable = ingot.logits(ingot.compile(tiny_path(name), EXACT, "--mcpu=portable"), prompt)
    native = ingot.logits(ingot.compile(tiny_path(name), EXACT, "--mcpu=native"), prompt)
    difference = np.abs(portable - native).max() / np.abs(native).max()
    print(f"{name}: {difference:.1e} of the largest logit")
    assert_close(portable, native, bound=1e-4)


@pytest.mark.parametrize("cpu", ["Haswell", "Nehalem", "qemu64"])
def test_portable_on_other_cpus(ingot, cpu):
    """Under emulation: logits of the exact path and text, with AVX2, with SSE4.2 and with no more than x86-64."""
    prefix = [needs_tool("qemu-x86_64"), "-cpu", cpu]
    name = "byte_tokenizer_q8_0"
    executable = ingot.compile(tiny_path(name), EXACT, "--mcpu=portable")
    reference = tiny_reference(name)
    assert_close(ingot.logits(executable, reference["prompt"], prefix=prefix), reference["logits"])
    command = [executable, "-p", "the other", "-n", 8, "--temperature", 0, "--ignore-eos", "--threads", 1]
    assert run([*prefix, *command]).out == run(command).out
    default = ingot.compile(tiny_path(name), "--mcpu=portable")
    assert run([*prefix, default, *command[1:]]).out

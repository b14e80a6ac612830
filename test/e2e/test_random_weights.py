"""--weights=random:SEED: constants that the device makes are, byte for byte, those that the linker writes for the same
seeds; both against SplitMix64 in numpy."""
import pathlib
import re
import sys

import numpy as np
import pytest

from conftest import run, tiny_path
from programs import print_shape

CUDA = pathlib.Path(__file__).resolve().parent.parent / "cuda"
sys.path[:0] = [str(CUDA), str(CUDA / "shim")]

import compile_for_host as shim_compiler  # noqa: E402
from emitted import Fill  # noqa: E402
from fake_cuda import driver, in_child, without_device_code  # noqa: E402, F401 (driver: a fixture)

FORMATS = ("f32 f16 bf16 q4_0 q4_1 q5_0 q5_1 q8_0 q2_k q3_k q4_k q5_k q6_k i4").split()
SEED = 11
# Heads and a vocabulary that leave lanes of panels empty.
SHAPE = ["--layers=1", "--heads=32", "--key-value-heads=32", "--head-dim=8", "--width=256", "--hidden=256",
         "--vocabulary=75", "--context=64", "--rows=8"]


def emit(ingot, model, folder, *options):
    out = folder / "model.cu"
    run([ingot.compiler, model, "--target=cuda", "--compile-to=codegen", "-o", out, *options])
    return out.read_text()


def fills_of(text):
    """The rows of the text's table, and the names of their generators."""
    rows = re.search(r"IngotCudaFill fills\[\] = \{\n(.*?)\n\};", text, re.S)[1]
    fills = []
    for row in re.findall(r"\{(.*?)\}", rows):
        numbers = [float(field.rstrip("f")) if "." in field or "e" in field else int(field) for field in row.split(", ")]
        fills.append(Fill(*numbers))
    return fills, re.findall(r'"(ingot_generate_\w+)"', text)


def definitions(text):
    """Of the formats of generators, and of generators."""
    structs = re.findall(r"^struct \w+ \{\n(?:  .*\n)+\};\n", text.split("Formats and caches")[1], re.M)
    kernels = re.findall(r'^extern "C" __global__[^;{]*?ingot_generate_\w+\(.*?^\}\n', text, re.M | re.S)
    return {*structs}, {*kernels}


@pytest.fixture(scope="module")
def shapes(ingot, tmp_path_factory):
    """For each format its text and the bytes that the linker writes."""
    folder = tmp_path_factory.mktemp("random")
    nvcc = without_device_code(folder)
    made = {}
    for name in FORMATS:
        model, out = folder / f"{name}.mlir", folder / name
        model.write_text(print_shape(ingot, *SHAPE, f"--format={name}", f"--seed={SEED}"))
        run([ingot.compiler, model, "--target=cuda", f"--nvcc={nvcc}", "--weights=external", "-o", out])
        made[name] = emit(ingot, model, folder, f"--weights=random:{SEED}"), pathlib.Path(f"{out}.weights").read_bytes()
    return made


def generate(cuda, module, models):
    """The arenas of constants of all models, which begin as zeros."""
    module = cuda.module(module)
    arenas = {}
    for name, (fills, generators, size) in models.items():
        memory = cuda.upload(np.zeros(size, np.uint8))
        for fill in fills:
            fill = Fill(*fill)
            cuda.launch(cuda.function(module, generators[fill.generator]), fill.panels, 256, bytes(fill), memory)
        cuda.cuCtxSynchronize()
        arenas[name] = cuda.download(memory, size, np.uint8)
    return arenas


@pytest.fixture(scope="module")
def generated(driver, shapes, tmp_path_factory):  # noqa: F811
    """What generators of all formats make, each access checked."""
    folder = tmp_path_factory.mktemp("generators")
    device, structs, kernels, models = None, set(), set(), {}
    for name, (text, packed) in shapes.items():
        device = text.split("// Formats and caches")[0].replace("#ifndef INGOT_CUDA_LOOP\n", "")
        found = definitions(text)
        structs |= found[0]
        kernels |= found[1]
        fills, generators = fills_of(text)
        models[name] = [tuple(getattr(fill, field) for field, _ in Fill._fields_) for fill in fills], generators, len(packed)
    source, module = folder / "generators.cu", folder / "generators.so"
    source.write_text(device + "\n".join(sorted(s for s in structs if "Cache" not in s)) + "\n".join(sorted(kernels)))
    shim_compiler.compile_module(source, module, driver, check=True)
    return in_child(generate, driver, module, models, check=1)[0]


@pytest.mark.parametrize("name", FORMATS)
def test_same_bytes_as_the_linker(shapes, generated, name):
    packed = np.frombuffer(shapes[name][1], np.uint8)
    different = np.flatnonzero(generated[name] != packed)
    assert different.size == 0, f"{different.size} of {packed.size} bytes differ, the first at {different[0]}"


def random_bits(seed, rows, columns):
    """24 bits for every element: SplitMix64 (Steele, Lea, Flood, 2014) of the seed and the element's index."""
    def mix(value):
        value = value + np.uint64(0x9e3779b97f4a7c15)
        value = (value ^ (value >> np.uint64(30))) * np.uint64(0xbf58476d1ce4e5b9)
        value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94d049bb133111eb)
        return value ^ (value >> np.uint64(31))
    with np.errstate(over="ignore"):
        index = np.arange(rows * columns, dtype=np.uint64)
        return (mix(mix(np.array([seed], np.uint64)) ^ index) >> np.uint64(40)).reshape(rows, columns)


def test_against_numpy(generated):
    """The embedding, which stands first: one panel's lanes are rows (see dialects/Encoding/Formats.h)."""
    rows, columns, scale = 75, 256, np.float32(np.sqrt(3 / 256))
    bits = random_bits(SEED, rows, columns)
    expected = scale * (bits.astype(np.float32) * np.float32(2 ** -23) - np.float32(1))
    panels = generated["f32"][:80 * columns * 4].view(np.float32).reshape(5, columns, 16)
    values = panels.transpose(0, 2, 1).reshape(80, columns)
    assert np.array_equal(values[:rows], expected) and not values[rows:].any()
    assert abs(values[:rows].mean()) < 0.01 * scale and abs(values[:rows].std() * 16 - 1) < 0.01

    blocks = generated["q4_1"][:5 * 8 * 320].reshape(5, 8, 320)  # d, m, four lines of 16 words
    d, m = (blocks[:, :, first:first + 32].copy().view(np.float16) for first in (0, 32))
    lines = blocks[:, :, 64:].copy().view(np.uint32).reshape(5, 8, 4, 16)
    quads = np.stack([lines >> shift & 0x0f0f0f0f for shift in (0, 4)], axis=3)  # [panel, block, line, half, lane]
    codes = quads.transpose(0, 4, 1, 2, 3).copy().view(np.uint8).reshape(80, columns)
    assert np.array_equal(codes[:rows], bits >> np.uint64(20)) and not codes[rows:].any()
    lanes = [number.transpose(0, 2, 1).reshape(80, 8) for number in (d, m)]
    assert (lanes[0][:rows] == np.float16(scale / 8)).all() and (lanes[1][:rows] == np.float16(-scale)).all()
    assert not lanes[0][rows:].any() and not lanes[1][rows:].any()


def test_a_file_without_its_numbers(ingot, tmp_path):
    """Of a model in a file its shape is taken; norms are 1. What was chosen stands in dumps."""
    run([ingot.compiler, tiny_path("byte_tokenizer_q8_0"), "--target=cuda", "--weights=random:3", "--compile-to=plan",
         "-o", tmp_path / "plan.mlir"])
    plan = (tmp_path / "plan.mlir").read_text()
    parameters = re.findall(r"model.parameter @\S+ : tensor<([\dx]+)x\w+.*?> (from|splat|random) (\S+)", plan)
    assert parameters and {(shape.count("x") == 1, kind) for shape, kind, _ in parameters} == {(True, "random"), (False, "splat")}
    assert 'weights = "random:3"' in plan
    text = tmp_path / "resumed.cu"
    run([ingot.compiler, tmp_path / "plan.mlir", "--compile-from=plan", "--compile-to=codegen", "-o", text])
    assert text.read_text() == emit(ingot, tiny_path("byte_tokenizer_q8_0"), tmp_path, "--weights=random:3")


def test_refused(ingot, tmp_path):
    model, out = tiny_path("byte_tokenizer_q8_0"), tmp_path / "out"
    for options, status, message in [
            (["--weights=random:3"], 1, "--weights=random:3 needs --target=cuda"),
            (["--target=cuda", "--weights=random"], 2, "--weights=random: expected one of embedded, external, random:SEED"),
            (["--target=cuda", "--weights=random:-1"], 2, "--weights=random:-1: expected one of"),
            (["--target=cuda", "--weights=random:99999999999999999999"], 2, "expected one of")]:
        finished = run([ingot.compiler, model, *options, "--compile-to=codegen", "-o", out], check=False)
        assert finished.status == status and message in finished.error and finished.error.count("\n") == 1, finished
        assert not out.exists()
    # A dump whose parameters were put back into the file.
    run([ingot.compiler, model, "--target=cuda", "--compile-to=plan", "-o", out])
    edited = tmp_path / "edited.mlir"
    edited.write_text(out.read_text().replace('weights = "embedded"', 'weights = "random:1"'))
    finished = run([ingot.compiler, edited, "--compile-from=plan", "--compile-to=codegen", "-o", tmp_path / "text"], check=False)
    assert finished.status == 1 and "expected numbers from a seed" in finished.error

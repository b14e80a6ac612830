"""The host emulation of CUDA: kernels that are right give what numpy gives, checked and unchecked; kernels that are wrong
are caught, with a message that names the place."""
import re
import subprocess

import numpy as np
import pytest

import nvcc
from fake_cuda import HERE, SHIM, CudaError, driver, in_child, run_kernel  # noqa: F401 (driver is a fixture)
import compile_for_host as shim_compiler

KERNELS = HERE / "kernels"

random = np.random.default_rng(5)


@pytest.fixture(scope="session")
def right(driver, tmp_path_factory):
    """right.cu as modules: [unchecked, checked]."""
    folder = tmp_path_factory.mktemp("modules")
    modules = [folder / "right.so", folder / "right-checked.so"]
    for check, module in enumerate(modules):
        shim_compiler.compile_module(KERNELS / "right.cu", module, driver, bool(check))
    return modules


@pytest.fixture(params=["unchecked", "checked", "shuffled"])
def launch(request, driver, right):
    """launch(kernel, grid, block, *arguments) in one of three ways; returns the arrays as they are afterwards."""
    check = request.param != "unchecked"

    def run(name, grid, block, *arguments, shared=0, times=1):
        environment = {"check": int(check), "seed": 7 if request.param == "shuffled" else 0}
        result, messages = in_child(run_kernel, driver, right[check], name, grid, block, arguments, shared, times,
                                    **environment)
        assert not isinstance(result, CudaError), f"{result}\n{messages}"
        assert messages == ""
        return result
    return run


def floats(*shape):
    return random.standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("n", [1, 31, 1000, 5000])
def test_block_reduction(launch, n):
    values = floats(n)
    _, sums = launch("reduce", 3, 256, values, ((3,), np.float32), np.int32(n))
    assert sums.sum() == pytest.approx(values.astype(np.float64).sum(), abs=1e-3)


@pytest.mark.parametrize("n", [16, 37])
def test_tiled_matmul(launch, n):
    a, b = floats(n, n), floats(n, n)
    tiles = (n + 15) // 16
    *_, c = launch("tiledMatmul", (tiles, tiles), (16, 16), a, b, ((n, n), np.float32), np.int32(n))
    np.testing.assert_allclose(c, a @ b, atol=1e-4)


def test_atomics_and_dynamic_shared_memory(launch):
    values = random.integers(0, 1000, 3000).astype(np.uint32)
    _, counts = launch("histogram", 5, 64, values, np.zeros(16, np.uint32), np.int32(len(values)), shared=64)
    np.testing.assert_array_equal(counts, np.bincount(values % 16, minlength=16))


def test_last_block_adds(launch):
    """Blocks are ordered by fences and an atomic counter."""
    values = floats(7 * 32)
    *_, finished, total = launch("lastBlockSum", 7, 32, values, ((7,), np.float32), np.zeros(1, np.uint32),
                                 ((1,), np.float32))
    assert total[0] == pytest.approx(values.sum(), abs=1e-4)
    assert finished[0] == 0


def test_syncwarp_vectors_and_structures(launch):
    values = floats(64, 4)
    pair = np.float32(2).tobytes() + np.int32(1).tobytes()
    _, out = launch("reverseWarp", 1, 64, values, ((64, 4), np.float32), pair)
    lanes = np.arange(64)
    np.testing.assert_array_equal(out, 2 * values[(lanes & 32) + ((31 - lanes % 32 + 1) & 31)])


def test_functions_of_a_warp(launch):
    """Against numpy, from the text of the PTX ISA on shfl.sync."""
    (out,) = launch("warpFunctions", 1, 64, ((14, 64), np.int32))
    lane = np.arange(64) % 32
    part = lane // 8 * 8
    expected = [
        lane // 2 * 3,
        (part + 5) * 3,
        np.where(lane >= 3, lane - 3, lane),
        np.where(lane - part >= 3, lane - 3, lane),
        np.where(lane + 3 < 32, lane + 3, lane),
        np.where(lane - part + 3 < 8, lane + 3, lane),
        lane ^ 5,
        np.where(lane ^ 9 < part + 8, lane ^ 9, lane),
        np.full(64, sum(1 << i for i in range(0, 32, 3))),
        np.ones(64),
        np.zeros(64),
        np.where(lane < 16, (lane ^ 1) + 3, -(1 << 31) | 0x2aaa0000),
        np.full(64, 2),
        np.array([0x77225500 | value for value in lane]),
    ]
    expected = np.array(expected, np.int64).astype(np.uint32).astype(np.int32)
    for row, name in enumerate(["shfl", "shfl 8", "up", "up 8", "down", "down 8", "xor", "xor 8", "ballot", "any", "all",
                                "halves", "count", "byte_perm"]):
        np.testing.assert_array_equal(out[row], expected[row], name)


def to_bfloat(values):
    bits = values.astype(np.float32).view(np.uint32)
    return ((bits + 0x7fff + (bits >> 16 & 1)) >> 16).astype(np.uint16)


def from_bfloat(bits):
    return (bits.astype(np.uint32) << 16).view(np.float32)


@pytest.mark.parametrize("element", ["half", "bfloat16"])
def test_mma(launch, element):
    """mma.sync on fragments laid out by hand, against a product of matrices."""
    a, b, c = floats(16, 16), floats(16, 8), floats(16, 8)
    if element == "half":
        bits = [matrix.astype(np.float16).view(np.uint16) for matrix in (a, b)]
        a, b = (matrix.view(np.float16).astype(np.float64) for matrix in bits)
    else:
        bits = [to_bfloat(matrix) for matrix in (a, b)]
        a, b = (from_bfloat(matrix).astype(np.float64) for matrix in bits)
    *_, d = launch("mmaFragments", 1, 32, *bits, c, ((16, 8), np.float32), np.int32(element == "bfloat16"))
    np.testing.assert_allclose(d, a @ b + c, rtol=1e-6, atol=1e-6)


def strided(shape, strides):
    """All offsets of a CuTe layout, its first mode running fastest."""
    offsets = np.zeros(1, int)
    for size, stride in zip(shape, strides):
        offsets = (np.arange(size)[:, None] * stride + offsets[None, :]).ravel()
    return offsets


def test_mma_as_cutlass_describes_it(launch):
    """Fragments dealt out by the (thread, value) layouts of CUTLASS, MMA_Traits<SM80_16x8x16_F32F16F16F32_TN>: offsets in
    matrices stored by columns (B transposed)."""
    layouts = {"a": ((4, 8, 2, 2, 2), (32, 1, 16, 8, 128)), "b": ((4, 8, 2, 2), (16, 1, 8, 64)),
               "c": ((4, 8, 2, 2), (32, 1, 16, 8))}
    offsets = {name: strided(*layout).reshape(-1, 32).T for name, layout in layouts.items()}  # [lane, value]
    a, b = floats(16, 16).astype(np.float16), floats(16, 8).astype(np.float16)
    *_, d = launch("mmaRegisters", 1, 32, a.T.ravel()[offsets["a"]], b.ravel()[offsets["b"]], ((32, 4), np.float32))
    product = np.zeros(16 * 8)
    product[offsets["c"]] = d
    np.testing.assert_allclose(product.reshape(8, 16).T, a.astype(np.float64) @ b.astype(np.float64), rtol=1e-5, atol=1e-5)


def test_mma_of_bytes(launch):
    a = random.integers(-128, 128, (16, 32)).astype(np.int8)
    b = random.integers(-128, 128, (8, 32)).astype(np.int8)
    *_, d = launch("mmaBytes", 1, 32, a, b, ((16, 8), np.int32))
    np.testing.assert_array_equal(d, a.astype(np.int32) @ b.T.astype(np.int32))


def test_mma_matmul(launch):
    """Asynchronous copies, ldmatrix (also transposed) and mma.sync together."""
    m, n, k = 32, 24, 64
    a, b = floats(m, k).astype(np.float16), floats(k, n).astype(np.float16)
    *_, c = launch("mmaMatmul", (n // 8, m // 16), 32, a, b, ((m, n), np.float32), np.int32(n), np.int32(k))
    np.testing.assert_allclose(c, a.astype(np.float64) @ b.astype(np.float64), rtol=1e-5, atol=1e-5)


def test_roundings(launch):
    values = np.concatenate([floats(200) * 10.0 ** random.integers(-9, 6, 200), [65504, 65519, 65520, 0, 2.0**-24, np.inf]])
    values = values.astype(np.float32)
    n = len(values)
    _, half, bfloat = launch("roundings", 2, 128, values, ((n,), np.float32), ((n,), np.float32), np.int32(n))
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(half, values.astype(np.float16).astype(np.float32))
    np.testing.assert_array_equal(bfloat, from_bfloat(to_bfloat(values)))


def test_variables_of_a_module(launch):
    (value,) = launch("count", 1, 32, ((1,), np.int32), times=3)
    assert value[0] == 5 + 2 * 2


def test_nvcc_compiles_the_right_kernels(tmp_path):
    """What the shim runs is CUDA C++."""
    command = [nvcc.require(), "-std=c++17", "-arch=sm_80", "-ptx", KERNELS / "right.cu", "-o", tmp_path / "right.ptx"]
    compiled = subprocess.run(command, capture_output=True, text=True, check=False)
    assert compiled.returncode == 0, compiled.stdout + compiled.stderr


def wrong_kernels():
    """(name, line, what must be reported) of each kernel in wrong.cu."""
    name, found = None, []
    for number, line in enumerate((KERNELS / "wrong.cu").read_text().splitlines(), 1):
        begun = re.search(r"__global__ void (\w+)", line)
        name = begun[1] if begun else name
        if "// expect: " in line:
            found.append((name, number, line.split("// expect: ")[1]))
    assert len({name for name, *_ in found}) == len(found) == (KERNELS / "wrong.cu").read_text().count("__global__")
    return found


# Kernel: blocks, and arguments that are not two buffers of 512 floats each, initialised and big enough.
SPECIAL = {
    "pastTheEnd": (1, [floats(100), floats(200)]),
    "shuffleOrdersNothing": (1, [floats(128)]),
    "syncwarpOrdersNoOtherWarp": (1, [floats(128)]),
    "pastTheSharedArray": (1, [floats(128)]),
    "indexOfSharedArray": (1, [floats(128), np.int32(1)]),
    "pastDynamicShared": (1, [floats(128)]),
    "uninitialisedShared": (1, [floats(128)]),
    "uninitialisedSum": (1, [floats(128)]),
    "sharedOfAnotherBlock": (2, [floats(128)]),
    "uninitialisedGlobal": (1, [((128,), np.float32), floats(128)]),
    "leftBarrier": (1, [floats(128)]),
    "divergentBarrier": (1, [floats(128)]),
    "divergentShuffle": (1, [floats(128)]),
    "shuffleFromOutside": (1, [floats(128)]),
    "maskWithoutCaller": (1, [floats(128)]),
    "blocksWriteTheSame": (2, [floats(128)]),
    "blocksReadEachOther": (2, [floats(256), floats(256)]),
    "threadsAddToOne": (1, [floats(128)]),
    "atomicAndPlain": (1, [floats(128)]),
    "lastBlockWithoutFence": (4, [floats(4), np.zeros(1, np.uint32), floats(1)]),
    "localOfAnotherThread": (1, [floats(128)]),
    "nullPointer": (1, [floats(128), 0]),
    "shiftTooFar": (1, [floats(128)]),
}
THREADS = {"shuffleOrdersNothing": 32, "syncwarpOrdersNoOtherWarp": 64, "lastBlockWithoutFence": 1}


# Begun before what they come after has ended.
EARLY = {"readsBeforeItWaits", "waitsForOthers", "copiesBeforeItWaits", "asksForWhatIsNotThere"}


@pytest.fixture(scope="session")
def wrong(driver, tmp_path_factory):
    module = tmp_path_factory.mktemp("modules") / "wrong.so"
    shim_compiler.compile_module(KERNELS / "wrong.cu", module, driver, check=True)
    return module


@pytest.mark.parametrize("name, line, expected", wrong_kernels(), ids=[name for name, *_ in wrong_kernels()])
def test_wrong_kernel_is_caught(driver, wrong, name, line, expected):
    blocks, arguments = SPECIAL.get(name, (1, [floats(512), floats(512)]))
    shared = 256 if name == "pastDynamicShared" else 0
    result, messages = in_child(run_kernel, driver, wrong, name, blocks, THREADS.get(name, 128), arguments, shared, 1,
                                name in EARLY, check=1, capability=90)
    assert isinstance(result, CudaError) and "CUDA_ERROR_LAUNCH_FAILED" in str(result), f"{name} was not caught"
    assert messages.count("\n") == 1 and messages.startswith("fake CUDA: error: "), messages
    assert f"kernel {name}, block (" in messages
    assert re.search(expected, messages), messages
    assert f"wrong.cu:{line}:" in messages, messages


@pytest.mark.parametrize("text, message", [
    ("*reinterpret_cast<volatile int *>(8) = 1;", r"an access to what is no memory \(address 0x8\)"),
    ("volatile char room[200000]; room[threadIdx.x] = 1;", "its local memory is full"),
])
def test_a_fault_ends_the_launch_only(driver, tmp_path, text, message):
    """Unchecked kernels too name themselves when they touch what is not mapped."""
    source = tmp_path / "fault.cu"
    source.write_text('extern "C" __global__ void fault() { ' + text + " }\n")
    module = tmp_path / "fault.so"
    shim_compiler.compile_module(source, module, driver)
    result, messages = in_child(run_kernel, driver, module, "fault", 1, 32, [])
    assert isinstance(result, CudaError), "not caught"
    assert re.search(r"kernel fault, block \(0, 0, 0\), thread \(0, 0, 0\): " + f"({message})", messages), messages


@pytest.mark.parametrize("text, message", [
    ('extern "C" __global__ void k(float *x) { *x = __expf(*x); }', "__expf"),
    ('extern "C" __global__ void k() { asm("griddepcontrol.wait;"); }', "griddepcontrol"),
    ('__global__ void k() {}', 'line 1: a kernel must begin with extern "C" __global__'),
    ("int nothing;", "there is no kernel in it"),
])
def test_what_is_not_emulated_does_not_compile(driver, tmp_path, text, message):
    source = tmp_path / "unknown.cu"
    source.write_text(text + "\n")
    command = [SHIM / "compile_for_host.py", source, "-o", tmp_path / "unknown.so", "--driver", driver]
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 1 and message in refused.stderr, refused.stderr
    assert not (tmp_path / "unknown.so").exists()


# Of kernels with barriers, waits and bounds: grid, block, arguments, dynamic shared memory.
MUTATED = {
    "reduce": (3, 256, [floats(1000), ((3,), np.float32), np.int32(1000)], 0),
    "tiledMatmul": ((3, 3), (16, 16), [floats(37, 37), floats(37, 37), ((37, 37), np.float32), np.int32(37)], 0),
    "histogram": (5, 64, [random.integers(0, 99, 3000).astype(np.uint32), np.zeros(16, np.uint32),
                           np.int32(3000)], 64),
    "lastBlockSum": (7, 32, [floats(224), ((7,), np.float32), np.zeros(1, np.uint32), ((1,), np.float32)], 0),
    "reverseWarp": (1, 64, [floats(64, 4), ((64, 4), np.float32), bytes(8)], 0),
    "mmaMatmul": ((3, 2), 32, [floats(32, 64).astype(np.float16), floats(64, 24).astype(np.float16),
                               ((32, 24), np.float32), np.int32(24), np.int32(64)], 0),
    "matvec": (4, 128, [np.zeros((4, 512, 4), np.uint32), floats(4096), ((4,), np.float32), np.int32(4096)], 0),
}


def mutations():
    """(kernel, line, what goes, text) for every barrier, wait and fence deleted and every `< n` made `<= n`, except of
    tiledMatmul's loop, which ends at the same multiple of the tile's width."""
    text = (KERNELS / "right.cu").read_text()
    for match in re.finditer(r"__sync(?:threads|warp)\(\);|copyWait<\d>\(\);|__threadfence\(\);|(?<!\bk )< n\b", text):
        name = re.findall(r"__global__ void (?:__launch_bounds__\(\d+\) )?(\w+)\(", text[:match.start()])[-1]
        if name in MUTATED:
            instead = "<= n" if match[0] == "< n" else ""
            yield name, text.count("\n", 0, match.start()) + 1, match[0], text[:match.start()] + instead + text[match.end():]


@pytest.mark.full
@pytest.mark.parametrize("name, line, what, text", [pytest.param(*mutation, id=f"{mutation[0]}-{mutation[1]}-{number}")
                                                    for number, mutation in enumerate(mutations())])
def test_mutation_is_caught(driver, tmp_path, name, line, what, text):
    source, module = tmp_path / "mutated.cu", tmp_path / "mutated.so"
    source.write_text(text)
    shim_compiler.compile_module(source, module, driver, True, ["-I", KERNELS])
    grid, block, arguments, shared = MUTATED[name]
    result, _ = in_child(run_kernel, driver, module, name, grid, block, arguments, shared, check=1)
    assert isinstance(result, CudaError), f"{name}: without '{what}' of line {line} nothing is reported"

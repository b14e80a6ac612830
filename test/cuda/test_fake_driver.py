"""The fake driver: order of streams, events and graphs, faults, limits, and what is refused."""
import ctypes
import pathlib
import re
import subprocess

import numpy as np
import pytest

import nvcc
from fake_cuda import SHIM, CudaError, driver, in_child  # noqa: F401 (driver is a fixture)
from test_shim import floats, right  # noqa: F401 (fixtures)

N = 256


class Setting:
    """A device with a buffer of zeros, and a kernel that adds one to each of them."""

    def __init__(self, cuda, module):
        self.cuda = cuda
        self.module = cuda.module(module)
        self.increment = cuda.function(self.module, "increment")
        self.values = cuda.upload(np.zeros(N, np.float32))

    def launch(self, stream=None, values=None):
        self.cuda.launch(self.increment, N // 64, 64, values or self.values, np.int32(N), stream=stream)

    def stream(self):
        return self.cuda.made("cuStreamCreate", 1)  # CU_STREAM_NON_BLOCKING

    def event(self):
        return self.cuda.made("cuEventCreate", 0)

    def result(self):
        return self.cuda.download(self.values, N, np.float32)


def scenario(function, driver, right, check=True, **environment):  # noqa: F811
    return in_child(lambda cuda: function(Setting(cuda, right[check])), driver, check=int(check), **environment)


@pytest.fixture
def play(driver, right):  # noqa: F811
    """Runs a scenario that must succeed without a word, in several orders of what is in no order."""
    def run(function, **environment):
        results = []
        for seed in range(4):
            result, messages = scenario(function, driver, right, seed=seed, **environment)
            assert not isinstance(result, CudaError), result
            assert messages == ""
            results.append(result)
        assert all(np.array_equal(result, results[0]) for result in results)
        return results[0]
    return run


def test_streams_in_order(play):
    def in_order(on):
        stream = on.stream()
        for _ in range(5):
            on.launch(stream)
        on.cuda.cuStreamSynchronize(stream)
        return on.result()
    assert (play(in_order) == 5).all()


def test_events_order_streams(play):
    def ordered(on):
        first, second, event = on.stream(), on.stream(), on.event()
        on.launch(first)
        on.cuda.cuEventRecord(event, first)
        on.cuda.cuStreamWaitEvent(second, event, 0)
        on.launch(second)
        on.cuda.cuStreamSynchronize(second)
        return on.result()
    assert (play(ordered) == 2).all()


@pytest.mark.parametrize("seed", range(4))
def test_unordered_streams_are_caught(driver, right, seed):  # noqa: F811
    def unordered(on):
        first, second = on.stream(), on.stream()
        on.launch(first)
        on.launch(second)
        on.cuda.cuCtxSynchronize()
    result, messages = scenario(unordered, driver, right, seed=seed)
    assert isinstance(result, CudaError)
    assert re.search(r"kernel increment.*race: kernel increment wrote it, and nothing orders the two operations", messages)


def test_unordered_copy_is_caught(driver, right):  # noqa: F811
    def unordered(on):
        first, second = on.stream(), on.stream()
        pinned = on.cuda.made("cuMemHostAlloc", 4 * N, 0)
        on.launch(first)
        on.cuda.cuMemcpyDtoHAsync_v2(pinned, on.values, 4 * N, second)
        on.cuda.cuCtxSynchronize()
    result, messages = scenario(unordered, driver, right)
    assert isinstance(result, CudaError)
    assert "nothing orders the two operations" in messages


def test_a_host_that_does_not_wait_reads_old_results(driver, right):  # noqa: F811
    def too_early(on):
        stream = on.stream()
        pinned = on.cuda.made("cuMemHostAlloc", 4 * N, 0)
        view = np.ctypeslib.as_array(ctypes.cast(pinned, ctypes.POINTER(ctypes.c_float)), (N,))
        view[:] = -1
        on.launch(stream)
        on.cuda.cuMemcpyDtoHAsync_v2(pinned, on.values, 4 * N, stream)
        early = view.copy()
        on.cuda.cuStreamSynchronize(stream)
        return early, view.copy()
    (early, late), _ = scenario(too_early, driver, right)
    assert (early == -1).all() and (late == 1).all()


class KernelNode(ctypes.Structure):
    """CUDA_KERNEL_NODE_PARAMS"""
    _fields_ = [("function", ctypes.c_void_p), ("sizes", ctypes.c_uint * 6), ("shared", ctypes.c_uint),
                ("parameters", ctypes.c_void_p), ("extra", ctypes.c_void_p), ("kernel", ctypes.c_void_p),
                ("context", ctypes.c_void_p)]


def add_kernel(on, graph, after, values):
    parameters = on.cuda.parameters(values, np.int32(N))
    node = KernelNode(on.increment, (N // 64, 1, 1, 64, 1, 1), 0, ctypes.addressof(parameters))
    dependencies = (ctypes.c_void_p * max(1, len(after)))(*after)
    return on.cuda.made("cuGraphAddKernelNode_v2", graph, dependencies, len(after), ctypes.byref(node))


def run_graph(on, graph, times):
    executable = on.cuda.made("cuGraphInstantiateWithFlags", graph, 0)
    on.cuda.cuGraphDestroy(graph)
    stream = on.stream()
    for _ in range(times):
        on.cuda.cuGraphLaunch(executable, stream)
    on.cuda.cuStreamSynchronize(stream)
    return on.result()


def test_graph(play):
    """A diamond whose middle nodes work on other memory, launched three times."""
    def diamond(on):
        graph = on.cuda.made("cuGraphCreate", 0)
        other = on.cuda.upload(np.zeros(N, np.float32))
        first = add_kernel(on, graph, [], on.values)
        middle = [add_kernel(on, graph, [first], values) for values in (on.values, other)]
        add_kernel(on, graph, middle, on.values)
        return run_graph(on, graph, 3)
    assert (play(diamond) == 9).all()


@pytest.mark.parametrize("seed", range(3))
def test_graph_without_an_edge_is_caught(driver, right, seed):  # noqa: F811
    def missing(on):
        graph = on.cuda.made("cuGraphCreate", 0)
        first = add_kernel(on, graph, [], on.values)
        for _ in range(2):
            add_kernel(on, graph, [first], on.values)
        return run_graph(on, graph, 1)
    result, messages = scenario(missing, driver, right, seed=seed)
    assert isinstance(result, CudaError) and "nothing orders the two operations" in messages


def test_captured_streams(play):
    def capture(on):
        first, second = on.stream(), on.stream()
        fork, join = on.event(), on.event()
        other = on.cuda.upload(np.zeros(N, np.float32))
        on.cuda.cuStreamBeginCapture_v2(first, 0)
        on.launch(first)
        on.cuda.cuEventRecord(fork, first)
        on.cuda.cuStreamWaitEvent(second, fork, 0)
        on.launch(second, other)
        on.launch(first)
        on.cuda.cuEventRecord(join, second)
        on.cuda.cuStreamWaitEvent(first, join, 0)
        on.cuda.cuMemcpyDtoDAsync_v2(other, on.values, 4 * N, first)
        on.launch(first)
        graph = ctypes.c_void_p()
        on.cuda.cuStreamEndCapture(first, ctypes.byref(graph))
        assert (on.result() == 0).all()
        return run_graph(on, graph, 2)
    assert (play(capture) == 6).all()


def test_virtual_clock(play):
    """Times are a function of the program: two copies at once take as long as one."""
    def timed(on):
        def elapsed(streams):
            start, ends = on.event(), [on.event() for _ in streams]
            buffers = [on.cuda.allocate(1 << 20) for _ in streams]
            pinned = [on.cuda.made("cuMemHostAlloc", 1 << 20, 0) for _ in streams]
            on.cuda.cuEventRecord(start, streams[0])
            for stream, end, buffer, host in zip(streams, ends, buffers, pinned):
                on.cuda.cuMemcpyHtoDAsync_v2(buffer, host, 1 << 20, stream)
                on.cuda.cuEventRecord(end, stream)
            on.cuda.cuCtxSynchronize()
            times = []
            for end in ends:
                time = ctypes.c_float()
                on.cuda.cuEventElapsedTime_v2(ctypes.byref(time), start, end)
                times.append(time.value)
            return max(times)
        one, two = on.stream(), on.stream()
        return [elapsed([one]), elapsed([one, two]), elapsed([one, one])]
    alone, together, in_turn = play(timed, check=True)
    assert alone == pytest.approx(1e3 * (1e-6 + 2**20 / 25e9), rel=1e-3)
    assert together == pytest.approx(alone, rel=1e-3) and in_turn == pytest.approx(2 * alone, rel=1e-3)


def test_injected_failure_is_final(driver, right):  # noqa: F811
    def fails(on):
        on.launch()
        on.cuda.cuCtxSynchronize()
        on.launch()
        for _ in range(2):
            with pytest.raises(CudaError, match="LAUNCH_FAILED.*kernel increment: launch 2 fails"):
                on.cuda.cuCtxSynchronize()
        with pytest.raises(CudaError, match="LAUNCH_FAILED"):
            on.cuda.allocate(4)
    result, messages = scenario(fails, driver, right, check=False, fail_launch=2)
    assert result is None and messages.count("\n") == 1


def test_memory_is_bounded(driver, right):  # noqa: F811
    def fill(on):
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        on.cuda.cuMemGetInfo_v2(ctypes.byref(free), ctypes.byref(total))
        pointer = on.cuda.allocate(free.value)
        with pytest.raises(CudaError, match="OUT_OF_MEMORY"):
            on.cuda.allocate(1)
        on.cuda.cuMemFree_v2(pointer)
        on.cuda.allocate(1)
        return free.value, total.value
    assert scenario(fill, driver, right, check=False, memory=1 << 20)[0] == ((1 << 20) - 4 * N, 1 << 20)


def test_freed_memory_is_not_used(driver, right):  # noqa: F811
    def after_free(on):
        on.cuda.cuMemFree_v2(on.values)
        on.launch()
        on.cuda.cuCtxSynchronize()
    result, messages = scenario(after_free, driver, right)
    assert isinstance(result, CudaError) and "the memory has been freed" in messages


@pytest.mark.parametrize("grid, block, shared, expected", [
    (0, 64, 0, "a grid of"),
    (1, 1025, 0, "a block of"),
    ((1, 65536), 64, 0, "a grid of"),
    (1, 64, 49153, "without cuFuncSetAttribute, 49152 are allowed"),
])
def test_limits_of_a_launch(driver, right, grid, block, shared, expected):  # noqa: F811
    def launch(on):
        on.cuda.launch(on.increment, grid, block, on.values, np.int32(N), shared=shared)
    result, messages = scenario(launch, driver, right, check=False)
    assert isinstance(result, CudaError) and expected in messages


def test_launch_bounds(driver, right):  # noqa: F811
    def launch(on):
        function = on.cuda.function(on.cuda.module(right[0]), "reduce")
        on.cuda.launch(function, 1, 288, on.values, on.values, np.int32(1))
    result, messages = scenario(launch, driver, right, check=False)
    assert "LAUNCH_OUT_OF_RESOURCES" in str(result) and "__launch_bounds__ has 256" in messages


def test_devices(driver, right):  # noqa: F811
    def capability(on):
        value = ctypes.c_int()
        on.cuda.cuDeviceGetAttribute(ctypes.byref(value), 75, 0)
        return value.value
    assert scenario(capability, driver, right, check=False, capability=90)[0] == 9
    result, _ = scenario(capability, driver, right, check=False, devices=0)
    assert "CUDA_ERROR_NO_DEVICE" in str(result)


def test_image_for_a_device_needs_a_module(driver, right):  # noqa: F811
    def load(on):
        module = on.cuda.made("cuModuleLoadData", b"\x50\xed\x55\xba" + bytes(60))  # The magic number of a fat binary.
        return on.cuda.function(module, "increment") is not None
    assert scenario(load, driver, right, check=False, module=right[0])[0] is True
    result, messages = scenario(load, driver, right, check=False)
    assert "NO_BINARY_FOR_GPU" in str(result) and "INGOT_FAKE_CUDA_MODULE" in messages


def test_numbers_are_those_of_cuda_h(tmp_path):
    """Every enumerator and the layout of every structure of api.h."""
    header = nvcc.require().resolve().parent.parent / "include" / "cuda.h"
    api = (SHIM / "driver" / "api.h").read_text()
    lines = [f'#include "{header}"', "namespace fake {", api[api.index("enum CUresult"):api.index("// NOLINTEND")], "}"]
    lines += [f"static_assert(fake::{ours} == CU_GRAPH_KERNEL_NODE_PORT_{real});"
              for ours, real in [("programmaticPort", "PROGRAMMATIC"), ("launchOrderPort", "LAUNCH_ORDER")]]
    lines += [f"static_assert(int(fake::{name}) == int(::{name}));" for name in re.findall(r"^  (CU\w+) = ", api, re.M)]
    for name, real in [("CUDA_KERNEL_NODE_PARAMS", "CUDA_KERNEL_NODE_PARAMS_v2"), ("CUDA_MEMCPY3D", "CUDA_MEMCPY3D_v2"),
                       ("CUDA_MEMSET_NODE_PARAMS", "CUDA_MEMSET_NODE_PARAMS_v1"), ("CUlaunchConfig", "CUlaunchConfig"),
                       ("CUlaunchAttribute", "CUlaunchAttribute"),
                       ("CUDA_CONDITIONAL_NODE_PARAMS", "CUDA_CONDITIONAL_NODE_PARAMS"),
                       ("CUgraphNodeParams", "CUgraphNodeParams"), ("CUgraphEdgeData", "CUgraphEdgeData")]:
        lines.append(f"static_assert(sizeof(fake::{name}) == sizeof(::{real}));")
        body = re.search(rf"struct {name} {{(.*?)}};", api, re.S)[1]
        for field in re.findall(r"(\w+)(?:\[\d+\])?[,;]", body):
            lines.append(f"static_assert(offsetof(fake::{name}, {field}) == offsetof(::{real}, {field}));")
    source = tmp_path / "compare.cpp"
    source.write_text("#include <cstddef>\n#include <cstdint>\n" + "\n".join(lines) + "\n")
    compared = subprocess.run(["clang++-22", "-std=c++20", "-fsyntax-only", source], capture_output=True, text=True,
                              check=False)
    assert compared.returncode == 0, compared.stderr

"""The fake driver: edges of graphs over which a kernel begins before the one ahead of it has ended, and waits for it (CUDA
Driver API, "Graph Management"; CUDA Programming Guide, "Programmatic Dependent Launch"), and their misuse."""
import ctypes

import numpy as np
import pytest

from fake_cuda import CudaError, driver  # noqa: F401 (driver is a fixture)
from test_fake_driver import N, KernelNode, play, run_graph, scenario  # noqa: F401 (play is a fixture)
from test_loops import add_loop, make_handle
from test_shim import right  # noqa: F401 (a fixture)

PROGRAMMATIC, LAUNCH_ORDER = 1, 2  # CU_GRAPH_KERNEL_NODE_PORT_*
HOPPER = {"capability": 90}


class Edge(ctypes.Structure):
    """CUgraphEdgeData"""
    _fields_ = [("from_port", ctypes.c_ubyte), ("to_port", ctypes.c_ubyte), ("type", ctypes.c_ubyte),
                ("reserved", ctypes.c_ubyte * 5)]


def add_kernel(on, graph, name="incrementLater"):
    parameters = on.cuda.parameters(on.values, np.int32(N))
    node = KernelNode(on.cuda.function(on.module, name), (N // 64, 1, 1, 64, 1, 1), 0, ctypes.addressof(parameters))
    return on.cuda.made("cuGraphAddKernelNode_v2", graph, None, 0, ctypes.byref(node))


def connect(on, graph, before, after, **edge):
    """A programmatic edge, unless `edge` says otherwise."""
    edge = Edge(**{"from_port": PROGRAMMATIC, "type": 1, **edge})
    on.cuda.cuGraphAddDependencies_v2(graph, ctypes.byref(before), ctypes.byref(after), ctypes.byref(edge), 1)


def chain(on, names=("increment", "incrementLater", "incrementLater"), graph=None, **edge):
    graph = graph or on.cuda.made("cuGraphCreate", 0)
    nodes = [add_kernel(on, graph, name) for name in names]
    for before, after in zip(nodes, nodes[1:]):
        connect(on, graph, before, after, **edge)
    return graph


@pytest.mark.parametrize("port", [PROGRAMMATIC, LAUNCH_ORDER])
def test_chain(play, port):  # noqa: F811
    """What a kernel has waited for, the one after it need not wait for."""
    assert (play(lambda on: run_graph(on, chain(on, from_port=port), 2), **HOPPER) == 6).all()


def test_edges_without_data_are_full(play):  # noqa: F811
    def full(on):
        graph = on.cuda.made("cuGraphCreate", 0)
        nodes = [add_kernel(on, graph, "increment") for _ in range(2)]
        on.cuda.cuGraphAddDependencies_v2(graph, ctypes.byref(nodes[0]), ctypes.byref(nodes[1]), None, 1)
        return run_graph(on, graph, 1)
    assert (play(full) == 2).all()


def test_stream(play):  # noqa: F811
    def launches(on):
        for name in ("increment", "incrementLater"):
            on.cuda.launch(on.cuda.function(on.module, name), N // 64, 64, on.values, np.int32(N),
                           early=name == "incrementLater")
        on.cuda.cuCtxSynchronize()
        return on.result()
    assert (play(launches, **HOPPER) == 2).all()


@pytest.mark.parametrize("check", [False, True])
def test_forgotten_wait_is_caught(driver, right, check):  # noqa: F811
    """Also where nobody looks at accesses, and also of a kernel in the middle, whose results are read after a wait."""
    names = ["increment", "increment", "incrementLater"]
    result, messages = scenario(lambda on: run_graph(on, chain(on, names), 1), driver, right, check, **HOPPER)
    assert isinstance(result, CudaError) and "waited for the kernels that its own comes after" in messages, messages


def test_image_for_older_devices(driver, right):  # noqa: F811
    """A driver compiles its PTX for the device; nothing in it waits."""
    result, messages = scenario(lambda on: run_graph(on, chain(on), 1), driver, right, image=80, **HOPPER)
    assert isinstance(result, CudaError) and "compiled for devices on which nothing waits" in messages


def test_refused(driver, right):  # noqa: F811
    def new_graph(on):
        return on.cuda.made("cuGraphCreate", 0)

    def twice(on):
        graph = new_graph(on)
        nodes = [add_kernel(on, graph) for _ in range(2)]
        for _ in range(2):
            connect(on, graph, *nodes)

    def after_nothing(on):
        graph = new_graph(on)
        empty = on.cuda.made("cuGraphAddEmptyNode", graph, None, 0)
        connect(on, graph, empty, add_kernel(on, graph))

    def in_a_loop(on):
        graph = new_graph(on)
        chain(on, graph=add_loop(on, graph, [], make_handle(on, graph))[1])

    def between_graphs(on):
        graph = new_graph(on)
        connect(on, graph, add_kernel(on, new_graph(on)), add_kernel(on, graph))

    for function, expected in [(twice, "added twice"), (after_nothing, "only be used between kernel nodes"),
                               (in_a_loop, "in the body of a conditional node"), (between_graphs, "another graph"),
                               (lambda on: chain(on, from_port=0), "leaves from port 0"),
                               (lambda on: chain(on, type=0), "type 0 from port 1"),
                               (lambda on: chain(on, to_port=1), "must be 0")]:
        result, messages = scenario(function, driver, right, **HOPPER)
        assert isinstance(result, CudaError) and expected in messages, (result, messages)
    result, _ = scenario(chain, driver, right, driver_version=12020, **HOPPER)
    assert "NOT_SUPPORTED" in str(result)

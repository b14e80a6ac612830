"""The fake driver: WHILE nodes of graphs, whose condition kernels set (CUDA Driver API, "Graph Management"; conditional
nodes), and their misuse."""
import ctypes

import numpy as np
import pytest

from fake_cuda import CudaError, driver  # noqa: F401 (driver is a fixture)
from test_fake_driver import N, KernelNode, add_kernel, play, run_graph, scenario  # noqa: F401 (play is a fixture)
from test_shim import right  # noqa: F401 (a fixture)

DEFAULT = 1  # CU_GRAPH_COND_ASSIGN_DEFAULT


class NodeParameters(ctypes.Structure):
    """CUgraphNodeParams of a conditional node."""
    _fields_ = [("kind", ctypes.c_int), ("reserved", ctypes.c_int * 3), ("handle", ctypes.c_uint64), ("type", ctypes.c_int),
                ("size", ctypes.c_uint), ("bodies", ctypes.POINTER(ctypes.c_void_p)), ("context", ctypes.c_void_p),
                ("padding", ctypes.c_longlong * 26)]


def make_handle(on, graph, value=1, flags=DEFAULT):
    return on.cuda.made("cuGraphConditionalHandleCreate", graph, None, value, flags).value or 0


def add_loop(on, graph, after, handle, size=1, kind=1):
    """The node, and its body."""
    parameters = NodeParameters(kind=13, handle=handle, type=kind, size=size)
    node = on.cuda.made("cuGraphAddNode_v2", graph, (ctypes.c_void_p * max(1, len(after)))(*after), None, len(after),
                        ctypes.byref(parameters))
    return node, ctypes.c_void_p(parameters.bodies[0])


def add_count_down(on, graph, after, handle, left, threads=1):
    function = on.cuda.function(on.module, "countDown")
    parameters = on.cuda.parameters(np.uint64(handle), left)
    node = KernelNode(function, (1, 1, 1, threads, 1, 1), 0, ctypes.addressof(parameters))
    dependencies = (ctypes.c_void_p * max(1, len(after)))(*after)
    return on.cuda.made("cuGraphAddKernelNode_v2", graph, dependencies, len(after), ctypes.byref(node))


def counted_loop(on, count, first=1):
    """A graph that adds one to all values `count` times in a loop, and once more after it; `first` is the condition before
    the first time."""
    left = on.cuda.upload(np.array([count], np.int32))
    graph = on.cuda.made("cuGraphCreate", 0)
    handle = make_handle(on, graph, first)
    loop, body = add_loop(on, graph, [], handle)
    incremented = add_kernel(on, body, [], on.values)
    add_count_down(on, body, [incremented], handle, left)
    add_kernel(on, graph, [loop], on.values)
    return graph


def test_loop(play):  # noqa: F811
    assert (play(lambda on: run_graph(on, counted_loop(on, 5), 1)) == 6).all()


def test_loop_that_does_not_begin(play):  # noqa: F811
    assert (play(lambda on: run_graph(on, counted_loop(on, 5, first=0), 2)) == 2).all()


def test_condition_from_before_the_loop(play):  # noqa: F811
    """Set in each launch by a kernel that the node comes after; the second launch has nothing left to do."""
    def counted(on):
        left = on.cuda.upload(np.array([4], np.int32))
        graph = on.cuda.made("cuGraphCreate", 0)
        handle = make_handle(on, graph, flags=0)
        loop, body = add_loop(on, graph, [add_count_down(on, graph, [], handle, left)], handle)
        add_count_down(on, body, [add_kernel(on, body, [], on.values)], handle, left)
        return run_graph(on, graph, 2)
    assert (play(counted) == 3).all()


def test_queries_see_a_loop_run(play):  # noqa: F811
    """Its body runs once between two queries, so that a host sees what it writes as it goes."""
    def watch(on):
        stream = on.stream()
        executable = on.cuda.made("cuGraphInstantiateWithFlags", counted_loop(on, 3), 0)
        on.cuda.cuGraphLaunch(executable, stream)
        waits = 0
        while on.cuda.library.cuStreamQuery(stream) == 600:
            waits += 1
        return np.append(on.result(), waits)
    *values, waits = play(watch)
    assert waits >= 3 and set(values) == {4}


def refused(driver, right, function, expected):  # noqa: F811
    result, messages = scenario(function, driver, right)
    assert isinstance(result, CudaError) and expected in messages, (result, messages)


def test_handles(driver, right):  # noqa: F811
    def of_another_graph(on):
        graph, other = (on.cuda.made("cuGraphCreate", 0) for _ in range(2))
        add_loop(on, graph, [], make_handle(on, other))

    def of_two_nodes(on):
        graph = on.cuda.made("cuGraphCreate", 0)
        handle = make_handle(on, graph)
        for _ in range(2):
            add_loop(on, graph, [], handle)

    def of_no_node(on):
        graph = on.cuda.made("cuGraphCreate", 0)
        make_handle(on, graph)
        run_graph(on, graph, 1)

    def with_two_bodies(on):
        graph = on.cuda.made("cuGraphCreate", 0)
        add_loop(on, graph, [], make_handle(on, graph), size=2)

    def of_a_branch(on):
        graph = on.cuda.made("cuGraphCreate", 0)
        add_loop(on, graph, [], make_handle(on, graph), kind=0)

    def body_alone(on):
        graph = on.cuda.made("cuGraphCreate", 0)
        _, body = add_loop(on, graph, [], make_handle(on, graph))
        on.cuda.made("cuGraphInstantiateWithFlags", body, 0)

    for function, expected in [(of_another_graph, "was not made for its graph"), (of_two_nodes, "belongs to another node"),
                               (of_no_node, "belongs to no node"), (with_two_bodies, "one body, not 2"),
                               (of_a_branch, "WHILE nodes alone"), (body_alone, "runs in the graph of the node")]:
        refused(driver, right, function, expected)


def test_conditions(driver, right):  # noqa: F811
    def outside(on):
        graph = on.cuda.made("cuGraphCreate", 0)
        on.cuda.launch(on.cuda.function(on.module, "countDown"), 1, 1, np.uint64(make_handle(on, graph)), on.values)
        on.cuda.cuCtxSynchronize()

    def of_another_graph(on):
        graph, other = (on.cuda.made("cuGraphCreate", 0) for _ in range(2))
        handle = make_handle(on, other)
        add_loop(on, other, [], handle)
        add_count_down(on, graph, [], handle, on.values)
        run_graph(on, graph, 1)

    def by_two_threads(on):
        graph = on.cuda.made("cuGraphCreate", 0)
        handle = make_handle(on, graph)
        _, body = add_loop(on, graph, [], handle)
        add_count_down(on, body, [], handle, on.values, threads=2)
        run_graph(on, graph, 1)

    def without_an_edge(on):
        graph = on.cuda.made("cuGraphCreate", 0)
        handle = make_handle(on, graph, value=0)
        add_count_down(on, graph, [], handle, on.values)
        add_loop(on, graph, [], handle)
        run_graph(on, graph, 1)

    def without_a_value(on):
        graph = on.cuda.made("cuGraphCreate", 0)
        add_loop(on, graph, [], make_handle(on, graph, flags=0))
        run_graph(on, graph, 1)

    def endless(on):
        graph = on.cuda.made("cuGraphCreate", 0)
        add_loop(on, graph, [], make_handle(on, graph))
        run_graph(on, graph, 1)

    for function, expected in [(outside, "not in the graph of this kernel"), (of_another_graph, "not in the graph of this"),
                               (by_two_threads, "race"), (without_an_edge, "nothing orders it and the kernel"),
                               (without_a_value, "has no value"), (endless, "has run 100000 times")]:
        refused(driver, right, function, expected)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_unordered_with_a_loop_is_caught(driver, right, seed):  # noqa: F811
    def beside(on):
        graph = counted_loop(on, 2)
        add_kernel(on, graph, [], on.values)
        return run_graph(on, graph, 1)
    result, messages = scenario(beside, driver, right, seed=seed)
    assert isinstance(result, CudaError) and "nothing orders the two operations" in messages


def test_older_driver(driver, right):  # noqa: F811
    result, _ = scenario(lambda on: counted_loop(on, 1), driver, right, driver_version=12030)
    assert "NOT_SUPPORTED" in str(result)

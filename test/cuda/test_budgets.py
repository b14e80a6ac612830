"""Registers, shared memory and occupancy of emitted kernels: see budgets.py."""
import os

import budgets
import nvcc
import pytest

INGOTC = os.environ.get("INGOTC", budgets.HERE.parent.parent / "build" / "bin" / "ingotc")


@pytest.fixture(scope="module")
def compiler():
    return nvcc.require()


def test_budgets(compiler):
    assert budgets.check(INGOTC, compiler) == [], "budgets.py --update writes what is found"


def test_local_memory_is_seen(compiler, tmp_path):
    """An array that is indexed by data lies in local memory."""
    source = tmp_path / "local.cu"
    source.write_text('extern "C" __global__ void __launch_bounds__(64) local(int *data) {\n'
                      "  __shared__ int shared[64];\n  int array[32];\n  shared[threadIdx.x] = data[threadIdx.x];\n"
                      "  __syncthreads();\n  for (int i = 0; i < 32; ++i)\n    array[data[i]] = i;\n"
                      "  data[threadIdx.x] = array[data[40]] + shared[threadIdx.x ^ 1];\n}\n")
    for threads, registers, shared, local in budgets.measure(compiler, source)["local"].values():
        assert (threads, shared, local) == (64, 256, 128) and registers > 0


def test_accesses_before_a_wait_are_seen():
    """What must not stand there, and what may."""
    entry = """.visible .entry %s(
\t.param .u64 first
)
{
\tld.param.u64 \t%%rd1, [first];
\tcp.async.bulk.prefetch.L2.global [%%rd2], %%r3;
%s\tst.shared.f32 \t[%%r4], %%f1;
\tgriddepcontrol.wait;
\tld.global.f32 \t%%f2, [%%rd3];
\tret;
}
"""
    waits = entry % ("waits", "")
    reads = entry % ("reads", "\t@%p1 ld.global.nc.f32 \t%f1, [%rd3];\n")
    never = waits.replace("waits", "never").replace("\tgriddepcontrol.wait;\n", "")
    assert budgets.touched_early(waits + reads + never) == {"reads": "ld.global.nc.f32 \t%f1, [%rd3]",
                                                           "never": "ld.global.f32 \t%f2, [%rd3]"}


@pytest.mark.parametrize("threads, registers, shared, warps", [
    (256, 32, 0, 64), (256, 33, 0, 48), (256, 255, 0, 8), (128, 40, 48 << 10, 12), (32, 16, 0, 32)])
def test_resident_warps(threads, registers, shared, warps):
    """By hand, for sm_80: of the registers a warp takes 32 times their number, rounded up to 256."""
    assert budgets.resident_warps(threads, registers, shared, "sm_80") == warps

"""What the runtime declares of the driver API (runtime/cuda/driver.h) is what cuda.h has."""
import re
import subprocess

import nvcc
from fake_cuda import HERE

ROOT = HERE.parent.parent
CHECKS = r"""
#include <type_traits>
using namespace ingot::runtime::cuda;

/// Whether functions take and return the same sizes, pointers for pointers.
template <typename A, typename B> constexpr bool alike = sizeof(A) == sizeof(B) && std::is_pointer_v<A> == std::is_pointer_v<B>;
template <typename A, typename B> struct Compare;
template <typename R, typename... A, typename S, typename... B> struct Compare<R (*)(A...), S (*)(B...)> {
  static constexpr bool value = [] {
    if constexpr (sizeof...(A) == sizeof...(B))
      return alike<R, S> && (... && alike<A, B>);
    return false;
  }();
};

static_assert(success == CUDA_SUCCESS);
static_assert(capabilityMajor == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
static_assert(capabilityMinor == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
static_assert(multiprocessorCount == CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT && plainEvent == CU_EVENT_DEFAULT);
static_assert(mostDynamicSharedBytes == CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
static_assert(nonBlockingStream == CU_STREAM_NON_BLOCKING && eventWithoutTime == CU_EVENT_DISABLE_TIMING);
static_assert(hostMemory == CU_MEMORYTYPE_HOST && deviceMemory == CU_MEMORYTYPE_DEVICE);
"""
# Called by an older name than cuda.h has for it, because drivers before CUDA 12.8 have no other; the parameters are the same.
OLDER = {"cuEventElapsedTime": "cuEventElapsedTime_v2"}
STRUCTURES = {
    ("KernelNode", "CUDA_KERNEL_NODE_PARAMS"): [
        ("function", "func"), ("gridX", "gridDimX"), ("gridY", "gridDimY"), ("gridZ", "gridDimZ"), ("blockX", "blockDimX"),
        ("blockY", "blockDimY"), ("blockZ", "blockDimZ"), ("sharedBytes", "sharedMemBytes"), ("parameters", "kernelParams"),
        ("extra", "extra"), ("kernel", "kern"), ("context", "ctx")],
    ("Copy", "CUDA_MEMCPY3D"): [
        ("fromKind", "srcMemoryType"), ("fromHost", "srcHost"), ("fromDevice", "srcDevice"), ("toKind", "dstMemoryType"),
        ("toHost", "dstHost"), ("toDevice", "dstDevice"), ("bytes", "WidthInBytes"), ("height", "Height"), ("depth", "Depth")]}


def test_declarations_are_those_of_cuda_h(tmp_path):
    driver = ROOT / "runtime" / "cuda" / "driver.h"
    functions = re.findall(r"Result \(\*(cu\w+)\)\(", driver.read_text())
    assert len(functions) > 30
    lines = [f'#include "{driver}"', f'#include "{nvcc.require().resolve().parent.parent / "include" / "cuda.h"}"', CHECKS]
    lines += [f"#undef {name}" for name in OLDER]
    lines += [f'static_assert(Compare<decltype(DriverApi::{name}), decltype(&::{OLDER.get(name, name)})>::value, "{name}");'
              for name in functions]
    for (ours, theirs), fields in STRUCTURES.items():
        lines.append(f"static_assert(sizeof({ours}) == sizeof({theirs}));")
        lines += [f"static_assert(offsetof({ours}, {our}) == offsetof({theirs}, {their}));" for our, their in fields]
    unit = tmp_path / "declarations.cpp"
    unit.write_text("\n".join(lines))
    compiled = subprocess.run(["clang++-22", "-std=c++20", "-fsyntax-only", unit], capture_output=True, text=True, check=False)
    assert compiled.returncode == 0, compiled.stderr

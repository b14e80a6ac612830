"""What the runtime declares of the driver API (runtime/cuda/driver.h) and of cuBLASLt (cublaslt.h) is what NVIDIA's headers
have."""
import re
import subprocess

import nvcc
import pytest
from fake_cuda import HERE

ROOT = HERE.parent.parent
COMPARE = r"""
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
"""
CHECKS = r"""
static_assert(success == CUDA_SUCCESS && notReady == CUDA_ERROR_NOT_READY);
static_assert(startsWithDefault == CU_GRAPH_COND_ASSIGN_DEFAULT && conditionalNode == CU_GRAPH_NODE_TYPE_CONDITIONAL);
static_assert(programmaticDependency == CU_GRAPH_DEPENDENCY_TYPE_PROGRAMMATIC);
static_assert(programmaticPort == CU_GRAPH_KERNEL_NODE_PORT_PROGRAMMATIC && ptxVersion == CU_FUNC_ATTRIBUTE_PTX_VERSION);
static_assert(whileNode == CU_GRAPH_COND_TYPE_WHILE);
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
    ("ConditionalNode", "CUDA_CONDITIONAL_NODE_PARAMS"): [
        ("handle", "handle"), ("kind", "type"), ("size", "size"), ("bodies", "phGraph_out"), ("context", "ctx")],
    ("EdgeData", "CUgraphEdgeData"): [
        ("fromPort", "from_port"), ("toPort", "to_port"), ("kind", "type"), ("reserved", "reserved")],
    ("NodeParameters", "CUgraphNodeParams"): [("kind", "type"), ("conditional", "conditional")],
    ("Copy", "CUDA_MEMCPY3D"): [
        ("fromKind", "srcMemoryType"), ("fromHost", "srcHost"), ("fromDevice", "srcDevice"), ("toKind", "dstMemoryType"),
        ("toHost", "dstHost"), ("toDevice", "dstDevice"), ("bytes", "WidthInBytes"), ("height", "Height"), ("depth", "Depth")]}


def test_declarations_are_those_of_cuda_h(tmp_path):
    driver = ROOT / "runtime" / "cuda" / "driver.h"
    functions = re.findall(r"Result \(\*(cu\w+)\)\(", driver.read_text())
    assert len(functions) > 30
    lines = [f'#include "{driver}"', f'#include "{nvcc.require().resolve().parent.parent / "include" / "cuda.h"}"', COMPARE, CHECKS]
    lines += [f"#undef {name}" for name in OLDER]
    lines += [f'static_assert(Compare<decltype(DriverApi::{name}), decltype(&::{OLDER.get(name, name)})>::value, "{name}");'
              for name in functions]
    for (ours, theirs), fields in STRUCTURES.items():
        lines.append(f"static_assert(sizeof({ours}) == sizeof({theirs}));")
        lines += [f"static_assert(offsetof({ours}, {our}) == offsetof({theirs}, {their}));" for our, their in fields]
    check(tmp_path, lines)


LIBRARY_CHECKS = r"""
static_assert(ltSuccess == CUBLAS_STATUS_SUCCESS && ltNotSupported == CUBLAS_STATUS_NOT_SUPPORTED);
static_assert(ltF32 == CUDA_R_32F && ltF16 == CUDA_R_16F && ltBF16 == CUDA_R_16BF && ltComputeF32 == CUBLAS_COMPUTE_32F);
static_assert(ltTransposeA == CUBLASLT_MATMUL_DESC_TRANSA && ltTransposed == CUBLAS_OP_T);
static_assert(ltLayoutColumns == CUBLASLT_MATRIX_LAYOUT_COLS);
static_assert(ltMostWorkspace == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES);
static_assert(ltAlignmentA == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES);
static_assert(ltAlignmentB == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES);
static_assert(ltAlignmentC == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES);
static_assert(ltAlignmentD == CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES);
static_assert(sizeof(LtAlgorithm) == sizeof(cublasLtMatmulAlgo_t));
static_assert(sizeof(LtSuggestion) == sizeof(cublasLtMatmulHeuristicResult_t));
static_assert(offsetof(LtSuggestion, workspaceBytes) == offsetof(cublasLtMatmulHeuristicResult_t, workspaceSize));
static_assert(offsetof(LtSuggestion, state) == offsetof(cublasLtMatmulHeuristicResult_t, state));
static_assert(offsetof(LtSuggestion, waves) == offsetof(cublasLtMatmulHeuristicResult_t, wavesCount));
"""


def test_declarations_are_those_of_cublaslt_h(tmp_path):
    include = nvcc.require().resolve().parent.parent / "include"
    if not (include / "cublasLt.h").exists():
        pytest.skip(f"{include} has no cublasLt.h: it comes with the CUDA toolkit, not with nvcc's package")
    library = ROOT / "runtime" / "cuda" / "cublaslt.h"
    functions = re.findall(r"\(\*(cublasLt\w+)\)\(", library.read_text())
    assert len(functions) > 10
    lines = [f'#include "{library}"', f'#include "{include / "cublasLt.h"}"', "#include <cstddef>", COMPARE, LIBRARY_CHECKS]
    lines += [f'static_assert(Compare<decltype(LtApi::{name}), decltype(&::{name})>::value, "{name}");' for name in functions]
    check(tmp_path, lines, f"-I{include}", f"-I{ROOT}")


def check(folder, lines, *options):
    unit = folder / "declarations.cpp"
    unit.write_text("\n".join(lines))
    compiled = subprocess.run(["clang++-22", "-std=c++20", "-fsyntax-only", *options, unit], capture_output=True, text=True, check=False)
    assert compiled.returncode == 0, compiled.stderr

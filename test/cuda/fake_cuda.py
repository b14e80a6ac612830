"""The fake CUDA driver, called as a runtime calls a real one, in a child process for each scenario."""
import ctypes
import os
import pathlib
import pickle
import signal
import sys
import tempfile
import traceback

import numpy as np
import pytest

HERE = pathlib.Path(__file__).resolve().parent
SHIM = HERE / "shim"
sys.path.insert(0, str(SHIM))


@pytest.fixture(scope="session")
def driver():
    """The folder of the fake libcuda.so.1, which is built with the tests."""
    folder = pathlib.Path(os.environ.get("INGOT_FAKE_CUDA", HERE.parent.parent / "build" / "lib" / "fake-cuda"))
    if not (folder / "libcuda.so.1").exists():
        pytest.exit(f"no {folder}/libcuda.so.1: build the target ingot_fake_cuda", returncode=2)
    return folder


def without_device_code(folder):
    """What takes nvcc's place, and no time, where device code does not matter: the fake driver runs other code."""
    stub = folder / "nvcc"
    stub.write_text('#!/bin/sh\necho "$@" >>"$0.log"\nwhile [ "$1" != -o ]; do shift; done\necho "no code" >"$2"\n')
    stub.chmod(0o755)
    return stub


class CudaError(Exception):
    """What a call returned, and what the fake driver says of it."""


class LaunchAttribute(ctypes.Structure):
    """CUlaunchAttribute of an integer"""
    _fields_ = [("id", ctypes.c_int), ("pad", ctypes.c_int), ("value", ctypes.c_int), ("rest", ctypes.c_char * 60)]


class LaunchConfig(ctypes.Structure):
    """CUlaunchConfig"""
    _fields_ = [("sizes", ctypes.c_uint * 6), ("shared", ctypes.c_uint), ("stream", ctypes.c_void_p),
                ("attributes", ctypes.POINTER(LaunchAttribute)), ("count", ctypes.c_uint)]


class Cuda:
    """The driver API with a current context. Every call raises CudaError unless it succeeds."""

    def __init__(self, folder):
        self.library = ctypes.CDLL(str(pathlib.Path(folder) / "libcuda.so.1"))
        self.library.ingotFakeCudaError.restype = ctypes.c_char_p
        self.kept = []
        self.cuInit(0)
        context = ctypes.c_void_p()
        self.cuDevicePrimaryCtxRetain(ctypes.byref(context), 0)
        self.cuCtxSetCurrent(context)

    def __getattr__(self, name):
        function = getattr(self.library, name)

        def call(*arguments):
            result = function(*[ctypes.c_size_t(argument) if isinstance(argument, int) else argument
                                for argument in arguments])
            if result != 0:
                text = ctypes.c_char_p()
                self.library.cuGetErrorName(result, ctypes.byref(text))
                raise CudaError(f"{name}: {(text.value or b'an unknown error').decode()}: "
                                f"{self.library.ingotFakeCudaError().decode()}")
        return call

    def made(self, call, *arguments):
        """The handle that a call writes through its first argument."""
        handle = ctypes.c_void_p()
        getattr(self, call)(ctypes.byref(handle), *arguments)
        return handle

    def allocate(self, size):
        return self.made("cuMemAlloc_v2", size).value

    def upload(self, array):
        array = np.ascontiguousarray(array)
        pointer = self.allocate(array.nbytes)
        self.cuMemcpyHtoD_v2(pointer, array.ctypes.data_as(ctypes.c_void_p), array.nbytes)
        return pointer

    def download(self, pointer, shape, dtype):
        array = np.empty(shape, dtype)
        self.cuMemcpyDtoH_v2(array.ctypes.data_as(ctypes.c_void_p), pointer, array.nbytes)
        return array

    def module(self, path):
        image = pathlib.Path(path).read_bytes()
        return self.made("cuModuleLoadData", image)

    def function(self, module, name):
        return self.made("cuModuleGetFunction", module, name.encode())

    def parameters(self, *values):
        """What cuLaunchKernel takes: Python integers are pointers, numpy scalars and bytes are passed as they are."""
        values = [np.uint64(value) if isinstance(value, int) else value for value in values]
        values = [value if isinstance(value, bytes) else value.tobytes() for value in values]
        held = [ctypes.create_string_buffer(value, len(value)) for value in values]
        pointers = (ctypes.c_void_p * len(held))(*[ctypes.addressof(value) for value in held])
        self.kept.append((held, pointers))
        return pointers

    def waits(self, function):
        """Whether a kernel was compiled for devices on which it can wait for those before it."""
        version = ctypes.c_int()
        self.cuFuncGetAttribute(ctypes.byref(version), 5, function)  # CU_FUNC_ATTRIBUTE_PTX_VERSION
        return version.value >= 90

    def launch(self, function, grid, block, *values, shared=0, stream=None, early=False):
        """`early`: it may begin before what its stream was asked for before it has ended."""
        grid, block = ((*size, 1, 1)[:3] if isinstance(size, tuple) else (size, 1, 1) for size in (grid, block))
        # CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION
        config = LaunchConfig((*grid, *block), shared, stream, ctypes.pointer(LaunchAttribute(id=6, value=early)), 1)
        self.cuLaunchKernelEx(ctypes.byref(config), function, self.parameters(*values), None)


def in_child(scenario, folder, *arguments, **environment):
    """scenario(Cuda, *arguments) in a process of its own, with the fake driver configured by `environment`
    (check=1 is INGOT_FAKE_CUDA_CHECK=1). Returns its result and what it wrote on standard error; a CudaError is a result."""
    with tempfile.TemporaryFile() as result, tempfile.TemporaryFile() as error:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.dup2(error.fileno(), 2)
                for name, value in environment.items():
                    os.environ[f"INGOT_FAKE_CUDA_{name.upper()}"] = str(value)
                try:
                    answer = scenario(Cuda(folder), *arguments)
                except CudaError as failed:
                    answer = failed
                pickle.dump(answer, result)
                result.flush()
                status = 0
            except BaseException:  # The parent shows it.
                os.write(2, traceback.format_exc().encode())
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        error.seek(0)
        text = error.read().decode(errors="replace")
        if status != 0:
            how = f"signal {signal.Signals(os.WTERMSIG(status)).name}" if os.WIFSIGNALED(status) else "an exception"
            raise AssertionError(f"the scenario ended with {how}\n{text}")
        result.seek(0)
        return pickle.load(result), text


def run_kernel(cuda, module, name, grid, block, arguments, shared=0, times=1, early=False):
    """Launches a kernel on copies of the numpy arrays among its arguments, a tuple (shape, type) being memory that nobody
    wrote, and returns all of them as they are afterwards."""
    function = cuda.function(cuda.module(module), name)
    if shared > 48 << 10:
        cuda.cuFuncSetAttribute(function, 8, shared)
    buffers = {}
    for index, argument in enumerate(arguments):
        if isinstance(argument, np.ndarray):
            buffers[index] = cuda.upload(argument), argument.shape, argument.dtype
        elif isinstance(argument, tuple):
            shape, dtype = argument
            buffers[index] = cuda.allocate(int(np.prod(shape)) * np.dtype(dtype).itemsize), shape, dtype
    values = [buffers[index][0] if index in buffers else argument for index, argument in enumerate(arguments)]
    for _ in range(times):
        cuda.launch(function, grid, block, *values, shared=shared, early=early)
    cuda.cuCtxSynchronize()
    return [cuda.download(*buffer) for buffer in buffers.values()]

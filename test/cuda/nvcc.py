"""Where nvcc is: on PATH, in CUDA_HOME, in /usr/local/cuda, or in the packages nvidia-cuda-nvcc and its like from PyPI."""
import importlib.util
import os
import pathlib
import shutil

MISSING = ("nvcc is not installed: put it on PATH, set CUDA_HOME, or pip install -r "
           "test/cuda/requirements.txt, as test/run.sh does")


def folders():
    """Where nvcc may lie, most wanted first."""
    yield from (pathlib.Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder)
    if os.environ.get("CUDA_HOME"):
        yield pathlib.Path(os.environ["CUDA_HOME"]) / "bin"
    yield pathlib.Path("/usr/local/cuda/bin")
    packages = importlib.util.find_spec("nvidia")
    for folder in packages.submodule_search_locations or [] if packages else []:
        yield from sorted(pathlib.Path(folder).glob("cu*/bin"), reverse=True)


def find():
    """The path of nvcc; None where there is none (MISSING says what to do)."""
    for folder in folders():
        if found := shutil.which("nvcc", path=folder):
            return pathlib.Path(found)
    return None


def require():
    """The path of nvcc; ends the test that needs it, as failed, where there is none."""
    import pytest
    return find() or pytest.fail(MISSING)

"""ik_llama.cpp, from the source package of its Python bindings."""
from peers.ggml import Ggml
from peers.peer import Setting

# The source package lacks the CMake script that its build includes to write down the version.
VERSION_SCRIPT = """\
set(BUILD_NUMBER 0)
configure_file(${CMAKE_CURRENT_SOURCE_DIR}/common/build-info.cpp.in ${CMAKE_CURRENT_SOURCE_DIR}/common/build-info.cpp)
"""


class IkLlamaCpp(Ggml):
    name = "ik_llama.cpp"
    requirement = "ik-llama-cpp-python==0.1.5"
    tree = "vendor/ik_llama.cpp"
    # Attention kernels for quantised caches, which are not measured, are most of the build.
    definitions = {"BUILD_SHARED_LIBS": "OFF", "LLAMA_CURL": "OFF", "LLAMA_BUILD_TESTS": "OFF",
                   "GGML_IQK_FA_ALL_QUANTS": "OFF"}
    settings = tuple(Setting(f"-rtr {repack} -fa {attention}", ("-rtr", repack, "-fa", attention))
                     for repack in (1, 0) for attention in (1, 0))

    def source(self):
        tree = super().source()
        script = tree / "common" / "cmake" / "build-info-gen-cpp.cmake"
        script.parent.mkdir(exist_ok=True)
        script.write_text(VERSION_SCRIPT)
        return tree

    def test_arguments(self, test):
        if test.kind == "prefill":
            return ["-p", test.tokens, "-n", 0]
        if test.depth == 0:
            return ["-p", 0, "-n", test.tokens]
        # Its name for decoding at a depth: only the new tokens are timed.
        return ["-p", 0, "-n", 0, "-gp", f"{test.depth},{test.tokens}"]

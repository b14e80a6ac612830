"""llama.cpp, from the source package of its Python bindings."""
from peers.ggml import Ggml
from peers.peer import Setting


class LlamaCpp(Ggml):
    name = "llama.cpp"
    requirement = "llama-cpp-python==0.3.36"
    tree = "vendor/llama.cpp"
    definitions = {"BUILD_SHARED_LIBS": "OFF", "LLAMA_CURL": "OFF", "LLAMA_BUILD_TESTS": "OFF",
                   "LLAMA_BUILD_EXAMPLES": "OFF", "LLAMA_BUILD_SERVER": "OFF"}
    settings = tuple(Setting(f"--repack {repack} -fa {attention}", ("--repack", repack, "-fa", attention))
                     for repack in (1, 0) for attention in ("on", "off"))

    def test_arguments(self, test):
        prompt, new = (test.tokens, 0) if test.kind == "prefill" else (0, test.tokens)
        return ["-p", prompt, "-n", new, "-d", test.depth]

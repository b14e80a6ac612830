"""Tokens drawn on the device (runtime/cuda/token_loop.h), where somebody ends the text or it is longer than one launch:
the text is that of the host's sampler."""
import re
import signal
import struct
import subprocess
import time

import pytest

from conftest import run, tiny_path
from test_chat import Terminal
from test_cuda_executable import TEXT, Executable, driver  # noqa: F401 (driver is a fixture)

CONTEXT = 6000
MOST_TOKENS = 4096  # of one launch
# Who loops: the device; the host, with a launch for each token; the host, which also draws.
WAYS = {"device": ([], {}), "host": ([], {"driver_version": 12030}), "sampler": (["--launch", "one-by-one"], {})}
PROMPT = ["-p", "The quick brown", "--ignore-eos"]


def with_context(path, folder):
    """The model, said to have been trained on longer texts."""
    data = bytearray(path.read_bytes())
    value = data.index(b"llama.context_length") + len("llama.context_length")
    assert struct.unpack_from("<I", data, value) == (4,)  # a uint32
    struct.pack_into("<I", data, value + 4, CONTEXT)
    longer = folder / "longer.gguf"
    longer.write_bytes(data)
    return longer


@pytest.fixture(scope="module")
def model(ingot, driver, tmp_path_factory):  # noqa: F811
    folder = tmp_path_factory.mktemp("loop")
    return Executable(ingot, driver, folder, with_context(tiny_path(TEXT), folder), shape=[f"--context={CONTEXT}"])


def generate(model, way, *options):
    arguments, device = WAYS[way]
    return model.run(*PROMPT, *options, *arguments, **device)


@pytest.mark.parametrize("options", [["--temperature", 0, "--repeat-penalty", 1.2], ["--seed", 4, "--temperature", 1.2]],
                         ids=["greedy", "drawn"])
def test_stop(model, options):
    """Before a text that spans tokens, wherever it stands; nothing behind it is shown, however much was drawn."""
    options = [*options, "-n", 120]
    whole = generate(model, "sampler", *options).out
    text = whole[len(PROMPT[1]):]
    stops = [found[0].decode() for found in re.finditer(rb"[ -~]{3}", text) if found.start() > 5][::4]
    assert len(stops) >= 2, whole
    for stop in stops:
        expected = whole[:len(PROMPT[1]) + text.index(stop.encode())].rstrip(b"\n")
        for way in WAYS:
            finished = generate(model, way, *options, "--stop", stop)
            assert finished.out.rstrip(b"\n") == expected, (way, stop)


@pytest.mark.parametrize("way", ["device", "host"])
def test_interrupt(model, way):
    """Ctrl-C ends the text soon, and what was shown are the first tokens of the whole one."""
    arguments, device = WAYS[way]
    environment = {**model.environment, **{f"INGOT_FAKE_CUDA_{name.upper()}": str(value) for name, value in device.items()}}
    command = [str(part) for part in (model.gpu, *PROMPT, "--temperature", 0, "--repeat-penalty", 1.2, *arguments)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        begun = process.stdout.read(len(PROMPT[1]) + 40)
        process.send_signal(signal.SIGINT)
        start = time.monotonic()
        rest, error = process.communicate(timeout=120)
    assert process.returncode == 130, error
    new = int(re.search(rb"new +(\d+) tokens", error)[1])
    assert 20 <= new < 2000 and time.monotonic() - start < 10, (new, time.monotonic() - start)
    # The last characters may be part of one.
    shown = (begun + rest).rstrip(b"\n")
    whole = generate(model, "device", "--temperature", 0, "--repeat-penalty", 1.2, "-n", new).out
    assert whole.startswith(shown) and len(whole) - len(shown) < 8


@pytest.mark.full
def test_more_tokens_than_one_launch(model):
    """The second launch goes on where the first one ended."""
    options = ["--seed", 4, "--temperature", 1.2, "-n", MOST_TOKENS + 60]
    assert generate(model, "device", *options).out == generate(model, "sampler", *options).out

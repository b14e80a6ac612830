"""`chat`: the model's own template, history, what ends an answer, and a terminal."""
import os
import pathlib
import pty
import re
import select
import struct
import time

import pytest

from conftest import run, tiny_path

STRING = 8  # the type of a GGUF value
GREEDY = ["--temperature", 0]
QUESTIONS = ["What is the capital of France?", "And what is the capital of Italy?", "Thank you!"]
CHATTY = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"


def talk(executable, lines, *options, check=True):
    return run([executable, "chat", *GREEDY, *options], input="".join(f"{line}\n" for line in lines).encode(), check=check)


def statistics(error):
    found = re.search(r"prompts +(\d+) tokens, of which (\d+) were there already\nnew +(\d+) tokens", error)
    return [int(number) for number in found.groups()]


def turn(role, content):
    return f"<|im_start|>{role}\n{content}<|im_end|>\n"


def test_history(ingot, smollm2):
    """Each answer is what the whole conversation, written out, is continued with; of it only what is new is computed."""
    executable = ingot.compile(smollm2)
    system = "You answer in one short sentence."
    spoken = talk(executable, QUESTIONS, "-n", 24, "--system", system)
    conversation, answers, prompts = turn("system", system), b"", 0
    for question in QUESTIONS:
        conversation += turn("user", question)
        prompt = conversation + "<|im_start|>assistant\n"
        prompts += len(run([executable, "tokenize", "--no-bos", prompt]).out.split())
        answer = run([executable, "-p", prompt, "--no-display-prompt", "-n", 24, *GREEDY]).out
        answers += answer
        conversation += turn("assistant", answer.decode().removesuffix("\n"))
    assert spoken.out == answers
    total, kept, new = statistics(spoken.error)
    assert total == prompts
    assert kept > total / 2, "what the conversation had already was computed again"
    assert new <= 3 * 24


def test_ends_at_end_of_turn(ingot, smollm2):
    spoken = talk(ingot.compile(smollm2), QUESTIONS[:1], "--system", "You answer in one short sentence.")
    assert spoken.out == b"The capital of France is Paris.\n"


def test_template_from_file(ingot, tmp_path):
    executable = ingot.compile(tiny_path("byte_tokenizer_q8_0"))
    tokens = run([executable, "tokenize", "[user]ab"]).out.split()
    begins = len(tokens) > len(run([executable, "tokenize", "--no-bos", "[user]ab"]).out.split())
    template = tmp_path / "chatty.jinja"
    template.write_text(("{{ bos_token }}" if begins else "") + CHATTY)
    spoken = talk(executable, ["ab"], "--template", template, "-n", 5)
    assert spoken.out == run([executable, "-p", "[user]ab", "--no-display-prompt", "-n", 5, *GREEDY]).out
    assert statistics(spoken.error)[0] == len(tokens)


@pytest.mark.parametrize("template, message", [
    ("{{ x | nonsense }}", "line 1: the filter 'nonsense' is not supported; give another template with --template FILE"),
    ("{% for %}", "line 1: expected a name, found %}; give another template with --template FILE"),
    ("{{ raise_exception('no users here') }}", "the chat template refuses: line 1: no users here"),
    ("", "the chat template makes no text of this conversation"),
    ("{{ 'x' * 5000 }}", "this message makes 5"),
])
def test_bad_template(ingot, tmp_path, template, message):
    executable = ingot.compile(tiny_path("byte_tokenizer_q8_0"))
    path = tmp_path / "bad.jinja"
    path.write_text(template)
    spoken = talk(executable, ["hello"], "--template", path, check=False)
    assert spoken.status == 1 and message in spoken.error
    assert len(spoken.error.strip().splitlines()) == 1


def test_no_template(ingot):
    spoken = talk(ingot.compile(tiny_path("byte_tokenizer_q8_0")), ["hello"], check=False)
    assert spoken.status == 1 and "the model has no chat template; give one with --template FILE" in spoken.error


def test_oldest_messages_are_forgotten(ingot, tmp_path):
    executable = ingot.compile(tiny_path("byte_tokenizer_q8_0"), "--context=64")
    template = tmp_path / "plain.jinja"
    template.write_text("{% for m in messages %}{{ m.content }}{% endfor %}")
    spoken = talk(executable, ["0123456789" * 3] * 4, "--template", template, "-n", 10)
    assert "the oldest messages are forgotten: the context has 64 positions" in spoken.error


def test_unsupported_template_is_told_when_compiled(ingot, tmp_path):
    """Compilation goes on, since everything but `chat` works."""
    data = tiny_path("byte_tokenizer_q8_0").read_bytes()
    model = tmp_path / "model.gguf"
    model.write_bytes(with_template(data, "{{ messages | nonsense }}"))
    compiled = run([ingot.compiler, model, "-o", tmp_path / "model"])
    assert "chat template: line 1: the filter 'nonsense' is not supported; `chat` and `serve` will need another one (--template)" \
        in compiled.error
    assert compiled.error.count("\n") == 1
    assert "the filter 'nonsense'" in talk(tmp_path / "model", ["a"], check=False).error


def with_template(data, template):
    """A GGUF file with one key more, after the others."""
    key, value = b"tokenizer.chat_template", template.encode()
    # The data of the tensors stays aligned where the entry is a multiple of 32 bytes.
    value += b" " * (-(len(key) + len(value) + 20) % 32)
    entry = struct.pack("<Q", len(key)) + key + struct.pack("<IQ", STRING, len(value)) + value
    keys = struct.unpack_from("<Q", data, 16)[0]
    return data[:16] + struct.pack("<Q", keys + 1) + entry + data[24:]


class Terminal:
    """A program in a terminal of its own."""

    def __init__(self, command):
        self.process, self.file = pty.fork()
        if self.process == 0:
            os.execv(command[0], [str(part) for part in command])
        self.seen = b""

    def expect(self, pattern, seconds=60):
        """Reads up to a match; later calls look behind it."""
        end = time.monotonic() + seconds
        while not (match := re.search(pattern, self.seen, re.DOTALL)):
            ready, _, _ = select.select([self.file], [], [], max(0, end - time.monotonic()))
            assert ready, f"no {pattern!r} within {seconds} s: {self.seen[-300:]!r}"
            try:
                self.seen += os.read(self.file, 65536)
            except OSError:  # the program has ended
                assert re.search(pattern, self.seen, re.DOTALL), self.seen[-300:]
        self.seen = self.seen[match.end():]
        return match

    def write(self, keys):
        os.write(self.file, keys)

    def status(self):
        self.expect(rb"peak memory")
        status = os.waitpid(self.process, 0)[1]
        os.close(self.file)
        return os.waitstatus_to_exitcode(status)


def test_terminal(ingot, smollm2):
    """Keys edit the line, Ctrl-C stops an answer and then, at the prompt, the program; Ctrl-D ends it too."""
    executable = pathlib.Path(ingot.compile(smollm2))
    terminal = Terminal([executable, "chat", *map(str, GREEDY)])
    terminal.expect(rb"> ")
    terminal.write(b"Tell a very long storz\x7fy\x1b[D\x1b[D\x1b[H\x05\r")
    terminal.expect(rb"\x1b\[K> Tell a very long story")
    terminal.expect(rb"\n.{40}")
    terminal.write(b"\x03")
    terminal.expect(rb"\x1b\[K> ")
    terminal.write(b"\x1b[A")
    terminal.expect(rb"\x1b\[K> Tell a very long story")
    terminal.write(b"\x15\x04")
    assert terminal.status() == 0
    again = Terminal([executable, "chat", *map(str, GREEDY)])
    again.expect(rb"> ")
    again.write(b"\x03")
    assert again.status() == 130

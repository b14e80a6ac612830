"""--speculate=ngram: the same text as without it, byte for byte, from fewer steps."""
import random
import re

import pytest

from conftest import EXACT, run, tiny_path

REPEATING = "the other one and the other two and the other one and the other two and the other one and"
RANDOM = " ".join(random.Random(5).choice("north ink seven door lamp stone river glass hand under".split()) for _ in range(20))
SETTINGS = """host = alpha.example.org
port = 8080
user = operator
retries = 5
timeout = 30
"""
GREEDY = ["--temperature", 0]
SAMPLED = ["--temperature", 0.8, "--seed", 11]
PENALIZED = [*SAMPLED, "--repeat-penalty", 1.2]


def same_text(command):
    """The text of a command that speculation leaves as it is, and how many guesses were (accepted, drafted)"""
    plain = run(command)
    speculative = run([*command, "--speculate=ngram"])
    assert speculative.out == plain.out, command
    assert "drafted" not in plain.error
    counts = re.search(r"speculation +(\d+) of (\d+) drafted tokens accepted", speculative.error)
    return plain.out.decode(errors="replace"), int(counts[1]), int(counts[2])


@pytest.mark.parametrize("options", [[], [EXACT]], ids=["default", "exact"])
def test_tiny_model(ingot, options):
    executable = ingot.compile(tiny_path("byte_tokenizer_q8_0"), *options)
    total = 0
    for prompt in (REPEATING, RANDOM):
        for sampling in (GREEDY, SAMPLED, PENALIZED):
            _, accepted, drafted = same_text([executable, "-p", prompt, "--ignore-eos", *sampling, "-n", 60])
            assert accepted <= drafted
            total += accepted
    print(f"{total} guesses accepted")


# How many guesses are tried depends on how long steps take here and now, so little is asked for.
@pytest.mark.parametrize("sampling, least", [(GREEDY, 5), (SAMPLED, 0)], ids=["greedy", "sampled"])
def test_repeating_prompt(ingot, smollm2, sampling, least):
    """Limits and stop texts hold in the midst of a run of guesses."""
    prompt = "Copy the following list of settings exactly, twice.\n" + SETTINGS * 2 + SETTINGS[:SETTINGS.index("retries")]
    command = [ingot.compile(smollm2), "-p", prompt, "--no-display-prompt", "--ignore-eos", *sampling]
    text, accepted, drafted = same_text([*command, "-n", 80])
    print(f"{accepted} of {drafted}: {text!r}")
    assert accepted >= least
    for count in (1, 2, 7, 23):
        assert text.startswith(same_text([*command, "-n", count])[0].rstrip("\n"))
    stop = text[len(text) // 2:][:4]
    assert same_text([*command, "-n", 80, "--stop", stop])[0].rstrip("\n") == text[:text.index(stop)].rstrip("\n")


@pytest.mark.parametrize("sampling", [GREEDY, SAMPLED], ids=["greedy", "sampled"])
def test_prose(ingot, smollm2, sampling):
    executable = ingot.compile(smollm2)
    for prompt in ("The capital of France is", RANDOM):
        text, accepted, drafted = same_text([executable, "-p", prompt, "-n", 96, *sampling])
        print(f"{accepted} of {drafted} accepted")


def test_the_context_ends_in_a_run(ingot):
    """A run of guesses reaches the end of the context and not beyond."""
    executable = ingot.compile(tiny_path("byte_tokenizer_q8_0"), "--context=128")
    command = [executable, "-p", REPEATING, "--ignore-eos", *GREEDY]
    plain, speculative = run(command), run([*command, "--speculate=ngram"])
    assert speculative.out == plain.out
    assert "the context of 128 positions is full" in speculative.error


def test_refused(ingot):
    finished = run([ingot.compile(tiny_path("byte_tokenizer_q8_0")), "-p", "x", "--speculate=model"], check=False)
    assert finished.status == 2 and "--speculate: 'model' is neither ngram nor off" in finished.error

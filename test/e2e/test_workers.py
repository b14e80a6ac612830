"""Threads asked for and CPUs there: clamped with a word, kept when forced, and cheap then. By counting, not by time."""
import json
import os
import resource

from conftest import run, tiny_path

MODEL = "byte_tokenizer_q8_0"
BENCH = ["bench", "-p", 0, "-n", 64, "-r", 1]


def on_one_cpu(command):
    """How a command ends that may use one CPU, and how often its threads went to sleep"""
    cpu = min(os.sched_getaffinity(0))
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_nvcsw
    finished = run(command, preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
    return finished, resource.getrusage(resource.RUSAGE_CHILDREN).ru_nvcsw - before


def test_threads_are_clamped_to_the_cpus(ingot):
    executable = ingot.compile(tiny_path(MODEL))
    finished, _ = on_one_cpu([executable, *BENCH, "--threads", 8])
    assert json.loads(finished.out)["threads"] == 1
    assert finished.error == (f"{executable.name}: note: --threads 8: this process may use 1 CPU; using 1 "
                              "(--threads-force keeps 8)\n")


def test_forced_threads_share_the_cpu_without_the_kernel(ingot):
    """Eight workers on one CPU take turns at every barrier and do not sleep for it."""
    executable = ingot.compile(tiny_path(MODEL))
    finished, sleeps = on_one_cpu([executable, *BENCH, "--threads", 8, "--threads-force"])
    result = json.loads(finished.out)
    barriers = result["decode_barriers_per_step"] * result["new_tokens"]
    print(f"{sleeps} sleeps for {barriers} barriers and those of the measurement")
    assert result["threads"] == 8 and finished.error == ""
    assert barriers >= 500 and sleeps < 100


def test_workers_change_no_bit(ingot):
    """Text of workers that share threads, of workers that are pinned, and of one."""
    executable = ingot.compile(tiny_path(MODEL))
    command = [executable, "-p", "the other", "-n", 40, "--ignore-eos", "--temperature", 0]
    one = run([*command, "--threads", 1]).out
    assert len(one) > 40
    for options in (["--threads", 5, "--threads-force"], ["--pin"], ["--threads", 3, "--threads-force", "--pin"]):
        assert run([*command, *options]).out == one, options

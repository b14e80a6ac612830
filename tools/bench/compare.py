#!/usr/bin/env python3
"""Executables of Ingot against the first of them, in turn and round by round: --tune, two processors, two revisions.

usage: compare.py EXECUTABLE EXECUTABLE... [options]

Prints medians (lowest–highest) of the rounds, and of their ratios to the first executable in the same round.
"""
import argparse
import json
import os
import sys

from figures import Figure, mean_rate, order_of
from report import spread, table
from workspace import Cannot, output_of

REPETITIONS = 3  # of a run


def samples_of(executable, arguments):
    """One run: (tokens per second of the prompt, of decoding; shares of the read ceiling, one a repetition)."""
    result = json.loads(output_of([executable, "bench", "-t", arguments.threads, "-r", REPETITIONS, "-p",
                                   arguments.prompt, "-n", arguments.new, "-d", arguments.depth]))
    return (mean_rate(result["prefill_tokens_per_second_each"]), mean_rate(result["decode_tokens_per_second_each"]),
            result["decode_percent_of_read_ceiling_each"])


def rows(executables, runs):
    """`runs`: for each executable what `samples_of` gave in each round."""
    figures = [(Figure(tuple(prefill)), Figure(tuple(decode)), Figure(tuple(share for each in shares for share in each)))
               for prefill, decode, shares in (zip(*rounds) for rounds in runs)]
    for executable, (prefill, decode, shares) in zip(executables, figures):
        yield (executable, spread(prefill, 0), spread(prefill.divided_by(figures[0][0]), 3), spread(decode, 0),
               spread(decode.divided_by(figures[0][1]), 3), spread(shares, 0))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("executables", nargs="+", metavar="EXECUTABLE")
    for name, default, what in (("rounds", 10, ""), ("threads", min(2, len(os.sched_getaffinity(0))), ""),
                                ("prompt", 512, "tokens "), ("new", 32, "tokens decoded a repetition "),
                                ("depth", 512, "tokens in the cache before decoding ")):
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{what}(default: %(default)s)")
    arguments = parser.parse_args()
    if min(arguments.rounds, arguments.threads, arguments.prompt, arguments.new) < 1 or arguments.depth < 0:
        parser.error("needs at least one round, thread, token of a prompt and new token")
    indices = list(range(len(arguments.executables)))
    runs = [[] for _ in indices]
    for number in range(arguments.rounds):
        for index in order_of(number, indices):
            runs[index].append(samples_of(arguments.executables[index], arguments))
    print(table(("executable", "prefill, tokens/s", "ratio", "decode, tokens/s", "ratio", "% of read ceiling"),
                rows(arguments.executables, runs)))


if __name__ == "__main__":
    try:
        main()
    except Cannot as error:
        sys.exit(f"compare.py: error: {error}")

#!/usr/bin/env python3
"""Ingot and its peers side by side: the same weights and threads, in one interleaved run.

usage: bench.py MODEL.gguf [--ingot=EXECUTABLE] [options]     one model
       bench.py --suite [options]                             the models and bars of the project
       bench.py --setup [--suite | MODEL.gguf] [options]      only downloads, builds and converts

README.md beside this file says what is measured and how.
"""
import argparse
import os
import pathlib
import sys

import models
import report
from machine import ISAS, Machine, cpu_name
from peers.ctranslate2_int8 import CTranslate2
from peers.ik_llama_cpp import IkLlamaCpp
from peers.ingot import Ingot
from peers.llama_cpp import LlamaCpp
from peers.openvino_int4 import OpenVino
from rounds import measure, tell
from workspace import Cannot, Workspace

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
OTHERS = (LlamaCpp, IkLlamaCpp, OpenVino, CTranslate2)
PROGRAMS = [Ingot.name, *(peer.name for peer in OTHERS)]


def chosen(text, names, what):
    """The members of `names` that start with one of the comma-separated words; all if there is no text."""
    if text is None:
        return list(names)
    found = []
    for word in text.split(","):
        matches = [name for name in names if name.lower().startswith(word.strip().lower())]
        if not matches:
            sys.exit(f"bench.py: error: no {what} {word!r}; there are {', '.join(names)}")
        found += [name for name in matches if name not in found]
    return found


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", help="the GGUF file that all run")
    parser.add_argument("--suite", action="store_true", help="the models and bars of the project")
    parser.add_argument("--setup", action="store_true", help="download, build and convert, then stop")
    parser.add_argument("--ingot", metavar="EXECUTABLE", help="an executable made of MODEL; else ingotc makes one")
    parser.add_argument("--ingotc", metavar="COMPILER", default=str(ROOT / "build" / "bin" / "ingotc"),
                        help="the compiler (default: %(default)s)")
    parser.add_argument("--isa", choices=ISAS, default="native",
                        help="avx2 holds everyone to AVX2; native lets everyone take what the machine has (default)")
    parser.add_argument("--cache", default=str(ROOT / "build" / "peers"),
                        help="what was downloaded, built and converted (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=6,
                        help="of which every second takes the tests at great depths, too (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=min(2, len(os.sched_getaffinity(0))),
                        help="(default: %(default)s)")
    parser.add_argument("--depths", default="0,512,4000", help="of decoding, for MODEL (default: %(default)s)")
    parser.add_argument("--new", type=int, default=models.NEW,
                        help="tokens decoded a sample, for MODEL (default: %(default)s)")
    parser.add_argument("--peers", metavar="NAMES",
                        help=f"first letters of some of {', '.join(PROGRAMS)}; commas between (default: all)")
    parser.add_argument("--models", metavar="NAMES",
                        help=f"first letters of some of {', '.join(models.SUITE)} (default: all of the suite)")
    parser.add_argument("--json", metavar="FILE", help="write everything there, too")
    parser.add_argument("--markdown", metavar="FILE", help="write the tables there, too")
    arguments = parser.parse_args()
    if arguments.model and arguments.suite or not (arguments.model or arguments.suite or arguments.setup):
        parser.error("needs either a model or --suite")
    if arguments.suite and arguments.ingot:
        parser.error("--ingot is an executable of one model; --suite compiles its own with --ingotc")
    if arguments.rounds < 1 or arguments.threads < 1 or arguments.new < 1:
        parser.error("needs at least one round, thread and new token")
    return arguments


def models_of(arguments, workspace):
    if arguments.model:
        depths = tuple(int(depth) for depth in arguments.depths.split(","))
        return [models.given_model(workspace, arguments.model, depths, arguments.new)]
    quantize = lambda: LlamaCpp(workspace, "native", arguments.threads).program("llama-quantize")
    if not arguments.suite:
        return []
    return [models.suite_model(workspace, name, quantize) for name in chosen(arguments.models, models.SUITE, "model")]


def peers_of(arguments, workspace):
    names = chosen(arguments.peers, PROGRAMS, "program")
    programs = [peer(workspace, arguments.isa, arguments.threads) for peer in OTHERS if peer.name in names]
    if Ingot.name in names:
        programs.insert(0, Ingot(workspace, arguments.isa, arguments.threads,
                                 None if arguments.ingot else pathlib.Path(arguments.ingotc).resolve(),
                                 arguments.ingot and pathlib.Path(arguments.ingot).resolve()))
    for program in programs:
        program.set_up()
    return programs


def main():
    arguments = parse()
    workspace = Workspace(arguments.cache)
    machine = Machine(workspace, arguments.isa, arguments.threads)
    programs = peers_of(arguments, workspace)
    measured = models_of(arguments, workspace)
    if arguments.setup:
        for model in measured:
            for program in programs:
                if program.name != Ingot.name and (model.peers is None or program.name in model.peers):
                    program.open(model)
        return
    facts = dict(cpu=cpu_name(), isa=arguments.isa, threads=arguments.threads, rounds=arguments.rounds,
                 versions={peer.name: peer.version() for peer in programs})
    results = []
    for model in measured:
        taking_part = [peer for peer in programs if model.peers is None or peer.name in model.peers]
        result = measure(model, taking_part, machine, arguments.rounds)
        results.append(result)
        for peer in taking_part:
            if peer.name == Ingot.name and any(Ingot.name in programs for programs in result.outcomes.values()):
                try:
                    result.program = peer.whole_program()
                except Cannot as reason:
                    tell(f"{model.name}: start, memory and size are not measured: {reason}")
        # After every model, so that what an interrupted run has measured is kept.
        if arguments.json:
            pathlib.Path(arguments.json).write_text(report.to_json(results, facts, arguments.suite))
        if arguments.markdown:
            pathlib.Path(arguments.markdown).write_text(report.markdown(results, facts, arguments.suite))
    print(report.markdown(results, facts, arguments.suite), end="")


if __name__ == "__main__":
    try:
        main()
    except Cannot as error:
        sys.exit(f"bench.py: error: {error}")

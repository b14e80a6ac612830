"""Measures programs against each other: in turn, test by test, round by round, so that a noisy neighbour meets all."""
import statistics
import sys

from figures import Figure, best_setting, order_of, settings_to_keep
from results import Outcome, ModelResult
from workspace import Cannot


def tell(message):
    print(message, file=sys.stderr, flush=True)


def trial(peer, test):
    """One run of each setting of a peer: the settings that go on, and the rates. A setting that fails is left out."""
    if len(peer.settings) == 1:
        return list(peer.settings), {}
    rates, failure = {}, None
    for setting in peer.settings:
        try:
            rates[setting] = peer.rate(setting, test)
        except Cannot as reason:
            failure = reason
            tell(f"{test.name}: {peer.name}, {setting.label}: {reason}")
    if not rates:
        raise failure
    return settings_to_keep(rates), {setting.label: rate for setting, rate in rates.items()}


def measure(model, peers, machine, rounds):
    """The result of `rounds` rounds of all tests of `model` by all `peers`."""
    tests = {test.name: test for test in model.tests}
    cannot = {name: {} for name in tests}
    opened = []
    for peer in peers:
        try:
            peer.open(model)
            opened.append(peer)
        except Cannot as reason:
            for name in tests:
                cannot[name][peer.name] = str(reason)
    runners = {name: {} for name in tests}  # test -> (peer, setting) -> samples
    trials = {name: {} for name in tests}
    for name, test in tests.items():
        for peer in opened:
            try:
                kept, trials[name][peer.name] = trial(peer, test)
            except Cannot as reason:
                cannot[name][peer.name] = str(reason)
                continue
            runners[name].update({(peer, setting): [] for setting in kept})
            if trials[name][peer.name]:
                tell(f"{model.name}: {name}: {peer.name}: " + ", ".join(
                    f"{label} {rate:.1f}" for label, rate in trials[name][peer.name].items()))
    reads, peaks = {name: [] for name in tests}, []
    for number in range(rounds):
        peaks.append(machine.peak_rates())
        for name, test in tests.items():
            if number % test.every:
                continue
            reads[name].append(machine.read_rates(model.facts["weight_bytes"]))
            for runner in order_of(number // test.every, list(runners[name])):
                peer, setting = runner
                try:
                    runners[name][runner].append(peer.rate(setting, test))
                except Cannot as reason:
                    del runners[name][runner]
                    cannot[name][peer.name] = str(reason)
                    continue
                tell(f"{model.name}: round {number + 1}/{rounds}: {name}: {peer.name}, {setting.label}: "
                     f"{runners[name][runner][-1]:.1f} tokens/s")
    outcomes = {name: {} for name in tests}
    for name, test in tests.items():
        for peer in opened:
            figures = {setting: Figure(tuple(samples))
                       for (of, setting), samples in runners[name].items() if of is peer}
            if figures:
                setting = best_setting(figures)
                cannot[name].pop(peer.name, None)
                outcomes[name][peer.name] = Outcome(
                    setting.label, figures[setting], peer.bytes_per_token(test) if test.kind == "decode" else None,
                    trials[name].get(peer.name, {}), peer.paired(test))
    all_reads = [rates for samples in reads.values() for rates in samples]
    return ModelResult(
        model.name, model.operations_per_prompt_token,
        {name: Figure(tuple(max(rates.values()) for rates in samples)) for name, samples in reads.items()},
        max(all_reads[0], key=lambda pattern: statistics.median(rates[pattern] for rates in all_reads)),
        {kind: Figure(tuple(rates[kind] for rates in peaks)) for kind in peaks[0]}, outcomes, cannot)

"""Tables in Markdown and JSON of what was measured."""
import json

from bars import INT8_KINDS, judged
from results import INGOT


def table(header, rows):
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, *rows)]
    return "\n".join([lines[0], "|---" * len(header) + "|", *lines[1:]])


def spread(figure, digits, scale=1):
    """Median (lowest–highest), or nothing."""
    if figure is None:
        return ""
    text = [f"{value * scale:.{digits}f}" for value in (figure.median, figure.lowest, figure.highest)]
    return "{} ({}–{})".format(*text)


def median(figure, digits, scale=1):
    return "" if figure is None else f"{figure.median * scale:.{digits}f}"


def introduction(facts):
    return (f"{facts['cpu']}, instruction set: {facts['isa']}, {facts['threads']} threads, {facts['rounds']} "
            f"interleaved rounds. Cells are medians (lowest–highest) of the rounds; ratios are the median of the rounds' "
            f"ratios and, by medians, the ratio of the medians. "
            + "; ".join(f"{name}: {version}" for name, version in facts["versions"].items()) + ".")


def model_table(result):
    """Every program in every test of one model."""
    rows = []
    for test, programs in result.outcomes.items():
        prefill = test.startswith("prefill")
        for name, outcome in programs.items():
            ratio = None if name == INGOT else result.ratio(test, name)
            rows.append((
                test, name, spread(outcome.rate, 1), spread(ratio, 2),
                f"{result.ratio_of_medians(test, name):.2f}" if ratio else "",
                "" if prefill else f"{outcome.bytes_per_token / 1e6:.1f}",
                median(result.bytes_per_second(test, name), 1, 1e-9), median(result.read_share(test, name), 0, 100),
                median(result.operations_per_second(test, name), 0, 1e-9),
                median(result.peak_share(test, name, INT8_KINDS), 0, 100) if prefill else "",
                outcome.setting))
        rows += [(test, name, f"cannot: {reason}", *[""] * 8) for name, reason in result.cannot.get(test, {}).items()]
    return table(("test", "program", "tokens/s", "Ingot is × as fast", "by medians", "MB/token", "GB/s",
                  "% of read ceiling", "GOP/s", "% of int8 peak", "setting"), rows)


def ceilings(result):
    peaks = "; ".join(f"{kind} {median(figure, 0, 1e-9)}" for kind, figure in result.peaks.items())
    lines = [f"Read ceiling in the same rounds, by a program that only reads: {spread(result.read, 1, 1e-9)} GB/s "
             f"({result.read_pattern}). Peaks, GOP/s: {peaks}."]
    for test, programs in result.outcomes.items():
        lines += [f"{test}: {name} itself measured a read ceiling of {spread(outcome.paired.read, 1, 1e-9)} GB/s around "
                  f"its repetitions, of which it reached {spread(outcome.paired.read_share, 0, 100)} %; a barrier took "
                  f"{spread(outcome.paired.barrier, 0)} ns." for name, outcome in programs.items() if outcome.paired]
    return "\n\n".join(lines)


def short_table(results):
    """One line per model and test: Ingot and the best figure of each other program, for a README."""
    others = []
    for result in results:
        for programs in result.outcomes.values():
            others += [name for name in programs if name != INGOT and name not in others]
    rows = []
    for result in results:
        for test, programs in result.outcomes.items():
            cells = [f"{programs[INGOT].rate.median:.0f}" if INGOT in programs else ""]
            for name in others:
                ratio = result.ratio(test, name)
                cells.append("" if name not in programs else f"{programs[name].rate.median:.0f}"
                             + (f" ({ratio.median:.2f} ×)" if ratio else ""))
            rows.append((result.name, test, *cells))
    return table(("model", "tokens/s", INGOT, *(f"{name} (Ingot is)" for name in others)), rows)


def markdown(results, facts, with_bars):
    parts = [introduction(facts), short_table(results)]
    for result in results:
        parts += [f"### {result.name}", ceilings(result), model_table(result)]
        if result.program:
            parts.append("Executable: " + ", ".join(f"{key.replace('_', ' ')} {value:.6g}" for key, value in
                                                    result.program.items() if value is not None) + ".")
    if with_bars:
        rows = judged({result.name: result for result in results}, facts["isa"])
        parts += ["### Bars", table(("model", "what", "needed", "measured", ""), rows)]
    return "\n\n".join(parts) + "\n"


def to_json(results, facts, with_bars):
    content = dict(facts, models=[result.to_json() for result in results])
    if with_bars:
        keys = ("model", "what", "needed", "measured", "verdict")
        content["bars"] = [dict(zip(keys, row)) for row in judged({r.name: r for r in results}, facts["isa"])]
    return json.dumps(content, indent=1) + "\n"

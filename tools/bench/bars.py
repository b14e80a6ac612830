"""What Ingot must reach on the suite's models, per instruction set, and whether it did."""
import dataclasses
import typing

from machine import KINDS
from results import INGOT

MEBIBYTE = 1 << 20
MEGABYTE = 10**6
INT8_KINDS = {kind for kind, (_, numbers, _) in KINDS.items() if numbers == "int8"}
MAIN = "SmolLM2 Q4_1"


@dataclasses.dataclass(frozen=True)
class Bar:
    model: str
    what: str
    figure: typing.Callable  # of a ModelResult: a number, or None where nothing was measured
    needed: dict  # ISA -> number; an ISA that is missing has no bar
    unit: str  # "x", "%" (of a number 0 to 1), "ms", "s", "MiB", "MB"
    at_most: bool = False

    def verdict(self, number, isa):
        needed = self.needed[isa]
        return "met" if (number <= needed if self.at_most else number >= needed) else "missed"


def median_of(figure):
    return figure.median if figure else None


def times(test, peer, model, native, avx2, goal=""):
    return Bar(model, f"{test}, times {peer}{goal}", lambda result: median_of(result.ratio(test, peer)),
               dict(native=native, avx2=avx2), "x")


def times_fastest(test, model, native, avx2):
    def figure(result):
        ratios = [result.ratio(test, peer) for peer in result.outcomes.get(test, {}) if peer != INGOT]
        return min((ratio.median for ratio in ratios if ratio), default=None)
    return Bar(model, f"{test}, times the fastest peer", figure, dict(native=native, avx2=avx2), "x")


def of_read_ceiling(test, model, needed):
    return Bar(model, f"{test}, of the read ceiling", lambda result: median_of(result.read_share(test, INGOT)), needed,
               "%")


def of_program(what, figure, native, avx2, unit, at_most=True):
    def number(result):
        try:
            return figure(result.program)
        except (KeyError, TypeError):  # not measured
            return None
    return Bar(MAIN, what, number, dict(native=native, avx2=avx2), unit, at_most)


def suite_bars():
    yield times("decode at depth 512", "llama.cpp", MAIN, 2.6, 2.0)
    yield times("decode at depth 512", "ik_llama.cpp", MAIN, 1.4, 1.15, " (goal on AVX-512: 1.8)")
    yield of_read_ceiling("decode at depth 512", MAIN, dict(native=0.80))
    for peer in ("llama.cpp", "ik_llama.cpp"):
        yield times("decode at depth 4000", peer, MAIN, 2.5, 1.8)
    yield times_fastest("prefill 512", MAIN, 1.4, 1.2)
    yield Bar(MAIN, "prefill 512, of the int8 peak",
              lambda result: median_of(result.peak_share("prefill 512", INGOT, INT8_KINDS)), dict(native=0.36), "%")
    for model in ("SmolLM2 Q4_0", "SmolLM2 Q8_0", "SmolLM2 Q5_0", "1024 Q4_K", "1024 Q6_K"):
        yield times("decode at depth 512", "llama.cpp", model, 1.4, 1.2)
        yield times("prefill 512", "llama.cpp", model, 1.3, 1.2)
    yield of_read_ceiling("decode at depth 0", "1B Q4_0", dict(native=0.90, avx2=0.80))
    yield of_program("start to first token, 5-token prompt",
                     lambda p: p["start_to_first_token_seconds"] * 1e3, 50, 60, "ms")
    yield of_program("peak memory over the plan",
                     lambda p: (p["peak_memory_bytes"] - p["planned_memory_bytes"]) / MEBIBYTE, 2, 2, "MiB")
    yield of_program("peak memory, of the plan",
                     lambda p: p["peak_memory_bytes"] / p["planned_memory_bytes"], 0.95, 0.95, "%", at_most=False)
    yield of_program("peak memory over weights and cache", lambda p: (
        p["peak_memory_bytes"] - p["weights_bytes"] - p["key_value_bytes"]) / MEGABYTE, 16, 16, "MB")
    yield of_program("compile", lambda p: p["compile_seconds"] + 0, 6, 6, "s")
    yield of_program("executable over its weights",
                     lambda p: (p["executable_bytes"] - p["weights_bytes"]) / MEGABYTE, 4, 4, "MB")


def judged(results, isa, bars=None):
    """Rows (model, what, needed, figure, verdict) as text. `results`: by model name."""
    rows = []
    for bar in suite_bars() if bars is None else bars:
        if isa not in bar.needed:
            continue
        scale, digits = (100 if bar.unit == "%" else 1), (2 if bar.unit == "x" else 1)
        text = lambda number: f"{number * scale:.{digits}f} {bar.unit}"
        number = bar.figure(results[bar.model]) if bar.model in results else None
        rows.append((bar.model, bar.what, f"{'≤' if bar.at_most else '≥'} {text(bar.needed[isa])}",
                     "not measured" if number is None else text(number),
                     "" if number is None else bar.verdict(number, isa)))
    return rows

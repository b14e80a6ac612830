"""The benchmark's arithmetic, tables and bars; what it measures is no test."""
import json
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "tools" / "bench"))
import bars  # noqa: E402
import bench  # noqa: E402
import compare  # noqa: E402
import machine  # noqa: E402
import models  # noqa: E402
import report  # noqa: E402
import rounds  # noqa: E402
from figures import Figure, best_setting, mean_rate, order_of, settings_to_keep  # noqa: E402
from peers.ik_llama_cpp import IkLlamaCpp  # noqa: E402
from peers.llama_cpp import LlamaCpp  # noqa: E402
from peers.peer import Peer, Setting, mean_positions  # noqa: E402
from results import INGOT, ModelResult, Paired  # noqa: E402
from workspace import Cannot  # noqa: E402

PREFILL, DECODE = models.Test("prefill", 512), models.Test("decode", 64, 512)
DEEP = models.Test("decode", 64, 4000)


def figure(*samples):
    return Figure(tuple(map(float, samples)))


def test_figures():
    ours, theirs = figure(30, 10, 20), figure(10, 10, 10)
    assert (ours.median, ours.lowest, ours.highest) == (20, 10, 30)
    assert ours.divided_by(theirs).samples == (3, 1, 2)
    assert ours.times(2).median == 40
    with pytest.raises(ValueError, match="3 samples against 1"):
        ours.divided_by(figure(1))
    # The median of the ratios is not the ratio of the medians.
    assert figure(1, 10, 11).divided_by(figure(1, 1, 100)).median == 1
    assert mean_rate([1, 3]) == pytest.approx(1.5)


def test_settings_after_the_trial():
    assert settings_to_keep({"a": 100, "b": 96, "c": 95, "d": 10}) == ["a", "b"]
    assert settings_to_keep({"a": 80, "b": 100}) == ["b"]
    assert best_setting({"a": figure(1, 9, 9), "b": figure(8, 8, 8)}) == "a"


def test_every_program_is_first_and_last():
    names = ["a", "b", "c"]
    orders = [order_of(number, names) for number in range(6)]
    assert all(sorted(order) == names for order in orders)
    assert order_of(3, []) == []
    assert {order[0] for order in orders} == {order[-1] for order in orders} == set(names)


def test_kinds_of_instruction():
    zen4 = {"avx2", "fma", "avx512f", "avx512vl", "avx512_vnni", "avx512_bf16"}
    assert "vpdpbusd-zmm" in machine.kinds_for(zen4, "native") and "vdpbf16ps-zmm" in machine.kinds_for(zen4, "native")
    assert set(machine.kinds_for(zen4, "avx2")) == {"maddubs-maddwd-ymm", "maddubs-addw-ymm", "fma-ymm"}
    assert machine.kinds_for({"sse2"}, "native") == []
    source = (machine.CEILINGS / "peak_rate.c").read_text()
    assert all(f'"{kind}"' in source for kind in machine.KINDS)
    assert machine.parse_rates("2 streams\t5\nb\t1e3\n") == {"2 streams": 5, "b": 1000}


def test_arguments_of_the_ggml_peers():
    assert LlamaCpp.test_arguments(None, PREFILL) == ["-p", 512, "-n", 0, "-d", 0]
    assert LlamaCpp.test_arguments(None, DECODE) == ["-p", 0, "-n", 64, "-d", 512]
    assert IkLlamaCpp.test_arguments(None, PREFILL) == ["-p", 512, "-n", 0]
    assert IkLlamaCpp.test_arguments(None, DECODE) == ["-p", 0, "-n", 0, "-gp", "512,64"]
    assert len(set(LlamaCpp.settings)) == len(set(IkLlamaCpp.settings)) == 4
    assert mean_positions(DECODE) == 544.5


class Fake(Peer):
    """Gives one rate per setting; fails where told."""

    def __init__(self, name, rates, fails=()):
        self.name, self.rates, self.fails = name, rates, fails
        self.settings = tuple(Setting(label) for label in rates)

    def version(self):
        return "1"

    def set_up(self):
        pass

    def open(self, model):
        if "open" in self.fails:
            raise Cannot("no such format")

    def rate(self, setting, test):
        if test.name in self.fails or setting.label in self.fails:
            raise Cannot("context is too small")
        return self.rates[setting.label]

    def bytes_per_token(self, test):
        return 100e6

    def paired(self, test):
        if self.name != INGOT or test.kind == "prefill":
            return None
        return Paired(figure(0.9, 0.7), figure(36e9, 44e9), figure(70, 300))


class FakeMachine:
    def read_rates(self, size):
        assert size == 7
        return {"one stream": 30e9, "four streams": 40e9}

    def peak_rates(self):
        return {"vpdpbusd-zmm": 900e9, "fma-ymm": 200e9}


@pytest.fixture
def result():
    model = models.Model("SmolLM2 Q4_1", pathlib.Path("m.gguf"), dict(weight_bytes=7, layer_parameters=10**8),
                         [PREFILL, DECODE, DEEP], "m")
    peers = [Fake("Ingot", {"default": 320.0}),
             Fake("llama.cpp", {"slow": 80.0, "fast": 160.0, "broken": 0.0}, ["broken"]),
             Fake("ik_llama.cpp", {"default": 200.0}, ["decode at depth 512"]),
             Fake("OpenVINO int4", {"a": 1.0}, ["open"])]
    return rounds.measure(model, peers, FakeMachine(), 3)


def test_rounds(result):
    outcome = result.outcomes["decode at depth 512"]["llama.cpp"]
    assert (outcome.setting, outcome.rate.samples, outcome.bytes_per_token) == ("fast", (160, 160, 160), 100e6)
    assert outcome.trials == {"slow": 80, "fast": 160}
    assert result.outcomes["prefill 512"]["Ingot"].bytes_per_token is None
    assert result.cannot["decode at depth 512"] == {"ik_llama.cpp": "context is too small",
                                                    "OpenVINO int4": "no such format"}
    assert result.ratio("decode at depth 512", "llama.cpp").median == 2
    assert result.ratio("decode at depth 512", "ik_llama.cpp") is None
    assert result.ratio_of_medians("decode at depth 512", "llama.cpp") == 2
    assert result.ratio_of_medians("decode at depth 512", "ik_llama.cpp") is None
    assert (result.read.median, result.read_pattern) == (40e9, "four streams")
    # Ingot's is its own measurement beside its repetitions, that of others the rounds' program that only reads.
    assert result.read_share("decode at depth 512", "Ingot").median == pytest.approx(0.8)
    assert result.read_share("decode at depth 512", "llama.cpp").samples == pytest.approx([0.4] * 3)
    assert result.read_share("prefill 512", "llama.cpp") is None
    # Depths that take long to fill are for every second round.
    assert len(result.outcomes["decode at depth 4000"]["llama.cpp"].rate.samples) == 2
    assert result.read_share("decode at depth 4000", "llama.cpp").samples == pytest.approx([0.4] * 2)
    assert result.operations_per_second("prefill 512", "Ingot").median == pytest.approx(64e9)
    assert result.highest_peak(bars.INT8_KINDS)[0] == "vpdpbusd-zmm"
    assert result.operations_per_second("decode at depth 512", "Ingot") is None


def test_bars(result):
    rows = {(model, what): rest for model, what, *rest in bars.judged({result.name: result}, "native")}
    assert rows["SmolLM2 Q4_1", "decode at depth 512, times llama.cpp"] == ["≥ 2.60 x", "2.00 x", "missed"]
    assert rows["SmolLM2 Q4_1", "decode at depth 512, of the read ceiling"] == ["≥ 80.0 %", "80.0 %", "met"]
    assert rows["SmolLM2 Q4_1", "prefill 512, times the fastest peer"] == ["≥ 1.40 x", "1.60 x", "met"]
    assert rows["SmolLM2 Q4_1", "decode at depth 4000, times llama.cpp"] == ["≥ 2.50 x", "2.00 x", "missed"]
    assert rows["1024 Q4_K", "prefill 512, times llama.cpp"][1] == "not measured"
    assert rows["SmolLM2 Q4_1", "compile"][1] == "not measured"
    result.program = dict(compile_seconds=6.5)
    rows = {what: rest for model, what, *rest in bars.judged({result.name: result}, "avx2") if model == result.name}
    assert rows["compile"] == ["≤ 6.0 s", "6.5 s", "missed"]
    assert rows["decode at depth 512, times llama.cpp"] == ["≥ 2.00 x", "2.00 x", "met"]
    assert "decode at depth 512, of the read ceiling" not in rows
    assert {bar.model for bar in bars.suite_bars()} <= set(models.SUITE)


def test_bars_name_tests_that_are_run():
    known = {name: {test.name for test in models.suite_tests(name)} for name in models.SUITE}
    for bar in bars.suite_bars():
        test = bar.what.split(",")[0]
        assert test in known[bar.model] or not test.startswith(("prefill", "decode")), f"{bar.model}: {test} is not run"


def test_tables(result):
    facts = dict(cpu="A CPU", isa="native", threads=2, rounds=3, versions={"Ingot": "1"})
    text = report.markdown([result], facts, with_bars=True)
    assert "| SmolLM2 Q4_1 | decode at depth 512 | 320 | 160 (2.00 ×) |  |" in text
    assert "| decode at depth 512 | ik_llama.cpp | cannot: context is too small |" in text
    assert "| decode at depth 512 | Ingot | 320.0 (320.0–320.0) |  |  | 100.0 | 32.0 | 80 |  |  | default |" in text
    assert "| decode at depth 512 | llama.cpp | 160.0 (160.0–160.0) | 2.00 (2.00–2.00) | 2.00 | 100.0 | 16.0 | 40 |" in text
    assert "decode at depth 512: Ingot itself measured a read ceiling of 40.0 (36.0–44.0) GB/s around its" in text
    for block in text.split("\n\n"):
        lines = block.splitlines()
        if lines[0].startswith("|"):
            assert len({line.count("|") for line in lines}) == 1, block
    content = json.loads(report.to_json([result], facts, with_bars=True))
    test = content["models"][0]["tests"]["decode at depth 512"]["llama.cpp"]
    assert test["ingot_ratio"]["samples"] == [2, 2, 2] and test["ingot_ratio_of_medians"] == 2
    assert test["bytes_per_token"] == 100e6
    assert content["bars"][0]["verdict"] == "missed"


def test_comparison_of_executables():
    first = [(1000, 300, [80, 82]), (1100, 310, [70, 90])]
    second = [(2000, 330, [85, 86]), (1100, 341, [87, 88])]
    assert list(compare.rows(["a", "b"], [first, second])) == [
        ("a", "1050 (1000–1100)", "1.000 (1.000–1.000)", "305 (300–310)", "1.000 (1.000–1.000)", "81 (70–90)"),
        ("b", "1550 (1100–2000)", "1.500 (1.000–2.000)", "336 (330–341)", "1.100 (1.100–1.100)", "86 (85–88)")]


def test_choosing_by_first_letters(monkeypatch):
    assert bench.chosen("ingot,LLAMA", bench.PROGRAMS, "program") == ["Ingot", "llama.cpp"]
    assert bench.chosen("SmolLM2", models.SUITE, "model")[-1] == "SmolLM2 Q8_0"
    assert bench.chosen(None, {"a": 1}, "model") == ["a"]
    with pytest.raises(SystemExit, match="no program 'vllm'"):
        bench.chosen("vllm", bench.PROGRAMS, "program")


def test_no_figure_where_nothing_was_measured():
    empty = ModelResult("m", 1, {}, "", {}, {}, {})
    assert empty.ratio("prefill 512", "llama.cpp") is None and empty.read_share("prefill 512", "Ingot") is None
    assert empty.peak_share("prefill 512", "Ingot", bars.INT8_KINDS) is None

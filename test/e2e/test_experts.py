"""Mixtures of experts, written op by op, as numpy has them: storage of every kind, experts that no row or every row chose,
one of them or all; and bits that depend on nothing but the row."""
import dataclasses

import numpy as np
import pytest

from conftest import EXACT, assert_close
from decoder import Decoder
from programs import compile_text, info, run_step

WIDTH = 64


@dataclasses.dataclass
class Mixture:
    """The feed-forward part of a model."""
    format: str = "f32"
    experts: int = 6
    count: int = 2
    hidden: int = 96
    width: int = WIDTH
    weighting: str = "softmax_of_chosen"
    function: str = "silu"
    shared: bool = False
    skewed: bool = False  # all rows choose the same experts

    def logits(self, decoder):
        x = decoder.embedding(self.width)
        for _ in range(2):
            normed = decoder.norm(x, "rms_norm")
            # As files have it, in f32.
            decoder.format = "f32"
            router = decoder.linear(normed, self.experts, bias=False)
            decoder.format = self.format
            if self.skewed:
                router = decoder.scale(router, 0.0)
            choice = decoder.choose_experts(router, self.count, self.weighting)
            hidden = decoder.expert_gated_mlp(normed, choice, self.experts, self.hidden, self.function)
            y = decoder.expert_sum(hidden, choice, self.experts, self.width)
            if self.shared:
                gate = decoder.repeat_column(decoder.activation(decoder.linear(normed, 1), "gelu"), self.width)
                own = decoder.linear(decoder.activation(decoder.linear(normed, 32), "relu"), self.width)
                y = decoder.add(y, decoder.multiply(own, gate))
            x = decoder.add(x, y)
        return decoder.linear(decoder.norm(decoder.wanted_rows(x), "rms_norm"), decoder.vocabulary, bias=False,
                              operation="logits", weight=decoder.table)


MIXTURES = {
    "mixtral": Mixture(),
    "of_all": Mixture(weighting="softmax_of_all", shared=True),
    "one_of_many": Mixture(experts=37, count=1, hidden=40, width=48),
    "all": Mixture(experts=3, count=3, function="gelu_tanh"),
    "only_one": Mixture(experts=1, count=1),
    # Padding of panels between experts, and pieces of a row that are no whole vectors.
    "odd": Mixture(experts=5, count=3, hidden=23, width=42, shared=True),
    # Of equal logits, those of the lowest numbers: most experts have no rows, two have all.
    "ties": Mixture(skewed=True),
    **{name: Mixture(format=name, weighting="softmax_of_all") for name in ("f16", "bf16", "q4_0", "q4_1", "q5_0", "q8_0")},
    **{name: Mixture(format=name, width=256, hidden=256, experts=4) for name in ("q2_k", "q4_k", "q6_k")},
}


@pytest.mark.parametrize("name", MIXTURES)
def test_mixture(ingot, name, tmp_path):
    mixture = MIXTURES[name]
    decoder = Decoder(format=mixture.format)
    logits = mixture.logits(decoder)
    program = decoder.text(logits)
    tokens = np.random.default_rng(3).integers(0, decoder.vocabulary, 43)
    reference = logits.compute(tokens)
    executable = compile_text(ingot, program, tmp_path, EXACT, name="exact")
    whole = run_step(executable, tokens)
    assert_close(whole, reference)
    if mixture.format.startswith("q"):
        executable = compile_text(ingot, program, tmp_path, name="default")
        whole = run_step(executable, tokens)
        errors = np.sqrt(np.mean((whole - reference) ** 2, axis=1) / np.mean(reference**2, axis=1))
        print(f"relative error {np.median(errors):.4f}, of {(errors > 0.06).sum()} rows more than 0.06")
        # What was rounded may choose otherwise in the second layer.
        assert np.quantile(errors, 0.8) <= 0.06
    # A row's bits are the same alone, among few and among many, whatever the number of workers.
    for begin, end in ((0, 1), (7, 8), (3, 6), (0, 20), (11, 43)):
        assert np.array_equal(run_step(executable, tokens[begin:end], threads=3), whole[begin:end]), (begin, end)


def test_report(ingot, tmp_path):
    """A step of one row reads the matrices of as many experts as a row has."""
    sizes = {}
    for count in (1, 4):
        decoder = Decoder(format="q8_0")
        mixture = Mixture(format="q8_0", experts=8, count=count)
        executable = compile_text(ingot, decoder.text(mixture.logits(decoder)), tmp_path, name=f"of_{count}")
        sizes[count] = info(executable)["report"]["decode"]["weight_bytes"]
    # Of each of two layers three more experts of three matrices, of 34 bytes for 32 weights.
    assert sizes[4] - sizes[1] == 2 * 3 * 3 * WIDTH * 96 * 34 // 32

"""A Llama decoder in numpy, float64: what programs printed by ingot-shape must compute, worked out apart from the compiler.

Parameters are read from the program's own text (`random SEED scale S`, `splat V`) and made again after the description in
codegen/weights/generate.h and the block formats of ggml."""
import dataclasses
import re

import numpy as np

PARAMETER = re.compile(r"model\.parameter @(\S+) : tensor<([\dx]+)xf32, (#.*>)> (?:random (\d+) scale (\S+)|splat (\S+))$",
                       re.MULTILINE)


def mix(value):
    """SplitMix64 on arrays of uint64"""
    with np.errstate(over="ignore"):
        value = value + np.uint64(0x9E3779B97F4A7C15)
        value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return value ^ (value >> np.uint64(31))


def bfloat16(values):
    bits = np.asarray(values, np.float32).view(np.uint32)
    bits = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return (bits & np.uint32(0xFFFF0000)).view(np.float32)


def random_matrix(format_name, shape, seed, scale):
    """float32 `shape`, every element a function of the seed and its index"""
    index = np.arange(np.prod(shape), dtype=np.uint64)
    bits = mix(mix(np.array([seed], np.uint64)) ^ index) >> np.uint64(40)
    scale = np.float32(scale)
    plain = {"f32": lambda values: values, "f16": lambda values: values.astype(np.float16), "bf16": bfloat16}
    if format_name in plain:
        values = scale * (bits.astype(np.float32) * np.float32(2.0**-23) - np.float32(1))
        return plain[format_name](values).astype(np.float32).reshape(shape)
    width = {"q4_0": 4, "q4_1": 4, "q5_0": 5, "q5_1": 5, "q8_0": 8, "i4": 4,
             "q2_k": 2, "q3_k": 3, "q4_k": 4, "q5_k": 5, "q6_k": 6}[format_name]
    step = np.float32(np.float16(2 * scale / np.float32(1 << width)))
    codes = (bits >> np.uint64(24 - width)).astype(np.int64)
    if format_name in ("q4_1", "q5_1", "q2_k", "q4_k", "q5_k"):
        values = codes * step + np.float32(np.float16(-scale))
    else:
        values = np.maximum(codes - (1 << (width - 1)), 1 - (1 << (width - 1)) if width == 8 else -(1 << width)) * step
    return values.astype(np.float32).reshape(shape)


def parameters_of(program):
    """{name: float32 array} of a program's text"""
    result = {}
    for name, shape, storage, seed, scale, splat in PARAMETER.findall(program):
        shape = tuple(map(int, shape.split("x")))
        ggml = re.search(r"ggml<(\w+)>", storage)
        if splat:
            assert ggml and ggml[1] == "f32", f"splat of {storage}"
            result[name] = np.full(shape, np.float32(splat))
        else:
            result[name] = random_matrix(ggml[1] if ggml else "i4", shape, int(seed), scale)
    assert len(result) == program.count("model.parameter @"), "a parameter was not understood"
    return result


@dataclasses.dataclass
class Sizes:
    """What ingot-shape is asked for, by the names of its options."""
    layers: int = 2
    width: int = 64
    heads: int = 4
    key_value_heads: int = 2
    head_dim: int = 16
    hidden: int = 96
    vocabulary: int = 256
    context: int = 256
    rows: int = 80
    wanted: int = 80
    sequences: int = 1
    seed: int = 3
    format: str = "f32"
    kv: str = "f32"
    separate_head: bool = False
    window: int = 0          # positions that a row sees, 0 all
    window_pattern: int = 0  # every so-many-th layer sees all positions, 0 none

    def window_of(self, layer):
        everywhere = self.window_pattern and layer % self.window_pattern == self.window_pattern - 1
        return 0 if everywhere else self.window

    def options(self):
        for name, value in dataclasses.asdict(self).items():
            if name == "separate_head":
                yield from ["--separate-head"] if value else []
            else:
                yield f"--{name.replace('_', '-')}={value}"


@dataclasses.dataclass
class Scores:
    """What becomes of scores before the softmax, and which are seen: attributes of model.attention."""
    softcap: float | None = None
    alibi_slopes: tuple[float, ...] = ()  # one for each head, or none
    bidirectional: bool = False

    def added_to(self, program):
        """The text of a program printed by ingot-shape, with these attributes at every attention"""
        attributes = [f"softcap = {self.softcap:e} : f32"] if self.softcap else []
        if self.alibi_slopes:
            attributes.append(f"alibi_slopes = array<f32: {', '.join(map(repr, self.alibi_slopes))}>")
        attributes += ["bidirectional"] if self.bidirectional else []
        changed, count = re.subn(r"(model\.attention .*?\{)", rf"\1{', '.join(attributes)}, ", program)
        assert count
        return changed


# Of four heads.
SLOPES = (0.5, 0.25, 0.03125, 0.0)
SCORES = {"softcap": Scores(softcap=0.75), "alibi": Scores(alibi_slopes=SLOPES),
          "both": Scores(softcap=1.25, alibi_slopes=SLOPES), "bidirectional": Scores(bidirectional=True),
          "all": Scores(softcap=1.25, alibi_slopes=SLOPES, bidirectional=True)}


def forward(sizes, parameters, tokens, after_attention=lambda value: value, epsilon=1e-5, rope_base=10000.0,
            adjustments=Scores()):
    """Logits [tokens, vocabulary] of one sequence. `after_attention` is applied to the stream after each attention."""
    weights = {name: value.astype(np.float64) for name, value in parameters.items()}
    rows = len(tokens)

    def norm(x, weight):
        return x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + epsilon) * weight

    def rope(x):
        """Turns the pairs (2i, 2i + 1) of every head."""
        frequencies = np.float64(rope_base) ** (-2.0 * np.arange(sizes.head_dim // 2) / sizes.head_dim)
        angles = np.arange(rows)[:, None, None] * frequencies
        even, odd = x[..., 0::2], x[..., 1::2]
        out = np.empty_like(x)
        out[..., 0::2] = even * np.cos(angles) - odd * np.sin(angles)
        out[..., 1::2] = even * np.sin(angles) + odd * np.cos(angles)
        return out

    x = weights["token_embd.weight"][np.asarray(tokens)]
    for layer in range(sizes.layers):
        def weight(name):
            return weights[f"blk.{layer}.{name}.weight"]
        normed = norm(x, weight("attn_norm"))
        query = rope((normed @ weight("attn_q").T).reshape(rows, sizes.heads, sizes.head_dim))
        key = rope((normed @ weight("attn_k").T).reshape(rows, sizes.key_value_heads, sizes.head_dim))
        value = (normed @ weight("attn_v").T).reshape(rows, sizes.key_value_heads, sizes.head_dim)
        group = sizes.heads // sizes.key_value_heads
        key, value = np.repeat(key, group, axis=1), np.repeat(value, group, axis=1)
        scores = np.einsum("rhd,shd->hrs", query, key) / np.sqrt(sizes.head_dim)
        distance = np.arange(rows)[:, None] - np.arange(rows)
        window = sizes.window_of(layer) or rows
        if adjustments.softcap:
            scores = adjustments.softcap * np.tanh(scores / adjustments.softcap)
        if adjustments.alibi_slopes:
            scores = scores - np.array(adjustments.alibi_slopes)[:, None, None] * np.abs(distance)
        if not adjustments.bidirectional:
            scores = np.where((distance >= 0) & (distance < window), scores, -np.inf)
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        attended = np.einsum("hrs,shd->rhd", scores, value).reshape(rows, -1)
        x = after_attention(x + attended @ weight("attn_output").T)
        normed = norm(x, weight("ffn_norm"))
        gate = normed @ weight("ffn_gate").T
        x = x + (gate / (1 + np.exp(-gate)) * (normed @ weight("ffn_up").T)) @ weight("ffn_down").T
    return norm(x, weights["output_norm.weight"]) @ weights.get("output.weight", weights["token_embd.weight"]).T

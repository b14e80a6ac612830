"""Decoders put together operation by operation: the text of a program after import, and beside it what numpy, in float64,
makes of every line. Parameters are random numbers or splats, as test/e2e/llama.py makes them again."""
import math

import numpy as np

from llama import random_matrix


def storage(format_name):
    return f"#encoding.storage<format = #encoding.ggml<{format_name}>>"


ACTIVATIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "gelu": lambda x: x * (1 + np.vectorize(math.erf)(x / np.sqrt(2))) / 2,
    "gelu_tanh": lambda x: x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))) / 2,
}


class Node:
    """A value of the program: its name, its columns, and its rows for the tokens of one sequence."""

    def __init__(self, name, columns, compute):
        self.name, self.columns, self.known = name, columns, {}
        self.type = f"tensor<?x{columns}xf32>"

        def once(tokens):
            key = np.asarray(tokens, np.int32).tobytes()
            if key not in self.known:
                self.known[key] = compute(tokens)
            return self.known[key]

        self.compute = once


class Decoder:
    """`format` is that of matrices, `vectors` that of vectors."""

    def __init__(self, vocabulary=256, context=128, rows=80, wanted=80, format="f32", vectors="f32"):
        self.vocabulary, self.context, self.format, self.vectors = vocabulary, context, format, vectors
        self.rows, self.windows = rows, set()
        self.step = f"!model.step<rows = {rows}, sequences = 1, wanted = {wanted}>"
        self.parameters, self.lines, self.values, self.seed = [], [], 0, 100

    def node(self, columns, text, compute):
        """A line `%name = text` where $type is the result's type; `compute` takes the tokens."""
        name = f"%v{self.values}"
        self.values += 1
        result = Node(name, columns, compute)
        self.lines.append(f"{name} = {text.replace('$type', result.type)}")
        return result

    def parameter(self, *shape, scale=None, splat=None):
        """(name, type, float64 array); a vector where the shape has one dimension"""
        format_name = self.format if len(shape) == 2 else self.vectors
        kind = f"tensor<{'x'.join(map(str, shape))}xf32, {storage(format_name)}>"
        name, seed = f"p{self.seed}", self.seed
        self.seed += 1
        if splat is None:
            scale = np.float32(f"{scale if scale else np.sqrt(3 / shape[-1]):e}")
            source, values = f"random {seed} scale {scale:e}", random_matrix(format_name, shape, seed, scale)
        else:
            source, values = f"splat {splat:e}", np.full(shape, np.float32(splat))
        self.parameters.append(f"model.parameter @{name} : {kind} {source}")
        self.lines.append(f"%{name} = model.load_parameter @{name} : {kind}")
        return f"%{name}", kind, values.astype(np.float64)

    def embedding(self, width):
        self.table = self.parameter(self.vocabulary, width)
        name, kind, values = self.table
        return self.node(width, f"model.embedding {name}, %step : {kind}, {self.step} to $type",
                         lambda tokens: values[np.asarray(tokens)])

    def position_embedding(self, width, offset=0):
        name, kind, values = self.parameter(self.context + offset, width, scale=0.5)
        return self.node(width, f"model.position_embedding {name}, %step {{offset = {offset} : i64}} : {kind}, {self.step} to "
                         "$type", lambda tokens: values[np.arange(len(tokens)) + offset])

    def repeat_row(self, width):
        name, kind, values = self.parameter(width, scale=0.5)
        return self.node(width, f"model.repeat_row {name}, %step : {kind}, {self.step} to $type",
                         lambda tokens: np.tile(values, (len(tokens), 1)))

    def wanted_rows(self, x):
        """The runtime is asked for all of them."""
        return self.node(x.columns, f"model.wanted_rows {x.name}, %step : {x.type}, {self.step} to $type", x.compute)

    def linear(self, x, outputs, bias=True, operation="linear", weight=None):
        name, kind, values = weight or self.parameter(outputs, x.columns)
        biased, added = "", 0.0
        if bias:
            bias_name, bias_kind, added = self.parameter(outputs, scale=0.5)
            biased = f" bias {bias_name} : {bias_kind}"
        return self.node(outputs, f"model.{operation} {x.name}, {name}{biased} : {x.type}, {kind} to $type",
                         lambda tokens: x.compute(tokens) @ values.T + added)

    def norm(self, x, kind="layer_norm", weight=True, bias=True, groups=1, whole=False, epsilon=1e-5):
        """`whole`: weight and bias are as long as the row, not as a piece."""
        length = x.columns if whole else x.columns // groups
        words, scale, shift = "", np.ones(length), np.zeros(length)
        if weight:
            name, weight_kind, scale = self.parameter(length, scale=1.0)
            words += f", {name}" if kind == "rms_norm" else f" weight {name} : {weight_kind}"
        if bias and kind == "layer_norm":
            name, bias_kind, shift = self.parameter(length, scale=0.5)
            words += f" bias {name} : {bias_kind}"
        types = f"{x.type}, {weight_kind}" if kind == "rms_norm" else x.type

        def compute(tokens):
            rows = x.compute(tokens)
            pieces = rows.reshape(len(rows), groups, -1)
            if kind == "layer_norm":
                pieces = pieces - pieces.mean(axis=-1, keepdims=True)
            pieces = pieces / np.sqrt((pieces**2).mean(axis=-1, keepdims=True) + epsilon)
            return pieces.reshape(rows.shape) * np.resize(scale, x.columns) + np.resize(shift, x.columns)

        return self.node(x.columns, f"model.{kind} {x.name}{words} {{epsilon = {epsilon:e} : f32, groups = {groups} : i64}} : "
                         f"{types}", compute)

    def activation(self, x, function):
        return self.node(x.columns, f"model.activation {function} {x.name} : $type",
                         lambda tokens: ACTIVATIONS[function](x.compute(tokens)))

    def add(self, x, y):
        return self.node(x.columns, f"arith.addf {x.name}, {y.name} : $type",
                         lambda tokens: x.compute(tokens) + y.compute(tokens))

    def multiply(self, x, y):
        return self.node(x.columns, f"arith.mulf {x.name}, {y.name} : $type",
                         lambda tokens: x.compute(tokens) * y.compute(tokens))

    def scale(self, x, factor):
        """A constant for all elements is a splat over the rows that there are."""
        name = f"%c{self.values}"
        self.lines += [f"{name}.zero = arith.constant 0 : index", f"{name}.rows = tensor.dim {x.name}, {name}.zero : {x.type}",
                       f"{name}.factor = arith.constant {factor:e} : f32",
                       f"{name} = tensor.splat {name}.factor[{name}.rows] : {x.type}"]
        return self.node(x.columns, f"arith.mulf {x.name}, {name} : $type", lambda tokens: x.compute(tokens) * factor)

    def clip(self, x, bound):
        """Numbers beyond the bound are the bound."""
        name = f"%c{self.values}"
        self.lines += [f"{name}.zero = arith.constant 0 : index", f"{name}.rows = tensor.dim {x.name}, {name}.zero : {x.type}"]
        for end, number in ("least", -bound), ("most", bound):
            self.lines += [f"{name}.{end}.number = arith.constant {number:e} : f32",
                           f"{name}.{end} = tensor.splat {name}.{end}.number[{name}.rows] : {x.type}"]
        larger = self.node(x.columns, f"arith.maximumf {x.name}, {name}.least : $type",
                           lambda tokens: np.maximum(x.compute(tokens), -bound))
        return self.node(x.columns, f"arith.minimumf {larger.name}, {name}.most : $type",
                         lambda tokens: np.minimum(larger.compute(tokens), bound))

    def rope(self, x, dimension, base=100.0, style="halves", rotated=None):
        """Turns pairs of every head, of its first `rotated` elements (None: all) by their position."""
        rotated = rotated or dimension
        frequencies = np.float32(base) ** (-2.0 * np.arange(rotated // 2) / rotated)
        order = np.arange(rotated).reshape(2, -1) if style == "halves" else np.arange(rotated).reshape(-1, 2).T

        def compute(tokens):
            rows = x.compute(tokens).reshape(len(tokens), -1, dimension)
            angles = np.arange(len(tokens))[:, None, None] * frequencies.astype(np.float64)
            first, second = rows[..., order[0]], rows[..., order[1]]
            result = rows.copy()
            result[..., order[0]] = first * np.cos(angles) - second * np.sin(angles)
            result[..., order[1]] = first * np.sin(angles) + second * np.cos(angles)
            return result.reshape(len(tokens), -1)

        return self.node(x.columns, f"model.rope {x.name}, %step {{dimension = {dimension} : i64, style = "
                         f"{int(style != 'halves')} : i32, frequencies = array<f32: "
                         f"{', '.join(f'{number:e}' for number in frequencies)}>}} : $type, {self.step}", compute)

    def attention(self, query, key, value, dimension, window=None, rope=True, **turns):
        """Causal; a row sees the last `window` positions (None: all). `turns`: as rope has them."""
        heads, key_heads = query.columns // dimension, key.columns // dimension
        q, k = (self.rope(x, dimension, **turns) if rope else x for x in (query, key))
        attributes = f", window = {window} : i64" if window else ""
        self.windows.add(window)

        def compute(tokens):
            def heads_of(x, repeat=1):
                return np.repeat(x.compute(tokens).reshape(len(tokens), -1, dimension), repeat, axis=1)
            scores = np.einsum("rhd,shd->hrs", heads_of(q), heads_of(k, heads // key_heads)) / np.sqrt(dimension)
            distance = np.arange(len(tokens))[:, None] - np.arange(len(tokens))
            scores = np.where((distance >= 0) & (distance < (window or len(tokens))), scores, -np.inf)
            weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
            weights /= weights.sum(axis=-1, keepdims=True)
            return np.einsum("hrs,shd->rhd", weights, heads_of(value, heads // key_heads)).reshape(len(tokens), -1)

        return self.node(query.columns, f"model.attention {q.name}, %step key {k.name} : {k.type} value {value.name} : "
                         f"{value.type} {{heads = {heads} : i64, key_value_heads = {key_heads} : i64, scale = "
                         f"{1 / np.sqrt(dimension):e} : f32{attributes}}} : {q.type}, {self.step} to $type", compute)

    def repeat_column(self, x, columns):
        return self.node(columns, f"model.repeat_column {x.name} : {x.type} to $type",
                         lambda tokens: np.repeat(x.compute(tokens), columns, axis=1))

    def choose_experts(self, x, count, weighting):
        """The numbers of the chosen experts, ascending, then their weights"""
        def compute(tokens):
            logits = x.compute(tokens)
            chosen = np.sort(np.argsort(-logits, axis=1, kind="stable")[:, :count], axis=1)
            powers = np.exp(logits - logits.max(axis=1, keepdims=True))
            weights = np.take_along_axis(powers, chosen, axis=1)
            sums = (powers if weighting == "softmax_of_all" else weights).sum(axis=1, keepdims=True)
            return np.concatenate([chosen, weights / sums], axis=1)

        return self.node(2 * count, f"model.choose_experts {weighting} {x.name} {{count = {count} : i64}} : {x.type} to $type",
                         compute)

    @staticmethod
    def experts_of(choice, tokens):
        """[rows, count] numbers and weights"""
        numbers, weights = np.split(choice.compute(tokens), 2, axis=1)
        return numbers.astype(int), weights

    def expert_gated_mlp(self, x, choice, experts, hidden, function):
        (gate, kind, gates), (up, _, ups) = (self.parameter(experts * hidden, x.columns) for _ in range(2))

        def compute(tokens):
            rows, (numbers, _) = x.compute(tokens), self.experts_of(choice, tokens)
            own = [values.reshape(experts, hidden, -1)[numbers] for values in (gates, ups)]
            first, second = (np.einsum("rd,rkhd->rkh", rows, values) for values in own)
            return (ACTIVATIONS[function](first) * second).reshape(len(rows), -1)

        return self.node(choice.columns // 2 * hidden, f"model.expert_gated_mlp {function} {x.name}, {choice.name}, {gate}, "
                         f"{up} {{experts = {experts} : i64}} : {x.type}, {choice.type}, {kind}, {kind} to $type", compute)

    def expert_sum(self, x, choice, experts, columns):
        hidden = x.columns // (choice.columns // 2)
        name, kind, values = self.parameter(experts * columns, hidden)

        def compute(tokens):
            numbers, weights = self.experts_of(choice, tokens)
            pieces = x.compute(tokens).reshape(*numbers.shape, hidden)
            return np.einsum("rk,rkh,rkch->rc", weights, pieces, values.reshape(experts, columns, hidden)[numbers])

        return self.node(columns, f"model.expert_sum {x.name}, {choice.name}, {name} {{experts = {experts} : i64}} : {x.type}, "
                         f"{choice.type}, {kind} to $type", compute)

    def text(self, logits):
        """The program that answers with `logits`"""
        pages = (self.context + 63) // 64
        groups = [f'model.cache_group "full" {{context = {self.context} : i64, page_rows = 64 : i64, pages = {pages} : i64}}']
        for window in self.windows - {None}:
            ring = (min(self.context, window + self.rows - 1) + 63) // 64
            groups.append(f'model.cache_group "window_{window}" {{context = {self.context} : i64, page_rows = 64 : i64, '
                          f"pages = {ring} : i64, window = {window} : i64, ring = {ring} : i64}}")
        return "\n".join(["module {", *self.parameters,
                          *groups,
                          f"func.func @forward(%step: {self.step}) -> {logits.type} {{", *self.lines,
                          f"return {logits.name} : {logits.type}", "}", "}", ""])

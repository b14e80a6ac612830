#!/usr/bin/env python3
"""Prints a small Llama at the phase quantize.

usage: make_llama.py LAYERS FORMAT ACTIVATIONS

FORMAT is a format of GGUF files, ACTIVATIONS is i8 or f32.
"""

import sys

WIDTH, HEADS, KEY_VALUE_HEADS, DIMENSION, HIDDEN, VOCABULARY = 96, 3, 1, 32, 128, 320


def main():
    layers, weight_format, activations = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    queries, keys = HEADS * DIMENSION, KEY_VALUE_HEADS * DIMENSION
    parameters, body = [], []

    def plain(columns):
        return f"tensor<?x{columns}xf32>"

    def activation(columns):
        return plain(columns) if activations == "f32" else f"tensor<?x{columns}xf32, #i8>"

    def load(value, name, shape, storage):
        body.append(f"%{value} = model.load_parameter @{name} : tensor<{shape}xf32, #{storage}>")

    def parameter(value, name, shape, storage):
        parameters.append(f'model.parameter @{name} : tensor<{shape}xf32, #{storage}> from "m.gguf"::"{name}"')
        load(value, name, shape, storage)

    def matrix(rows, columns):
        return f"tensor<{rows}x{columns}xf32, #w>"

    def quantize(value, columns):
        if activations == "f32":
            return value
        body.append(f"%{value}_i8 = encoding.quantize %{value} : {plain(columns)} to {activation(columns)}")
        return value + "_i8"

    def norm(value, source, weight):
        body.append(f"%{value} = model.rms_norm %{source}, %{weight} {{epsilon = 1.0e-05 : f32}} : "
                    f"{plain(WIDTH)}, tensor<{WIDTH}xf32, #f32>")
        return quantize(value, WIDTH)

    def linear(value, source, weight, rows, columns):
        body.append(f"%{value} = model.linear %{source}, %{weight} : {activation(columns)}, {matrix(rows, columns)} "
                    f"to {plain(rows)}")

    frequencies = ", ".join(["0.5"] * (DIMENSION // 2))
    parameter("table", "token_embd.weight", f"{VOCABULARY}x{WIDTH}", "w")
    body.append(f"%x0 = model.embedding %table, %step : {matrix(VOCABULARY, WIDTH)}, !step to {plain(WIDTH)}")
    x = "x0"
    for layer in range(layers):
        block, end = f"blk.{layer}.", f"_{layer}"
        parameter("attn_norm" + end, block + "attn_norm.weight", WIDTH, "f32")
        a = norm("a" + end, x, "attn_norm" + end)
        for role, rows in (("q", queries), ("k", keys), ("v", keys)):
            parameter("w" + role + end, block + f"attn_{role}.weight", f"{rows}x{WIDTH}", "w")
            linear(role + end, a, "w" + role + end, rows, WIDTH)
        for role, rows in (("q", queries), ("k", keys)):
            body.append(f"%r{role}{end} = model.rope %{role}{end}, %step {{dimension = {DIMENSION} : i64, "
                        f"style = 1 : i32, frequencies = array<f32: {frequencies}>}} : {plain(rows)}, !step")
        body.append(f"%c{end} = model.key_value_append %cache{layer}, %rk{end}, %v{end}, %step : !cache, {plain(keys)}, "
                    f"{plain(keys)}, !step")
        body.append(f"%h{end} = model.attention %rq{end}, %step cache %c{end} : !cache {{heads = {HEADS} : i64, "
                    f"key_value_heads = {KEY_VALUE_HEADS} : i64, scale = 0.125 : f32}} : {plain(queries)}, !step "
                    f"to {plain(queries)}")
        h = quantize("h" + end, queries)
        parameter("wo" + end, block + "attn_output.weight", f"{WIDTH}x{queries}", "w")
        linear("o" + end, h, "wo" + end, WIDTH, queries)
        body.append(f"%y{end} = arith.addf %o{end}, %{x} : {plain(WIDTH)}")
        parameter("ffn_norm" + end, block + "ffn_norm.weight", WIDTH, "f32")
        b = norm("b" + end, "y" + end, "ffn_norm" + end)
        for role, rows, columns in (("gate", HIDDEN, WIDTH), ("up", HIDDEN, WIDTH), ("down", WIDTH, HIDDEN)):
            parameter("w" + role + end, block + f"ffn_{role}.weight", f"{rows}x{columns}", "w")
        body.append(f"%g{end} = model.gated_mlp silu %{b}, %wgate{end}, %wup{end} : {activation(WIDTH)}, "
                    f"{matrix(HIDDEN, WIDTH)}, {matrix(HIDDEN, WIDTH)} to {plain(HIDDEN)}")
        g = quantize("g" + end, HIDDEN)
        linear("d" + end, g, "wdown" + end, WIDTH, HIDDEN)
        x = f"x{layer + 1}"
        body.append(f"%{x} = arith.addf %y{end}, %d{end} : {plain(WIDTH)}")
    body.append(f"%last = model.wanted_rows %{x}, %step : {plain(WIDTH)}, !step to {plain(WIDTH)}")
    parameter("output_norm", "output_norm.weight", WIDTH, "f32")
    final = norm("final", "last", "output_norm")
    body.append(f"%logits = model.logits %{final}, %table : {activation(WIDTH)}, {matrix(VOCABULARY, WIDTH)} "
                f"to {plain(VOCABULARY)}")
    caches = ", ".join(["!cache"] * layers)
    body.append("return %logits, " + ", ".join(f"%c_{layer}" for layer in range(layers)) +
                f" : {plain(VOCABULARY)}, {caches}")

    print("#f32 = #encoding.storage<format = #encoding.ggml<f32>>")
    print(f"#w = #encoding.storage<format = #encoding.ggml<{weight_format}>>")
    print("#i8 = #encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>")
    print("!step = !model.step<rows = 512, sequences = 1, wanted = 16>")
    print(f'!cache = !model.key_value<{KEY_VALUE_HEADS} x {DIMENSION} x f16, "full">')
    print('module attributes {ingot.options = {target = "cpu", cpu = "native", activations = "auto", '
          'key_value = "f16", weights = "embedded"}} {')
    print('model.cache_group "full" {context = 64, page_rows = 16, pages = 4}')
    print("\n".join(parameters))
    arguments = ", ".join(f"%cache{layer}: !cache" for layer in range(layers))
    print(f"func.func @forward(%step: !step, {arguments}) -> ({plain(VOCABULARY)}, {caches}) {{")
    print("\n".join("  " + line for line in body))
    print("}\n}")


main()

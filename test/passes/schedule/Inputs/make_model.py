"""Prints what the place phase leaves of a Llama-shaped model, for the tests of the schedule and plan phases.

  python3 make_model.py [--layers 2] [--width 64] [--hidden 160] [--heads 4] [--key-value-heads 2] [--dimension 16]
                        [--vocabulary 272] [--rows 512] [--context 128] [--unfused]

--unfused leaves queries, keys and values, gate and up as kernels of their own: launches that are not ordered.
"""

import argparse

parser = argparse.ArgumentParser()
for name, default in dict(layers=2, width=64, hidden=160, heads=4, key_value_heads=2, dimension=16, vocabulary=272,
                          rows=512, wanted=16, context=128).items():
    parser.add_argument("--" + name.replace("_", "-"), type=int, default=default)
parser.add_argument("--unfused", action="store_true")
o = parser.parse_args()


def padded(value):
    return (value + 15) // 16 * 16


rotated = 2 * padded(o.dimension // 2)
query, key, value = o.heads * rotated, o.key_value_heads * rotated, o.key_value_heads * padded(o.dimension)
compact = o.heads * o.dimension
gated = 2 * padded(o.hidden)
q8 = "#encoding.storage<format = #encoding.ggml<q8_0>>"
packed = "#encoding.storage<format = #encoding.ggml<q8_0>, layout = <16 x 4>>"
i8 = "#encoding.storage<format = #encoding.block<i8, group = 32, scale = dynamic>>"
cache = f'!model.key_value<{o.key_value_heads} x {o.dimension} x f16, "full">'


def matrix(rows, columns):
    return f"tensor<{rows}x{columns}xf32, {packed}>"


def vector(columns):
    return f"tensor<{columns}xf32>"


parameters = []


def parameter(name, type):
    parameters.append(name)
    source = type.replace(packed, q8)
    print(f"model.parameter @{name}.file : {source} splat 0.5")
    print(f"encoding.assemble @{name} : {type} on \"host[0]\" {{\n  %0 = encoding.load @{name}.file : {source}\n"
          f"  encoding.yield %0 : {source}\n}}")


print('module attributes {ingot.options = {target = "cpu", cpu = "x86-64-v3", activations = "auto", key_value = "f16",'
      ' weights = "embedded"}, model.name = "test", model.license = "apache-2.0"} {')
pages = (o.context + 63) // 64
print(f'model.cache_group "full" {{context = {o.context}, page_rows = 64, pages = {pages}}}')
weights = {"query_key_value": matrix(query + key + value, o.width)}
if o.unfused:
    weights = {"query": matrix(compact, o.width), "key": matrix(o.key_value_heads * o.dimension, o.width),
               "value": matrix(o.key_value_heads * o.dimension, o.width)}
weights |= {"attention_norm": vector(o.width), "attention_output": matrix(o.width, compact), "mlp_norm": vector(o.width)}
if o.unfused:
    weights |= {"gate": matrix(o.hidden, o.width), "up": matrix(o.hidden, o.width)}
else:
    weights["gate_up"] = matrix(gated, o.width)
weights["down"] = matrix(o.width, o.hidden)
# The head comes first here, so that a test sees that reading decides the order of the weights.
parameter("output_norm", vector(o.width))
parameter("token_embedding", matrix(o.vocabulary, o.width))
for layer in range(o.layers):
    for name, type in weights.items():
        parameter(f"layer.{layer}.{name}", type)

ranges = [("1", 1, 1)]
if o.rows > 1:
    ranges.append(("2_to_8", 2, min(8, o.rows)))
if o.rows > 8:
    ranges.append((f"9_to_{o.rows}", 9, o.rows))

for suffix, first, last in ranges:
    wanted = min(o.wanted, last)
    step = f"!model.step<rows = {last}, sequences = 1, wanted = {wanted}>"
    n = "1" if last == 1 else "?"
    functions = {}

    def plain(columns):
        return f"tensor<{n}x{columns}xf32>"

    def rounded(columns):
        return f"tensor<{n}x{columns}xf32, {i8}>"

    def function(name, arguments, results, body):
        header = ", ".join(f"%a{i}: {type}" for i, type in enumerate(arguments))
        single = results[0] if len(results) == 1 else f"({', '.join(results)})"
        values = "%0" if len(results) == 1 else "%0#0, %0#1"
        left = "%0" if len(results) == 1 else "%q, %c"
        values = left
        print(f"kernel.function @{name}.rows_{suffix}({header}) -> {single} attributes {{row_range = #kernel.rows<{first}"
              f" to {last}>}} {{\n  {left} = {body}\n  kernel.return {values} : {', '.join(results)}\n}}")
        functions[name] = (arguments, results)

    def region(names, result="%x"):
        arguments = ", ".join(f"%{name}: f32" for name in names)
        return f"{{\n  ^bb0({arguments}, %row: index, %column: index):\n    kernel.yield %{names[0]} : f32\n  }}"

    table = matrix(o.vocabulary, o.width)
    function("embedding", [table, step], [plain(o.width)], f"kernel.embedding %a0, %a1 : {table}, {step} to {plain(o.width)}")
    pairs = ", ".join(["1.0"] * (o.dimension // 2))
    function("rope_table", [step], [plain(rotated)],
             f"kernel.rope_table %a0 {{frequencies = array<f32: {pairs}>, magnitude = 1.0 : f32}} : {step} to {plain(rotated)}")
    function("norm", [plain(o.width), vector(o.width)], [rounded(o.width)],
             f"kernel.norm_quantize %a0 norm %a1 : {vector(o.width)} {{epsilon = 1.0e-5 : f32}} : {plain(o.width)} to {rounded(o.width)}")
    function("round", [plain(compact)], [rounded(compact)],
             f"kernel.norm_quantize %a0 : {plain(compact)} to {rounded(compact)}")
    function("wanted", [plain(o.width), step], [plain(o.width)],
             f"kernel.wanted_rows %a0, %a1 : {plain(o.width)}, {step} to {plain(o.width)}")

    def matmul(name, weight, rows, columns, residual=False):
        operands = [rounded(columns), weight] + ([plain(rows)] if residual else [])
        extra = f" with %a2 : {plain(rows)}" if residual else ""
        names = ["accumulator", "residual"] if residual else ["accumulator"]
        function(name, operands, [plain(rows)],
                 f"kernel.matmul %a0, %a1{extra} : {rounded(columns)}, {weight} to {plain(rows)} {region(names)}")

    if o.unfused:
        matmul("query", weights["query"], compact, o.width)
        matmul("key", weights["key"], o.key_value_heads * o.dimension, o.width)
        for name, columns, heads in ("rope_query", compact, o.heads), ("rope_key", o.key_value_heads * o.dimension, o.key_value_heads):
            function(name, [plain(columns), plain(rotated)], [plain(heads * rotated)],
                     f"kernel.pair_heads %a0 rope %a1 : {plain(rotated)} {{dimension = {o.dimension}, style = 0 : i32}} : {plain(columns)} to {plain(heads * rotated)}")
        function("append", [cache, plain(key), plain(o.key_value_heads * o.dimension), step], [cache],
                 f"kernel.append %a0, %a1, %a2, %a3 : {cache}, {plain(key)}, {plain(o.key_value_heads * o.dimension)}, {step}")
        matmul("gate", weights["gate"], o.hidden, o.width)
        function("multiply", [plain(o.hidden), plain(o.hidden)], [plain(o.hidden)],
                 f"kernel.generic %a0, %a1 : {plain(o.hidden)}, {plain(o.hidden)} to {plain(o.hidden)} {region(['x', 'y'])}")
        function("round_hidden", [plain(o.hidden)], [rounded(o.hidden)],
                 f"kernel.norm_quantize %a0 : {plain(o.hidden)} to {rounded(o.hidden)}")
    else:
        function("query_key_value", [rounded(o.width), weights["query_key_value"], plain(rotated), cache, step],
                 [plain(query), cache],
                 f"kernel.qkv_rope_append %a0, %a1, %a3, %a4 rope %a2 : {plain(rotated)} {{heads = {o.heads}}} : {rounded(o.width)}, "
                 f"{weights['query_key_value']}, {cache}, {step} to {plain(query)}, {cache} rotation {{\n"
                 "  ^bb0(%first: f32, %second: f32, %cosine: f32, %sine: f32):\n    kernel.yield %first, %second : f32, f32\n  }")
        function("gate_up", [rounded(o.width), weights["gate_up"]], [rounded(o.hidden)],
                 f"kernel.gated_matmul %a0, %a1 : {rounded(o.width)}, {weights['gate_up']} to {rounded(o.hidden)} {region(['gate', 'up'])}")
    function("attention", [plain(query), cache, step], [plain(compact) if o.unfused else rounded(compact)],
             f"kernel.attention %a0, %a1, %a2 {{heads = {o.heads}, scale = 0.25 : f32}} : {plain(query)}, {cache}, {step} to "
             + (plain(compact) if o.unfused else rounded(compact)))
    matmul("attention_output", weights["attention_output"], o.width, compact, residual=True)
    matmul("down", weights["down"], o.width, o.hidden, residual=True)
    matmul("head", table, o.vocabulary, o.width)

    caches = "".join(f", %c{layer}: {cache}" for layer in range(o.layers))
    print(f"func.func @forward.rows_{suffix}(%step: {step}{caches}) -> ({plain(o.vocabulary)}{(', ' + cache) * o.layers})"
          f" attributes {{kernel.row_range = #kernel.rows<{first} to {last}>}} {{")
    counter = 0

    def call(name, *operands, wanted=False, many=False):
        global counter
        counter += 1
        arguments, results = functions[name]
        left = f"%v{counter}:2" if many else f"%v{counter}"
        print(f"  {left} = kernel.call @{name}.rows_{suffix}({', '.join(operands)}) {'wanted ' if wanted else ''}on \"compute\" : "
              f"({', '.join(arguments)}) -> ({', '.join(results)})")
        return f"%v{counter}"

    def load(name, type):
        global counter
        counter += 1
        print(f"  %v{counter} = model.load_parameter @{name} : {type}")
        return f"%v{counter}"

    embedding = load("token_embedding", table)
    x = call("embedding", embedding, "%step")
    rope = call("rope_table", "%step")
    versions = []
    for layer in range(o.layers):
        def weight(name):
            return load(f"layer.{layer}.{name}", weights[name])

        normed = call("norm", x, weight("attention_norm"))
        if o.unfused:
            q = call("rope_query", call("query", normed, weight("query")), rope)
            k = call("rope_key", call("key", normed, weight("key")), rope)
            v = call("key", normed, weight("value"))
            version = call("append", f"%c{layer}", k, v, "%step")
            a = call("round", call("attention", q, version, "%step"))
        else:
            both = call("query_key_value", normed, weight("query_key_value"), rope, f"%c{layer}", "%step", many=True)
            version = both + "#1"
            a = call("attention", both + "#0", version, "%step")
        versions.append(version)
        x = call("attention_output", a, weight("attention_output"), x)
        normed = call("norm", x, weight("mlp_norm"))
        if o.unfused:
            h = call("round_hidden", call("multiply", call("gate", normed, weight("gate")), call("gate", normed, weight("up"))))
        else:
            h = call("gate_up", normed, weight("gate_up"))
        x = call("down", h, weight("down"), x)
    x = call("wanted", x, "%step", wanted=True)
    x = call("norm", x, load("output_norm", vector(o.width)), wanted=True)
    x = call("head", x, embedding, wanted=True)
    print(f"  return {x}{''.join(', ' + v for v in versions)} : {plain(o.vocabulary)}{(', ' + cache) * o.layers}\n}}")
print("}")

"""Prints as JSON what the benchmark's arithmetic needs to know of a GGUF file. usage: gguf_facts.py FILE.gguf"""
import json
import sys

import gguf

reader = gguf.GGUFReader(sys.argv[1])


def value(key):
    return reader.fields[key].contents()


architecture = value("general.architecture")
layers, width, heads = (value(f"{architecture}.{key}") for key in
                        ("block_count", "embedding_length", "attention.head_count"))
key_value_heads = value(f"{architecture}.attention.head_count_kv")
key_dim = reader.fields.get(f"{architecture}.attention.key_length")
head_dim = key_dim.contents() if key_dim else width // heads
embedding = next(tensor for tensor in reader.tensors if tensor.name == "token_embd.weight")
head = next((tensor for tensor in reader.tensors if tensor.name == "output.weight"), embedding)
# One row of the embedding is read per token, which is nothing; tied to the head, all of it is read there.
read = [tensor for tensor in reader.tensors if tensor is not embedding or head is embedding]
matrices = [tensor for tensor in reader.tensors if tensor.name.startswith("blk.") and len(tensor.shape) == 2]
formats = {}
for tensor in [*matrices, head]:
    formats[tensor.tensor_type.name] = formats.get(tensor.tensor_type.name, 0) + int(tensor.n_bytes)
print(json.dumps(dict(
    layers=layers, width=width,
    layer_parameters=sum(int(tensor.n_elements) for tensor in matrices), head_parameters=int(head.n_elements),
    weight_bytes=sum(int(tensor.n_bytes) for tensor in read), tensor_bytes=sum(int(t.n_bytes) for t in reader.tensors),
    key_value_elements_per_position=2 * layers * key_value_heads * head_dim, formats=formats)))

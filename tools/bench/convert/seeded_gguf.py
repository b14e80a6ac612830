"""Writes an f16 GGUF file of a Llama shape: weights from a seed, tokenizer from another file.

usage: seeded_gguf.py OUT.gguf TOKENIZER.gguf WIDTH LAYERS HIDDEN HEADS KEY_VALUE_HEADS
Speed does not depend on the weights' values, so any model of a shape can be timed without downloading one.
"""
import sys

import gguf
import numpy as np

SEED, DEVIATION = 4, 0.02
out, tokenizer = sys.argv[1:3]
width, layers, hidden, heads, key_value_heads = map(int, sys.argv[3:])
reader = gguf.GGUFReader(tokenizer)
vocabulary = len(reader.fields["tokenizer.ggml.tokens"].data)
writer = gguf.GGUFWriter(out, "llama")
writer.add_name(f"Seeded Llama {width}/{hidden}, {layers} layers")
writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
writer.add_block_count(layers)
writer.add_context_length(8192)
writer.add_embedding_length(width)
writer.add_feed_forward_length(hidden)
writer.add_head_count(heads)
writer.add_head_count_kv(key_value_heads)
writer.add_layer_norm_rms_eps(1e-5)
writer.add_rope_freq_base(10000.0)
writer.add_rope_dimension_count(width // heads)
writer.add_vocab_size(vocabulary)
for key, field in reader.fields.items():
    if key.startswith("tokenizer."):
        writer.add_key_value(key, field.contents(), field.types[0], field.types[1] if len(field.types) > 1 else None)

key_value_width = width // heads * key_value_heads
tensors = {"token_embd.weight": (vocabulary, width), "output_norm.weight": (width,)}
for layer in range(layers):
    tensors.update({f"blk.{layer}.{name}.weight": shape for name, shape in dict(
        attn_norm=(width,), attn_q=(width, width), attn_k=(key_value_width, width), attn_v=(key_value_width, width),
        attn_output=(width, width), ffn_norm=(width,), ffn_gate=(hidden, width), ffn_up=(hidden, width),
        ffn_down=(width, hidden)).items()})
for name, shape in tensors.items():
    kind = np.float32 if len(shape) == 1 else np.float16
    writer.add_tensor_info(name, shape, np.dtype(kind), int(np.prod(shape)) * np.dtype(kind).itemsize)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_ti_data_to_file()
generator = np.random.default_rng(SEED)
for name, shape in tensors.items():
    writer.write_tensor_data(np.ones(shape, np.float32) if len(shape) == 1 else
                             (DEVIATION * generator.standard_normal(shape, np.float32)).astype(np.float16))
writer.close()

"""change_gguf.py DATA FILE CHANGE: writes the valid model of make_bad_gguf.py with one change to it."""
import sys

data, file, change = sys.argv[1:]
sys.path.insert(0, data)
sys.dont_write_bytecode = True
from make_bad_gguf import ARRAY, BOOL, STRING, U32, Tensor, valid_model

model = valid_model()
if change == "bias":
    model.tensors.append(Tensor("blk.0.attn_q.bias", [32], "F32"))
elif change == "unknown":
    model.tensors.append(Tensor("blk.1.attn_q.weight", [32, 32], "F32"))
elif change == "value_length":
    model.set("llama.attention.value_length", U32, 8)
elif change == "quantized_norm":
    model.replace_tensor("output_norm.weight", [32], "Q8_0")
elif change == "tokens":
    model.replace_tensor("token_embd.weight", [32, 301], "F32").set("llama.vocab_size", U32, 301)
elif change == "nothing":
    model.tensors = []
    model.keys = [entry for entry in model.keys if not entry[0].startswith("tokenizer.")]
elif change == "encoder":
    model.set("llama.attention.causal", BOOL, 0)
elif change.startswith("window"):
    # window-PATTERN: a number, or a letter for each layer, w for one with the window.
    model.set("llama.attention.sliding_window", U32, 5)
    _, _, pattern = change.partition("-")
    if pattern.isdigit():
        model.set("llama.attention.sliding_window_pattern", U32, int(pattern))
    elif pattern:
        model.set("llama.attention.sliding_window_pattern", ARRAY, (BOOL, [letter == "w" for letter in pattern]))
elif change == "no_window":
    model.set("llama.attention.sliding_window", U32, 0)
elif change == "name":
    model.set("general.name", STRING, "x" * 5000)
else:
    sys.exit(f"unknown change {change}")
with open(file, "wb") as out:
    out.write(model.write())

"""Writes a GGUF model's dequantised weights as a Hugging Face folder, from which other peers convert.

usage: gguf_to_hugging_face.py FILE.gguf FOLDER
"""
import pathlib
import sys

import torch
import transformers

source, folder = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
loaded = transformers.AutoModelForCausalLM.from_pretrained(source.parent, gguf_file=source.name, dtype=torch.float32)
configuration = loaded.config
# It says that the weights are quantised, which they no longer are.
configuration.__dict__.pop("quantization_config", None)
model = transformers.AutoModelForCausalLM.from_config(configuration, dtype=torch.float32)
model.load_state_dict(loaded.state_dict(), strict=False)
model.tie_weights()
model.save_pretrained(folder)
transformers.AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name).save_pretrained(folder)
# transformers copies the GGUF file under this name; readers of the folder would take it for a SentencePiece model.
(folder / "tokenizer.model").unlink(missing_ok=True)

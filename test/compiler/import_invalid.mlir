// What test/e2e/bad_input checks case by case, here with the whole line.
// RUN: rm -rf %t && mkdir -p %t && python3 %data/make_bad_gguf.py %t

// RUN: not ingotc %t/model-general.architecture-mamba.gguf -o %t/out 2>&1 | FileCheck %s --check-prefix=ARCHITECTURE --match-full-lines
// ARCHITECTURE: ingotc: error: {{.*}}/model-general.architecture-mamba.gguf: architecture 'mamba' ('general.architecture') is not supported; supported: llama, {{.*}}
// RUN: not ingotc %t/type-iq4_xs.gguf -o %t/out 2>&1 | FileCheck %s --check-prefix=TYPE
// TYPE: ingotc: error: {{.*}}/type-iq4_xs.gguf: {{.*}}IQ4_XS{{.*}}F32, F16, {{.*}}Q8_0
// RUN: not ingotc %t/model-without-llama.block_count.gguf -o %t/out 2>&1 | FileCheck %s --check-prefix=KEY
// KEY: ingotc: error: {{.*}}'llama.block_count'
// RUN: not ingotc %t/model-llama.block_count-4294967295.gguf -o %t/out 2>&1 | FileCheck %s --check-prefix=LAYERS --match-full-lines
// LAYERS: ingotc: error: {{.*}}: metadata key 'llama.block_count' is 4294967295; expected 1 to 65536
// RUN: not ingotc %t/model-llama.block_count-2.gguf -o %t/out 2>&1 | FileCheck %s --check-prefix=TENSOR --match-full-lines
// TENSOR: ingotc: error: {{.*}}: has no tensor 'blk.1.attn_norm.weight'; expected one of shape 32, as a model of 2 layers ('llama.block_count') has
// RUN: not ingotc %t/model-shape-blk.0.attn_q.weight-32x64.gguf -o %t/out 2>&1 | FileCheck %s --check-prefix=SHAPE --match-full-lines
// SHAPE: ingotc: error: {{.*}}: tensor 'blk.0.attn_q.weight' has the shape 64x32; expected 32x32 by the metadata
// RUN: not ingotc %t/model-llama.attention.head_count_kv-3.gguf -o %t/out 2>&1 | FileCheck %s --check-prefix=HEADS --match-full-lines
// HEADS: ingotc: error: {{.*}}: metadata key 'llama.attention.head_count_kv' is 3; expected a divisor of the 2 heads
// RUN: not ingotc %t/model-llama.rope.scaling.type-no-such-scaling.gguf -o %t/out 2>&1 | FileCheck %s --check-prefix=SCALING --match-full-lines
// SCALING: ingotc: error: {{.*}}: metadata key 'llama.rope.scaling.type' is 'no-such-scaling'; expected none, linear or yarn (others are not supported)
// RUN: not ingotc %t/model-llama.expert_count-8.gguf -o %t/out 2>&1 | FileCheck %s --check-prefix=EXPERTS
// EXPERTS: ingotc: error: {{.*}}'llama.expert_used_count'
// RUN: not ingotc %t/model-llama.expert_count-2147483648.gguf -o %t/out 2>&1 | FileCheck %s --check-prefix=MOSTEXPERTS --match-full-lines
// MOSTEXPERTS: ingotc: error: {{.*}}: metadata key 'llama.expert_count' is 2147483648; expected 1 to 4096

// What no case there has.
// RUN: python3 %S/Inputs/change_gguf.py %data %t/bias.gguf bias
// RUN: ingotc %t/bias.gguf --compile-to=import -o - | FileCheck %s --check-prefix=BIAS
// BIAS: model.linear {{.*}} bias %blk.0.attn_q.bias
// RUN: python3 %S/Inputs/change_gguf.py %data %t/unknown.gguf unknown
// RUN: not ingotc %t/unknown.gguf -o %t/out 2>&1 | FileCheck %s --check-prefix=UNKNOWN --match-full-lines
// UNKNOWN: ingotc: error: {{.*}}: tensor 'blk.1.attn_q.weight' has no place in a llama model of 1 layers ('llama.block_count') as its metadata describe it, which is what is supported
// RUN: python3 %S/Inputs/change_gguf.py %data %t/value_length.gguf value_length
// RUN: not ingotc %t/value_length.gguf -o %t/out 2>&1 | FileCheck %s --check-prefix=VALUE --match-full-lines
// VALUE: ingotc: error: {{.*}}: metadata key 'llama.attention.value_length' is 8; expected the key's length of 16 (others are not supported)
// RUN: python3 %S/Inputs/change_gguf.py %data %t/norm.gguf quantized_norm
// RUN: not ingotc %t/norm.gguf -o %t/out 2>&1 | FileCheck %s --check-prefix=NORM --match-full-lines
// NORM: ingotc: error: {{.*}}: tensor 'output_norm.weight' is of type Q8_0; expected F32, F16 or BF16, the types supported for vectors
// RUN: python3 %S/Inputs/change_gguf.py %data %t/tokens.gguf tokens
// RUN: not ingotc %t/tokens.gguf -o %t/out 2>&1 | FileCheck %s --check-prefix=TOKENS --match-full-lines
// TOKENS: ingotc: error: {{.*}}: tensor 'token_embd.weight' is for a vocabulary of 301, and the tokenizer has 300 tokens; expected as many
// RUN: python3 %S/Inputs/change_gguf.py %data %t/nothing.gguf nothing
// RUN: not ingotc %t/nothing.gguf -o %t/out 2>&1 | FileCheck %s --check-prefix=NOTHING --match-full-lines
// NOTHING: ingotc: error: {{.*}}: has neither tensors nor a tokenizer; expected a model or a vocabulary
// RUN: python3 %S/Inputs/change_gguf.py %data %t/encoder.gguf encoder
// RUN: not ingotc %t/encoder.gguf -o %t/out 2>&1 | FileCheck %s --check-prefix=ENCODER --match-full-lines
// ENCODER: ingotc: error: {{.*}}: metadata key 'llama.attention.causal' is false; expected true (encoders are not supported)
// RUN: python3 %S/Inputs/change_gguf.py %data %t/name.gguf name
// RUN: not ingotc %t/name.gguf -o %t/out 2>&1 | FileCheck %s --check-prefix=NAME --match-full-lines
// NAME: ingotc: error: {{.*}}: metadata key 'general.name' holds 5000 bytes; expected at most 4096
// RUN: test ! -e %t/out

// A vocabulary alone is a module without @forward, at every phase.
// RUN: ingotc %t/valid-vocabulary-only.gguf --compile-to=quantize -o - | FileCheck %s --check-prefix=VOCABULARY
// VOCABULARY: model.text from
// VOCABULARY-NOT: func.func

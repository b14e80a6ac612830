#!/bin/sh
# Fuzzes a reader of files: run.sh SECONDS gguf|chat_template|http_request|huggingface_tokenizer|safetensors [FUZZER]
#
# FUZZER is the program built with -DINGOT_BUILD_FUZZERS=ON (default:
# build/bin/ingot_KIND_fuzzer). The corpus grows in a temporary folder; what
# breaks the reader is left in the current folder as `crash-…`.
set -eu

if [ $# -lt 2 ] || [ $# -gt 3 ]; then
  echo "usage: $0 SECONDS gguf|chat_template|http_request|huggingface_tokenizer|safetensors [FUZZER]" >&2
  exit 2
fi
seconds=$1
kind=$2
here=$(cd "$(dirname "$0")" && pwd)
fuzzer=${3:-$here/../../build/bin/ingot_${kind}_fuzzer}

corpus=$(mktemp -d)
trap 'rm -rf "$corpus"' EXIT
python3 "$here/make_seeds.py" "$kind" "$corpus"

# A GGUF file of at most 4 KiB can justify no allocation near 64 MiB; a template may build a text that long.
memory=64
[ "$kind" = gguf ] || memory=512
UBSAN_OPTIONS=print_stacktrace=1 "$fuzzer" -max_total_time="$seconds" \
  -max_len=4096 -malloc_limit_mb=$memory -rss_limit_mb=2048 -timeout=20 \
  -dict="$here/$kind.dict" -print_final_stats=1 -verbosity=0 "$corpus"
echo "corpus: $(ls "$corpus" | wc -l) inputs"

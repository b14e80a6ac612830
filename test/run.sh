#!/bin/bash
# Installs what the tests need, builds, runs lit, GoogleTest and the end-to-end tests, and closes with
# "N passed, N failed". usage: test/run.sh [--full]
set -uo pipefail
cd "$(dirname "$0")/.."

full=()
case "${1-}" in
  "") ;;
  --full) full=(--full); export INGOT_FULL=1 ;;
  *) echo "usage: test/run.sh [--full]" >&2; exit 2 ;;
esac

tools/build.sh --tests || { echo "run.sh: error: the build failed" >&2; echo "0 passed, 1 failed"; exit 1; }

results="$PWD/build/test-results"
rm -rf "$results"
mkdir -p "$results/googletest"
jobs=$(nproc)

echo "== lit"
/usr/lib/llvm-22/bin/lit -v -j "$jobs" --output "$results/lit.json" build/test
echo $? >"$results/lit.status"

echo "== GoogleTest"
GTEST_OUTPUT="json:$results/googletest/" ctest --test-dir build -j "$jobs" --no-tests=error --output-on-failure \
  --output-junit "$results/ctest.xml"
echo $? >"$results/ctest.status"

echo "== end to end"
(
  set -e
  if [ ! -x build/venv/bin/pytest ] || [ test/e2e/requirements.txt -nt build/venv/installed ]; then
    python3 -m venv build/venv
    build/venv/bin/pip install -q --disable-pip-version-check -r test/e2e/requirements.txt
    touch build/venv/installed
  fi
  # A machine without the CUDA toolkit gets its compiler from PyPI.
  PYTHONDONTWRITEBYTECODE=1 build/venv/bin/python -c 'import sys; sys.path.append("test/cuda"); import nvcc; sys.exit(not nvcc.find())' ||
    build/venv/bin/pip install -q --disable-pip-version-check -r test/cuda/requirements.txt
  INGOT_SMOLLM2=$(examples/download_smollm2.sh)
  export INGOT_SMOLLM2 INGOT_TEST_CACHE="$PWD/build/models" INGOTC="$PWD/build/bin/ingotc" PYTHONDONTWRITEBYTECODE=1
  # A file's tests share what they compiled, and go to one of the processes.
  build/venv/bin/pytest -q -p no:cacheprovider -n "$jobs" --dist loadfile -rs --durations=10 "${full[@]}" \
    --junitxml="$results/e2e.xml" test/e2e test/cuda
)
echo $? >"$results/e2e.status"

python3 test/count_results.py "$results"

#!/bin/bash
# Checks the format of all C++ files, and runs clang-tidy on those that changed since BASE (default: the commit before).
# usage: tools/lint.sh [BASE]      needs a configured build/ for the compile commands
set -uo pipefail
cd "$(dirname "$0")/.."
tools=/usr/lib/llvm-22/bin
# Parsing MLIR's headers takes seconds a file; a change this large was checked when it was written.
most=12

mapfile -t all < <(git ls-files '*.cpp' '*.h')
"$tools/clang-format" --dry-run --Werror "${all[@]}" || { echo "lint.sh: error: run clang-format-22 -i on these files" >&2; exit 1; }
echo "clang-format: ${#all[@]} files"

base=${1:-HEAD~1}
if ! git rev-parse -q --verify "$base^{commit}" >/dev/null; then
  echo "clang-tidy: not run, this clone has no commit $base to compare with"
  exit 0
fi
mapfile -t changed < <(git diff --name-only --diff-filter=d "$base" -- '*.cpp' ':!test/' ':!runtime/')
if [ "${#changed[@]}" -gt "$most" ]; then
  echo "clang-tidy: ${#changed[@]} files changed, checking the first $most; left out: ${changed[*]:$most}"
  changed=("${changed[@]:0:$most}")
fi
[ "${#changed[@]}" -eq 0 ] && { echo "clang-tidy: no file changed since $base"; exit 0; }
printf '%s\n' "${changed[@]}" | xargs -P "$(nproc)" -n 1 "$tools/clang-tidy" -p build --quiet --warnings-as-errors='*' || exit 1
echo "clang-tidy: ${#changed[@]} files"

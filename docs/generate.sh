#!/bin/sh
# Writes the reference pages of dialects and passes from their .td files, so that the pages say what the code says.
# usage: docs/generate.sh [OUTPUT]   (default: this folder). MLIR_TBLGEN names the mlir-tblgen to use, INCLUDE its headers.
set -eu
cd "$(dirname "$0")/.."
output=${1:-docs}

llvm=$(llvm-config-22 --prefix 2>/dev/null || echo /usr/lib/llvm-22)
tblgen=${MLIR_TBLGEN:-$llvm/bin/mlir-tblgen}
include=${INCLUDE:-$llvm/include}
[ -x "$tblgen" ] || { echo "generate.sh: error: no mlir-tblgen at $tblgen; install mlir-22-tools or set MLIR_TBLGEN" >&2; exit 1; }

# page FILE SOURCE OPTIONS...: one page. Lines that only a site generator understands ([TOC]) go, as do blanks in a row.
page() {
  file=$1 source=$2
  shift 2
  {
    "$tblgen" -I . -I "$include" "$@" "$source" |
      sed -e '1s|.*|<!-- Written by docs/generate.sh from '"$source"'; edit that. -->|' -e '/^\[TOC\]$/d'
  } | cat -s >"$output/$file.part"
  [ "$(wc -l <"$output/$file.part")" -gt 2 ] || { echo "generate.sh: error: $tblgen made nothing of $source" >&2; exit 1; }
  mv "$output/$file.part" "$output/$file"
}

mkdir -p "$output/dialects" "$output/passes"
for dialect in Encoding Model Kernel Schedule; do
  name=$(echo "$dialect" | tr '[:upper:]' '[:lower:]')
  page "dialects/$name.md" "dialects/$dialect/Ops.td" -gen-dialect-doc "-dialect=$name"
  # mlir-tblgen also prints the enums of the dialects below.
  own=$(sed -n 's/.*EnumAttr<"\([A-Za-z0-9]*\)".*/\1/p' "dialects/$dialect"/*.td)
  awk -v own="$own" '
    BEGIN { count = split(own, names); for (i = 1; i <= count; ++i) keep[names[i]] = 1 }
    /^## / { enums = $0 == "## Enums"; hidden = enums && !count }
    enums && /^### / { hidden = !($2 in keep) }
    !hidden' "$output/dialects/$name.md" | cat -s | sed -e '${/^$/d}' >"$output/dialects/$name.md.part"
  mv "$output/dialects/$name.md.part" "$output/dialects/$name.md"
done

# passes NAME SOURCE TITLE: a title, then every pass of the file.
passes() {
  page "passes/$1.md" "$2" -gen-pass-doc
  { sed -n 1p "$output/passes/$1.md"; printf '\n# %s\n' "$3"; sed 1d "$output/passes/$1.md"; } >"$output/passes/$1.md.part"
  mv "$output/passes/$1.md.part" "$output/passes/$1.md"
}

passes model passes/model/Passes.td "Passes of the model phase"
passes quantize passes/quantize/Passes.td "Passes of the quantize phase"
passes fuse passes/fuse/Passes.td "Passes of the fuse phase"
passes place passes/place/Passes.td "Passes of the place phase"
passes schedule passes/schedule/Passes.td "Passes of the schedule and plan phases"
passes codegen-cpu codegen/cpu/Passes.td "Passes of the codegen phase for CPUs"
passes codegen-cuda codegen/cuda/Passes.td "Passes of the codegen phase for GPUs"

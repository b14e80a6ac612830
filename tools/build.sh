#!/bin/sh
# Installs what the build misses (apt), configures and builds Ingot into build/. usage: tools/build.sh [--tests]
set -eu
cd "$(dirname "$0")/.."

tests=OFF
case "${1-}" in
  "") ;;
  --tests) tests=ON ;;
  *) echo "usage: tools/build.sh [--tests]" >&2; exit 2 ;;
esac

packages="cmake ninja-build ccache g++ clang-22 lld-22 liblld-22-dev libmlir-22-dev mlir-22-tools llvm-22-dev
  libpcre2-dev libutf8proc-dev zlib1g-dev libzstd-dev nlohmann-json3-dev libboost-dev
  python3 python3-venv"
if [ "$tests" = ON ]; then
  packages="$packages llvm-22-tools libclang-rt-22-dev clang-format-22 clang-tidy-22 libgtest-dev binutils qemu-user valgrind"
fi

missing=""
for package in $packages; do
  case "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" in
    installed) ;;
    *) missing="$missing $package" ;;
  esac
done
if [ -n "$missing" ]; then
  command -v apt-get >/dev/null || { echo "build.sh: error: no apt-get here; install these by hand:$missing" >&2; exit 1; }
  sudo=""
  if [ "$(id -u)" != 0 ]; then
    sudo=sudo
    command -v sudo >/dev/null || { echo "build.sh: error: not root and no sudo; as root: apt-get install$missing" >&2; exit 1; }
  fi
  echo "installing:$missing"
  log=$(mktemp)
  if ! { $sudo apt-get update && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } \
      >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "build.sh: error: apt-get could not install:$missing (all messages: $log)" >&2
    exit 1
  fi
  rm -f "$log"
fi

# A build folder that has its tests keeps them.
if [ "$tests" = ON ] || [ ! -f build/CMakeCache.txt ]; then
  cmake -G Ninja -S . -B build -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=clang-22 -DCMAKE_CXX_COMPILER=clang++-22 \
    -DINGOT_BUILD_TESTS=$tests -DINGOT_BUILD_FUZZERS=$tests
fi
cmake --build build

#!/usr/bin/env bash
# libtorch for `cargo build --release --features train`, from the PyTorch wheel.
#
#   eval "$(scripts/libtorch.sh [DIR])"            for the processor: about 1 GiB in DIR (default .venv)
#   eval "$(scripts/libtorch.sh --cuda [DIR])"     for NVIDIA GPUs as well: about 6 GiB
#
# Prints the `export` lines that cargo needs and everything else on standard error. Needs Python 3.10 or newer with venv.
# A finished DIR is used again. Exit code 3: the wheel could not be had (no network, no Python).
set -euo pipefail

cuda=no
if [ "${1:-}" = --cuda ]; then cuda=yes; shift; fi
root=${1:-$(dirname "${BASH_SOURCE[0]}")/../.venv}
version=2.11.0 # what the crate tch 0.24 is made for

say() { echo "libtorch.sh: $*" >&2; }
missing() { say "$*"; exit 3; }

command -v python3 >&2 || missing 'no python3: install Python 3.10 or newer with its venv module'
[ -x "$root/bin/pip" ] || python3 -m venv "$root" >&2 || missing "python3 -m venv $root failed: install the package python3-venv"
root=$(cd "$root" && pwd)
packages=$("$root/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
pip() { "$root/bin/pip" --quiet --disable-pip-version-check "$@" >&2; }

if [ "$cuda" = yes ]; then
    pip install "torch==$version" || missing 'pip cannot install torch'
    printf 'export VIRTUAL_ENV=%q PATH=%q:"$PATH" LIBTORCH_USE_PYTORCH=1\n' "$root" "$root/bin"
    exit
fi

# The wheel is built for CUDA; on the processor its library needs no more of it than the two small packages below. A folder
# beside it leaves out the CUDA half, so that nothing links to it.
view=$packages/libtorch_cpu
if [ "$(cat "$view/build-version" 2>/dev/null)" != "$version" ]; then
    say "installing torch $version without its CUDA packages into $root"
    pip install --no-deps "torch==$version" 'nvidia-cuda-runtime==13.0.*' 'nvidia-cuda-cupti==13.0.*' ||
        missing 'pip cannot install torch; is there a network?'
    mkdir -p "$view/lib"
    ln -sfn ../torch/include "$view/include"
    for library in libtorch_cpu.so libc10.so libgomp.so.1; do
        ln -sf "../../torch/lib/$library" "$view/lib/$library"
    done
    ln -sf libtorch_cpu.so "$view/lib/libtorch.so"
    ln -sf libgomp.so.1 "$view/lib/libgomp.so"
    echo "$version" >"$view/build-version"
fi
printf 'export LIBTORCH=%q\n' "$view"

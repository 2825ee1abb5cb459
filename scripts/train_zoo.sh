#!/usr/bin/env bash
# Trains the kinds of networks in models/, each from the one before: ReLU, HerPN that begins as it and is taught by it, ReLU with
# the same further training, the article's quadratic, a learned one; from ResNet-20 also ResNet-32. Then evaluates them all.
# What is finished is not trained again and what was interrupted goes on, so the same command may be given again.
#
#   scripts/train_zoo.sh [--dataset cifar10] [--network resnet20] [--width 16] [--narrow auto] [--seeds "0 1 2 3"]
#                        [--data data/full] [--out results/zoo] [--cuda] [--dry-run]
#
# Paths are relative to the repository.
# --narrow: ReLU weights of a narrower network that the first network begins as (Net2Net); `auto` is the best shipped one of
# width 16 if --width is a larger multiple of it; `none`: random weights. --dry-run prints the commands. The shipped networks have other numbers of epochs here and there: their cards say which.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

dataset=cifar10 network=resnet20 width=16 narrow=auto seeds="0 1 2 3" data=data/full out=results/zoo cuda=() dry=no
usage() { sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
while [ $# -gt 0 ]; do
    case "$1" in
        --cuda) cuda=(--cuda); shift; continue ;;
        --dry-run) dry=yes; shift; continue ;;
        --dataset | --network | --width | --narrow | --seeds | --data | --out) [ $# -ge 2 ] || usage ;;
        *) echo "error: unknown option $1" >&2; usage ;;
    esac
    declare "${1#--}=$2"
    shift 2
done

if [ "$dry" = no ]; then
    libtorch=$(scripts/libtorch.sh "${cuda[@]}")
    eval "$libtorch"
    cargo build --release --locked --features train --bin leveled
fi
export OMP_WAIT_POLICY=passive # spinning threads slow each other down where cores are shared
leveled=${CARGO_TARGET_DIR:-target}/release/leveled

# weights KIND [NETWORK]: where the network of this kind comes out, such as relu_continued_seed0.
weights() { echo "$out/${2:-$network}_w${width}_${dataset}_$1/${2:-$network}_w${width}_${dataset}_$1.safetensors"; }

finished=()
# train KIND RECIPE [OPTION...]: KIND is the end of the name that the recipe gives.
train() {
    local kind=$1 recipe=$2 file
    shift 2
    file=$(weights "$kind" "$depth")
    finished+=("$file")
    set -- "$leveled" train "configs/recipes/$recipe.yaml" --network "$depth" --width "$width" --dataset "$dataset" \
        "$@" --data "$data" --out "${file%/*}"
    printf '%q ' "$@"
    echo
    if [ "$dry" = no ]; then "$@"; fi
}

if [ "$narrow" = auto ]; then
    narrow=none
    if [ "$width" -gt 16 ] && [ $((width % 16)) -eq 0 ]; then
        # The best by its held out images, which its card has.
        best=$({ grep -H '^validation_accuracy_percent:' "models/${network}_w16_${dataset}_relu"*.yaml 2>/dev/null || true; } |
            awk -F': *' '{ print $3, $1 }' | sort -rn | head -n 1)
        if [ -n "$best" ]; then
            narrow=${best#* }
            narrow=${narrow%.yaml}.safetensors
        fi
    fi
fi

depth=$network
relu=$(weights relu_continued_seed0)
if [ "$narrow" = none ]; then
    train relu_seed0 relu
    train relu_continued_seed0 relu --epochs 36 --initial-weights "$(weights relu_seed0)"
else
    train relu_continued_seed0 wider --initial-weights "$narrow"
fi
for seed in $seeds; do
    train "herpn_distilled_continued_seed$seed" from_relu --epochs 16 --seed "$seed" --initial-weights "$relu" --teacher "$relu"
done
for seed in $seeds; do
    train "relu_distilled_continued_seed$seed" relu_distilled --epochs 16 --seed "$seed" --initial-weights "$relu" --teacher "$relu"
done
train penalty_continued_seed0 penalty --initial-weights "$relu"
train learned_continued_seed0 learned --initial-weights "$(weights penalty_continued_seed0)"
if [ "$network" = resnet20 ]; then
    depth=resnet32
    train relu_continued_seed0 deeper --initial-weights "$relu"
    train herpn_distilled_continued_seed0 from_relu --epochs 16 --initial-weights "$(weights relu_continued_seed0 resnet32)" --teacher "$(weights relu_continued_seed0 resnet32)"
fi

# There are two quadratics besides HerPN of each seed.
read -ra each <<<"$seeds"
ensembles=2,3
if [ "${#each[@]}" -ge 2 ]; then ensembles=2,3,4; fi
set -- "$leveled" evaluate "${finished[@]}" --data "$data" --ensembles "$ensembles" --clusters 64 --modes slice --out "$out/accuracy_${network}_w${width}_$dataset"
printf '%q ' "$@"
echo
if [ "$dry" = no ]; then "$@"; fi

#!/usr/bin/env bash
# What runs on the GPU's machine, which needs Python with PyTorch, NumPy, safetensors and PyYAML, and no network.
#
#   window.sh receive DIR                  keeps the image parts in DIR for later
#   window.sh train MINUTES OUT [COMMIT]   trains side by side, ends within MINUTES, and leaves the weights in OUT in pieces
#
# LANES: what is trained, each SET:NETWORK:WIDTH[:SEED]: ReLU in two fifths of the time, then HerPN that begins as it and is taught by it.
# WINDOW: the directory for images, checkpoints and logs. RECIPES: that of relu.yaml and from_relu.yaml. PYTHON: the interpreter.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
window=${WINDOW:-/tmp/gpu_window} recipes=${RECIPES:-$here/../../configs/recipes} python=${PYTHON:-python3}
lanes=${LANES:-cifar10:resnet20:64 cifar100:resnet20:64 cifar10:resnet20:16}
usage() { sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }

lane() {
    local set=$1 network=$2 width=$3 seed=$4 directory=$5 total=$6 commit=$7 begun=$SECONDS relu
    local common=(--images "$window/images" --dataset "$set" --network "$network" --width "$width" --seed "$seed" --epochs auto --half --commit "$commit")
    minutes() { awk -v all="$total" -v share="$1" -v gone=$((SECONDS - begun)) 'BEGIN { print all * share - gone / 60 }'; }
    "$python" "$here/train.py" "$recipes/relu.yaml" "${common[@]}" --minutes "$(minutes 0.4)" --out "$directory/relu"
    relu=$(echo "$directory/relu/"*.safetensors)
    "$python" "$here/train.py" "$recipes/from_relu.yaml" "${common[@]}" --minutes "$(minutes 1)" --out "$directory/herpn" \
        --initial-weights "$relu" --teacher "$relu"
}

case "${1:-}" in
    receive)
        [ $# -eq 2 ] || usage
        mkdir -p "$window/images"
        cp "$2"/*.part "$window/images/"
        ls -l "$window/images"
        ;;
    train)
        [ $# -ge 3 ] || usage
        mkdir -p "$window"
        shopt -s nullglob
        # Of a call before, which may have trained others.
        rm -rf "$window/results"
        jobs=() logs=() directories=() failed=0
        for lane in $lanes; do
            IFS=: read -r set network width seed <<<"$lane"
            logs+=("$window/${lane//:/_}.log")
            directory=$window/${network}_w${width}_${set}_seed${seed:-0}
            directories+=("$directory"/{relu,herpn})
            lane "$set" "$network" "$width" "${seed:-0}" "$directory" "$2" "${4:-unknown}" >"${logs[-1]}" 2>&1 &
            jobs+=($!)
        done
        for job in "${jobs[@]}"; do wait "$job" || failed=1; done
        tail -n 3 "${logs[@]}"
        mkdir -p "$window/results"
        for directory in "${directories[@]}"; do
            for weights in "$directory"/*.safetensors; do
                cp "$weights" "${weights%.safetensors}.yaml" "$window/results/"
                cp "$directory/history.csv" "$window/results/$(basename "${weights%.safetensors}").history.csv"
            done
        done
        "$python" "$here/parts.py" split "$3" "${logs[@]}" "$window"/results/*
        exit $failed
        ;;
    *) usage ;;
esac

#!/usr/bin/env bash
# Milliseconds that the harness adds to a trial: the time of a sweep of short trials that is not the trials' own (their column
# trial_seconds), with its summary, divided by their number. A run of so many trials draws no figures.
#   scripts/overhead.sh [TRIALS]        default 100, at least 13
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

trials="${1:-100}"
if [ "$trials" -lt 13 ]; then
    echo "error: a run of fewer than 13 trials draws figures, which would count; give 13 or more" >&2
    exit 2
fi
cargo build --release --locked --bin leveled
leveled=$(realpath "${CARGO_TARGET_DIR:-target}/release/leveled")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/overhead.yaml" <<EOF
name: overhead
fixed:
  network: resnet20
  width: 2
  weights: random
  dataset: cifar10
  log_n: 12
  security: none
  backend: simulated
  images: 1
  probe: false
sweep:
  seed: [$(seq -s, 1 "$trials")]
EOF
start=$(date +%s.%N)
"$leveled" run "$work/overhead.yaml" --out "$work/out" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
end=$(date +%s.%N)
column=$(head -1 "$work/out/trials.csv" | tr ',' '\n' | grep -nx trial_seconds | cut -d: -f1)
tail -n +2 "$work/out/trials.csv" | awk -F, -v column="$column" -v start="$start" -v end="$end" '
    { own += $column; rows++ }
    END { printf "%d trials: %.2f s, %.2f s of it the trials own; %.1f ms a trial beside it\n",
                 rows, end - start, own, 1000 * (end - start - own) / rows }'

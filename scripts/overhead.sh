#!/usr/bin/env bash
# Milliseconds that the harness adds to a trial: the time of a sweep of short trials that is not the trials' own (their column
# trial_seconds), reports left out, divided by their number.
#   scripts/overhead.sh [TRIALS]        default 100
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

trials="${1:-100}"
cargo build --release --locked --bin leveled
leveled=$PWD/target/release/leveled
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
"$leveled" run "$work/overhead.yaml" --out "$work/out" >/dev/null 2>&1
all=$(date +%s.%N)
"$leveled" report "$work/out" >/dev/null
end=$(date +%s.%N)
column=$(head -1 "$work/out/trials.csv" | tr ',' '\n' | grep -nx trial_seconds | cut -d: -f1)
tail -n +2 "$work/out/trials.csv" | awk -F, -v column="$column" -v wall="$(echo "$all - $start" | bc)" -v report="$(echo "$end - $all" | bc)" '
    { own += $column; rows++ }
    END { printf "%d trials: %.2f s, %.2f s of it the trials own, %.2f s the report; %.1f ms a trial beside it\n",
                 rows, wall, own, report, 1000 * (wall - own - report) / rows }'

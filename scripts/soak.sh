#!/usr/bin/env bash
# A sweep of 200 short trials under random kills of the run and of its trials; ends with exactly one row for each.
#   scripts/soak.sh [TRIALS [KILLS [SEED]]]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

export LEVELED_SOAK_TRIALS="${1:-200}" LEVELED_SOAK_KILLS="${2:-60}"
if [ $# -ge 3 ]; then
    export LEVELED_SOAK_SEED="$3"
fi
cargo test --release --locked --test soak -- --ignored --nocapture

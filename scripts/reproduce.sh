#!/usr/bin/env bash
# Runs experiments of experiments/paper and ends with the tables. What is recorded is not run again, so after an interruption the
# same command goes on.
#   scripts/reproduce.sh small                 tables and figures at small size, about ten minutes on 2 cores
#   scripts/reproduce.sh PART...               such as: levels clustering_accuracy (files in experiments/paper)
#   scripts/reproduce.sh all                   everything at full size, about 7 hours
#   scripts/reproduce.sh report PART...        tables and figures of what is recorded, runs nothing
# Hours on 2 quiet cores (AVX-512): accuracy 0.1, accuracy_simulated 0.9, accuracy_encrypted 2.7, levels 0.1, cost 0.2, precision 0.1,
# clustering_accuracy 0.5, clustering_joint 0.8, clustering_simulated 0.4, clustering_latency 0.2, ensembles 0.4, ensembles_latency 0.1, width64 0.1.
# `leveled run experiments/paper/PART.yaml --dry-run` forecasts encrypted ones for this machine. Memory: up to 20 GiB.
# Environment: OUT, the directory for results, relative to the repository (results/paper, for small results/small); JOBS, trials side by side (1).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

parts() { (cd experiments/paper && ls -- *.yaml | sed 's/\.yaml$//' | grep -v '^small$'); }

if [ $# -eq 0 ]; then
    sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    echo "parts: $(parts | tr '\n' ' ')"
    exit 2
fi
run=yes
if [ "$1" = report ]; then
    run=no
    shift
fi
case "${1:-all}" in
    all) mapfile -t chosen < <(parts) ;;
    *) chosen=("$@") ;;
esac
for part in "${chosen[@]}"; do
    if [ ! -f "experiments/paper/$part.yaml" ]; then
        echo "error: no experiments/paper/$part.yaml; parts: small all $(parts | tr '\n' ' ')" >&2
        exit 2
    fi
done

cargo build --release --locked --bin leveled
leveled=${CARGO_TARGET_DIR:-target}/release/leveled
if [ "${chosen[*]}" = small ]; then
    out="${OUT:-results/small}"
else
    out="${OUT:-results/paper}"
fi

directories=()
failed=() refused=()
for part in "${chosen[@]}"; do
    if [ "${chosen[*]}" = small ]; then directory="$out"; else directory="$out/$part"; fi
    if [ "$run" = yes ]; then
        echo "== $part"
        status=0
        "$leveled" run "experiments/paper/$part.yaml" --out "$directory" --jobs "${JOBS:-1}" || status=$?
        # 130: interrupted. 2: refused before anything ran. Anything else leaves rows that say what failed; the other parts go on.
        case $status in
            0) ;;
            130) exit 130 ;;
            2) refused+=("$part") ;;
            *) failed+=("$part") ;;
        esac
    fi
    if [ -f "$directory/trials.csv" ]; then directories+=("$directory"); fi
done
if [ ${#directories[@]} -eq 0 ]; then
    echo "error: nothing is recorded in $out" >&2
    exit 1
fi

report="$out"
if [ "${chosen[*]}" != small ]; then report="$out/report"; fi
"$leveled" report "${directories[@]}" --out "$report" > "$out/report.log"
# Tables of an earlier report of other parts may be there, too.
sed -n 's/^\(.*\/tables\/.*\.md\)$/\1/p' "$out/report.log" | while IFS= read -r table; do
    echo
    cat "$table"
done
echo
sed -n '/^left out:/,$p' "$out/report.log"
echo "report: $report/report.html"
if [ ${#refused[@]} -gt 0 ]; then
    echo "error: refused, as said above: ${refused[*]}" >&2
fi
if [ ${#failed[@]} -gt 0 ]; then
    echo "error: trials failed in: ${failed[*]}; the column reason of their trials.csv says why" >&2
fi
if [ $((${#refused[@]} + ${#failed[@]})) -gt 0 ]; then exit 1; fi

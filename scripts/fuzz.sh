#!/usr/bin/env bash
# Runs the fuzz targets of fuzz/, one after the other, and prints what each executed and found. Several may run side by side on other targets.
#
#   scripts/fuzz.sh SECONDS [TARGET ..]        all targets, if none is named
#   scripts/fuzz.sh check                      whether they compile
#
# Needs a C++ compiler for libFuzzer, and no nightly Rust: fuzz/instrument passes the flags. The corpus grows in target/fuzz/corpus, faults
# lie in target/fuzz/faults/TARGET; an input runs again with
#   LEVELED_FUZZ_TARGET=TARGET target/fuzz/release/leveled-fuzz FILE
# LEVELED_FUZZ_CARGO may name another cargo. Ends with 1 if there was a fault.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds="${1:?usage: scripts/fuzz.sh SECONDS [TARGET ..] | check}"
shift
[[ $seconds == check || $seconds =~ ^[0-9]+$ ]] || { echo "error: $seconds is no number of seconds" >&2; exit 2; }
targets=("$@")
[[ $# -gt 0 ]] || mapfile -t targets < <(ls fuzz/seeds)
for target in "${targets[@]}"; do
    [[ -d fuzz/seeds/$target ]] || { echo "error: no target $target; there are: $(ls -x -w 0 fuzz/seeds)" >&2; exit 2; }
done

# Dependencies and their optimisation are those of the crate.
place="$PWD/target/fuzz"
mkdir -p "$place"
lock="$(mktemp -p fuzz Cargo.lock.XXXX)"
profile="$(mktemp -p "$place" --suffix .toml)"
trap 'rm -f "$lock" "$profile"' EXIT
cp Cargo.lock "$lock"
mv "$lock" fuzz/Cargo.lock
sed -n '/^\[profile\.release\.package\]/,/^\[profile\.profiling\]/p' Cargo.toml | sed '/profiling/d' > "$profile"
printf '[profile.release.package.leveled]\nopt-level = 1\ndebug-assertions = true\noverflow-checks = true\n' >> "$profile"
if [[ $seconds == check ]]; then
    # In the target directory of the crate, where its dependencies have been checked; what is not linked needs no libFuzzer.
    CUSTOM_LIBFUZZER_PATH=/libfuzzer.a "${LEVELED_FUZZ_CARGO:-cargo}" check --release --manifest-path fuzz/Cargo.toml \
        --target-dir target --config "$profile"
    exit
fi
RUSTC_WRAPPER="$PWD/fuzz/instrument" CARGO_TARGET_DIR="$place" "${LEVELED_FUZZ_CARGO:-cargo}" build --release \
    --manifest-path fuzz/Cargo.toml --config "$profile"

# Files of a target lie in memory, if there is a place for that.
scratch="$(mktemp -d -p "$([[ -d /dev/shm ]] && echo /dev/shm || echo "${TMPDIR:-/tmp}")")"
trap 'rm -rf "$scratch" "$profile"' EXIT

# Bytes of the longest input: twice that of the longest seed.
longest() { find "fuzz/seeds/$1" -type f -printf '%s\n' | sort -n | tail -1; }

failed=0
printf '%-14s %12s %10s %8s %8s\n' target executions seconds features faults
for target in "${targets[@]}"; do
    corpus="$place/corpus/$target" faults="$place/faults/$target" log="$place/$target.log"
    mkdir -p "$corpus" "$faults"
    # What earlier runs left is not counted again.
    touch "$scratch/since"
    start=$SECONDS
    # A fault ends the target: its input and the log tell which.
    LEVELED_FUZZ_TARGET="$target" LEVELED_PRICES=stored TMPDIR="$(mktemp -d -p "$scratch")" RAYON_NUM_THREADS=1 \
        "$place/release/leveled-fuzz" "$corpus" "fuzz/seeds/$target" -max_total_time="$seconds" -timeout=30 -rss_limit_mb=2048 \
        -malloc_limit_mb=1024 -max_len="$((2 * $(longest "$target") + 64))" -artifact_prefix="$faults/" \
        -print_final_stats=1 -verbosity=1 > "$log" 2>&1 || true
    executions="$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)"
    features="$(grep -o 'ft: [0-9]*' "$log" | tail -1 | tr -dc 0-9 || true)"
    found="$(find "$faults" -type f -newer "$scratch/since" | wc -l)"
    [[ $found == 0 && -n $executions ]] || failed=1
    printf '%-14s %12s %10s %8s %8s\n' "$target" "${executions:-none}" "$((SECONDS - start))" "${features:--}" "$found"
done
exit "$failed"

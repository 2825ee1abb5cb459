#!/usr/bin/env bash
# A virtual environment with what a requirements file names; prints the directory of its programs and everything else on standard error.
#
#   programs=$(scripts/venv.sh DIR REQUIREMENTS)
#
# Needs Python 3.11 or newer with venv. A finished DIR is used again. Exit code 3: it could not be had (no network, no Python).
set -euo pipefail

root=$1 requirements=$2
missing() { echo "venv.sh: $*" >&2; exit 3; }

if ! cmp -s "$requirements" "$root/requirements.txt"; then
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || missing 'no Python 3.11 or newer'
    python3 -m venv "$root" >&2 || missing "python3 -m venv $root failed: install the package python3-venv"
    "$root/bin/pip" --quiet --disable-pip-version-check install --requirement "$requirements" >&2 ||
        missing "pip cannot install what $requirements names; is there a network?"
    cp "$requirements" "$root/requirements.txt"
fi
cd "$root/bin" && pwd

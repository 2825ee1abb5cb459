#!/usr/bin/env bash
# Runs rows.ipynb from end to end; what it shows is written to HTML, and the notebook stays without outputs.
#
#   docs/notebook/run.sh [HTML]        default: target/rows.html; needs target/release/leveled, or LEVELED, and Python 3.11 or newer
#
# Installs docs/notebook/requirements.txt into .venv-notebook. Exit code 3: it could not be had.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
mkdir -p "$root/target"
html=$(realpath "${1:-$root/target/rows.html}")
cd "$root"
programs=$(scripts/venv.sh .venv-notebook docs/notebook/requirements.txt)
python3 -c 'import json, sys; sys.exit(any(cell.get("outputs") for cell in json.load(open("docs/notebook/rows.ipynb"))["cells"]))' || {
    echo 'error: rows.ipynb has outputs; in git it has none: jupyter nbconvert --clear-output --inplace docs/notebook/rows.ipynb' >&2
    exit 1
}
# Under sudo, or in an environment that somebody else made, Jupyter would take a kernel `python3` of the user's instead.
JUPYTER_PREFER_ENV_PATH=1 "$programs/jupyter" nbconvert --execute --to html --log-level WARN --output-dir "${html%/*}" --output "${html##*/}" docs/notebook/rows.ipynb
echo "$html"

#!/usr/bin/env bash
# The window from end to end on the processor, with 1000 made up images and narrow networks: pack, receive, train, pieces, join; then
# `leveled evaluate` must find of the held out images what the cards say. About two minutes.
#
#   rehearse.sh LEVELED     the built binary; PYTHON as in window.sh
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
leveled=$(realpath "${1:?usage: rehearse.sh LEVELED}") python=${PYTHON:-python3}
case $python in
    */*) python=$(cd "$(dirname "$python")" && pwd)/$(basename "$python") ;; # not what a link of a virtual environment leads to
esac
export PYTHON=$python
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

(cd "$here" && "$python" - "$work" <<'PY'
import sys
from pathlib import Path
from tests import made_up, small_recipes
work = Path(sys.argv[1])
made_up(work / "data", 1000)
(work / "recipes").mkdir()
small_recipes(work / "recipes", validation=300)
PY
)
"$python" "$here/pack.py" "$work/data" "$work/parts" --sets cifar10 --images-per-part 600
export WINDOW=$work/window RECIPES=$work/recipes LANES="cifar10:resnet20:4 cifar10:resnet18:2:1" OMP_NUM_THREADS=1
"$here/window.sh" receive "$work/parts"
"$here/window.sh" train 1.5 "$work/out" rehearsal
"$python" "$here/parts.py" join "$work/out" "$work/back"

cd "$work/back"
"$leveled" evaluate ./*.safetensors --data "$work/data" --images validation --out "$work/accuracy"
"$python" - "$work" <<'PY'
import csv, sys, yaml
from pathlib import Path
work = Path(sys.argv[1])
rows = csv.DictReader(open(work / "accuracy/trials.csv"))
rows = {row["model"].removesuffix(".safetensors"): row for row in rows if row["network_form"] == "trained"}
cards = {path.stem: yaml.safe_load(path.read_text()) for path in (work / "back").glob("*.yaml")}
assert len(cards) == 4 and set(rows) == set(cards), (set(rows), set(cards))
for name, card in cards.items():
    said = card["validation_accuracy_percent"], card["exploding_validation_images"]
    found = 100 * float(rows[name]["clear_accuracy"]), int(rows[name]["overflow_images"])
    print(f"{name}: card {said}, leveled {found}")
    # An image whose two largest logits are equal to rounding may go either way.
    assert abs(said[0] - found[0]) <= 100 / 300 + 1e-9 and said[1] == found[1], name
PY

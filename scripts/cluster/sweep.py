"""A sweep of short trials for the tests and the soak, and what must be true of its rows."""

import csv
import os
import signal
from collections import Counter
from pathlib import Path

EXPERIMENT = """\
name: cluster
fixed:
  weights: random
  network: resnet20
  width: 2
  dataset: cifar10
  images: {images}
  log_n: 12
  parameters: {{scale_bits: 25, weight_bits: 20, base_bits: 34}}
  security: none
  probe: false
  threads: 1
sweep:
  seed: [{seeds}]
"""


def write(path, trials, images=1):
    """An experiment of so many trials."""
    path.write_text(EXPERIMENT.format(images=images, seeds=", ".join(map(str, range(trials)))))


def rows(directory, table):
    """Rows of a table."""
    path = Path(directory, table)
    return list(csv.DictReader(path.read_text().splitlines())) if path.exists() else []


def check(out, parts, trials, images=1):
    """Expects each trial with one row that is well, every attempt once and numbered, and nothing lost of what the parts have."""
    attempts = Counter((row["trial_id"], row["attempt"]) for row in rows(out, "trials.csv"))
    assert set(attempts.values()) == {1}, f"a row stands twice: {attempts.most_common(3)}"
    well = {row["trial_id"]: row["attempt"] for row in rows(out, "trials.csv") if row["status"] == "ok"}
    assert len(well) == trials and sum(row["status"] == "ok" for row in rows(out, "trials.csv")) == trials, well
    for trial, attempt in well.items():
        numbers = sorted(int(number) for name, number in attempts if name == trial)
        assert numbers == list(range(1, len(numbers) + 1)), (trial, numbers)
    for table, each in (("images.csv", images), ("layers.csv", 20)):
        found = Counter((row["trial_id"], row["attempt"]) for row in rows(out, table))
        assert all(found[key] == each for key in well.items()), table
        assert set(found) <= set(attempts), f"{table} has rows of no trial"

    def unnumbered(directory):
        return Counter(tuple(value for key, value in row.items() if key != "attempt") for row in rows(directory, "trials.csv"))

    if parts:
        recorded = sum((unnumbered(part) for part in parts.iterdir() if part.is_dir()), Counter())
        assert recorded <= unnumbered(out), "rows of parts are lost"
    return len(attempts) - trials


def jobs(parts):
    """Processes of the runs of jobs that write into a directory of parts."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if words[1:2] == [b"run"] and b"--filter" in words and (entry / "cwd").resolve() == parts.resolve():
                found.append(int(entry.name))
        except OSError:
            # Not a process, or not ours, or gone.
            continue
    return found


def children(process):
    """Processes that a process started, in whichever of its threads."""
    found = []
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            found += map(int, task.read_text().split())
        except OSError:
            # Gone meanwhile.
            continue
    return found


def kill(process, number=signal.SIGKILL):
    """Whether a process was there to be killed."""
    try:
        os.kill(process, number)
        return True
    except ProcessLookupError:
        return False

#!/usr/bin/env python3
"""Jobs on this machine: their rows are those of a local run, whatever is killed. LEVELED names the program."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import sweep

HERE = Path(__file__).resolve().parent
LEVELED = os.path.abspath(os.environ.get("LEVELED", HERE.parents[1] / "target" / "release" / "leveled"))
os.environ["LEVELED_PRICES"] = "stored"


def wait_for(what, found, seconds=60):
    """What `found` gives when it gives something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := found():
            return result
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds} s for {what}")


class Jobs(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.addCleanup(self.temporary.cleanup)
        self.here = Path(self.temporary.name)
        self.out, self.parts = self.here / "out", self.here / "out.parts"

    def start(self, *words, keep=("--keep",)):
        command = [sys.executable, str(HERE / "run.py"), "e.yaml", "--out", "out", "--leveled", LEVELED, *keep, *words]
        running = subprocess.Popen(command, cwd=self.here, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(running.stdout.close)
        self.addCleanup(running.kill)
        return running

    def local(self, *words):
        done = subprocess.run([LEVELED, "run", "e.yaml", *words], cwd=self.here, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def expect(self, running, code):
        text, _ = running.communicate(timeout=300)
        self.assertEqual(running.returncode, code, text)
        return text

    def trial(self):
        return wait_for("a trial", lambda: next((child for job in sweep.jobs(self.parts) for child in sweep.children(job)), None))

    def job(self):
        return wait_for("a job", lambda: next(iter(sweep.jobs(self.parts)), None))

    def test_rows_are_those_of_a_local_run(self):
        sweep.write(self.here / "e.yaml", 4)
        # One trial before, without jobs; of the others one is killed and one loses its run.
        self.local("--out", "out", "--filter", "seed=3")
        running = self.start("--", "--cores", "1")
        trial = self.trial()
        self.assertTrue(sweep.kill(trial))
        wait_for("a failed row", lambda: any(row["status"] == "failed" for part in self.parts.iterdir() for row in sweep.rows(part, "trials.csv")))
        # One may just have ended.
        wait_for("a kill", lambda: sweep.kill(self.job()))
        self.expect(running, 0)
        self.assertEqual(sweep.check(self.out, self.parts, 4), 1)
        self.assertEqual(json.loads(self.local("--out", "out", "--dry-run", "--json")), [])
        # What is computed is what a run alone computes; which columns those are, the fixed seeds say.
        self.local("--out", "alone")
        same = ["trial_id", "status", "seed", "log_n", "agreement", "logit_error_median", "logit_error_max", "experiment_sha256"]

        def results(directory):
            well = [row for row in sweep.rows(directory, "trials.csv") if row["status"] == "ok"]
            return sorted(tuple(row[name] for name in same) for row in well)

        self.assertEqual(results(self.out), results(self.here / "alone"))

    def test_what_is_interrupted_goes_on_in_either_way(self):
        sweep.write(self.here / "e.yaml", 3)
        running = self.start("--", "--cores", "1")
        self.job()
        running.send_signal(signal.SIGINT)
        text = self.expect(running, 130)
        self.assertIn("the same command goes on", text)
        recorded = len(sweep.rows(self.out, "trials.csv"))
        self.assertLess(recorded, 3)
        # A second one at the same time is refused.
        running = self.start("--filter", "seed=0,1")
        self.job()
        self.assertIn("in use by another run.py", self.expect(self.start(), 2))
        self.expect(running, 0)
        self.local("--out", "out")
        self.assertEqual(sweep.check(self.out, self.parts, 3), 0)
        # Nothing is left to do: nothing is done, and parts that are not kept go.
        self.assertTrue(self.parts.exists())
        self.expect(self.start(keep=()), 0)
        self.assertFalse(self.parts.exists())
        self.assertEqual(len(sweep.rows(self.out, "trials.csv")), 3)

    def test_batches_that_were_evaluated_survive(self):
        text = sweep.EXPERIMENT.format(images=2, seeds="0").replace("  probe: false\n", "  probe: false\n  layout: tiled\n  batch: 1\n")
        (self.here / "e.yaml").write_text(text)

        def batches():
            return [path for path in self.parts.glob("*/.pending/*.batches.jsonl") if path.read_text().strip()]

        running = self.start()
        kept = wait_for("a batch", batches, 120)[0]
        before = kept.read_text().split("\n")
        evaluated = [json.loads(line)["outcomes"][0] for line in before[:-1] if line]
        self.assertTrue(evaluated)
        self.assertTrue(sweep.kill(self.job()))
        self.job()
        after = kept.read_text().split("\n") if kept.exists() else before
        self.assertEqual(after[: len(before) - 1], before[:-1])
        self.expect(running, 0)
        self.assertEqual(sweep.check(self.out, self.parts, 1, images=2), 0)
        # They were not evaluated again: their seconds are the same.
        seconds = {float(row["encryption_seconds"]) for row in sweep.rows(self.out, "images.csv")}
        self.assertLessEqual({outcome["encryption_seconds"] for outcome in evaluated}, seconds)

    def test_a_trial_that_fails_is_a_row_for_each_attempt(self):
        text = sweep.EXPERIMENT.format(images=1, seeds="0")
        (self.here / "e.yaml").write_text(text)
        running = self.start("--", "--retries", "1")
        for _ in range(2):
            trial = self.trial()
            self.assertTrue(sweep.kill(trial))
            wait_for("its end", lambda: not Path(f"/proc/{trial}").exists())
        self.assertIn("1 trial(s) did not come to their end", self.expect(running, 1))
        self.assertEqual([row["status"] for row in sweep.rows(self.out, "trials.csv")], ["failed", "failed"])
        self.expect(self.start(), 1)
        self.expect(self.start("--retry-failed"), 0)
        self.assertEqual(sweep.check(self.out, self.parts, 1), 2)


if __name__ == "__main__":
    unittest.main()

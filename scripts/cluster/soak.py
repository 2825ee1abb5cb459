#!/usr/bin/env python3
"""A sweep on Slurm under random kills: every trial ends with one row that is well, no row lost or twice.

    scripts/cluster/soak.py [--trials 50] [--kills 40] [--seed S] [--dir DIR]

Starts a Slurm of one node by slurm_node.sh and stops it. What is killed, at random: jobs by scancel, and by kill -9 a job's run of leveled,
its trial, the job's whole tree, or run.py itself, which is then started again. Run it with the Python that has Snakemake.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import sweep

HERE = Path(__file__).resolve().parent


def output(*command):
    """What a command of Slurm prints; it may fail, as while a job ends."""
    return subprocess.run(command, capture_output=True, text=True).stdout


def tree(process):
    """A process and all below it."""
    return [process, *(below for child in sweep.children(process) for below in tree(child))]


def parent(process):
    """The process that started one."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("PPid:"))


class Soak:
    def __init__(self, options):
        self.options = options
        self.dice = random.Random(options.seed)
        self.here = options.dir
        self.parts = self.here / "out.parts"
        self.kills = Counter()
        self.running = None

    def start(self):
        command = [sys.executable, str(HERE / "run.py"), "e.yaml", "--out", "out", "--profile", "slurm", "--keep", "--retry-failed"]
        # Slurm of one node has no database of jobs, and nothing is worth a wait here.
        snakemake = ["--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "2", "--seconds-between-status-checks", "2"]
        with (self.here / "run.log").open("a") as log:
            self.running = subprocess.Popen([*command, "--", *snakemake], cwd=self.here, stdout=log, stderr=log)

    def strike(self):
        """Kills something; what it was."""
        how = self.dice.choice(["scancel", "scancel", "run", "run", "trial", "trial", "tree"] + ["driver"] * (self.dice.random() < 0.5))
        runs = sweep.jobs(self.parts)
        if not runs:
            return None
        if how == "scancel":
            ids = output("squeue", "--noheader", "--states=RUNNING", "--format=%A").split()
            if ids and self.dice.random() < 0.5:
                output("scancel", self.dice.choice(ids))
            elif ids:
                output("scancel", "--signal=KILL", "--full", self.dice.choice(ids))
            return how if ids else None
        if how == "driver":
            # Snakemake as well, before it can cancel its jobs: they go on without it.
            for process in reversed(tree(self.running.pid)):
                sweep.kill(process)
            self.running.wait()
            self.start()
            return how
        run = self.dice.choice(runs)
        try:
            victims = {"run": [run], "trial": sweep.children(run)[:1], "tree": tree(parent(run))}[how]
        except OSError:
            return None
        return how if any([sweep.kill(process) for process in victims]) else None

    def run(self):
        sweep.write(self.here / "e.yaml", self.options.trials)
        begun, starts = time.monotonic(), 1
        self.start()
        while True:
            time.sleep(self.dice.uniform(1, 8))
            if self.running.poll() is None:
                if self.kills.total() < self.options.kills:
                    how = self.strike()
                    self.kills.update([how] if how else [])
                continue
            if self.running.returncode == 0:
                break
            # Some trial had no attempts left, or a job of a killed Snakemake has its part still.
            assert self.running.returncode in (1, 2) and starts < 20, f"exit code {self.running.returncode}; see {self.here}/run.log"
            time.sleep(5)
            starts += 1
            self.start()
        failed = sweep.check(self.here / "out", self.parts, self.options.trials)
        seconds = time.monotonic() - begun
        print(
            f"{self.options.trials} of {self.options.trials} trials, none lost, none twice; {self.kills.total()} kills {dict(self.kills)}; "
            f"{failed} rows of failed attempts; {starts + self.kills['driver']} starts of run.py; {seconds:.0f} s; seed {self.options.seed}"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=os.getpid())
    parser.add_argument("--dir", type=Path, help="keeps everything [default: a temporary directory]")
    options = parser.parse_args()
    os.environ["LEVELED_PRICES"] = "stored"
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as temporary:
        options.dir = (options.dir or Path(temporary)).absolute()
        options.dir.mkdir(parents=True, exist_ok=True)
        node, slurm = str(HERE / "slurm_node.sh"), str(options.dir / "slurm")
        started = subprocess.run([node, "start", slurm], stdout=subprocess.DEVNULL)
        if started.returncode != 0:
            sys.exit(started.returncode)
        os.environ |= {"SLURM_CONF": f"{slurm}/slurm.conf", "PATH": f"{slurm}/bin:{os.environ['PATH']}"}
        soak = Soak(options)
        try:
            soak.run()
        finally:
            if soak.running and soak.running.poll() is None:
                soak.running.send_signal(signal.SIGINT)
                soak.running.wait()
            subprocess.run([node, "stop", slurm], check=True)


if __name__ == "__main__":
    main()

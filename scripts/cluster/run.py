#!/usr/bin/env python3
"""Runs the trials of an experiment as jobs of Snakemake, on this machine or a cluster, into a directory that `leveled run` goes on with.

    scripts/cluster/run.py EXPERIMENT --out DIR [--profile local|slurm|PATH] [--set KEY=VALUE] [--filter KEY=VALUE] [-- SNAKEMAKE OPTION...]

Jobs write into DIR.parts; their rows are gathered into DIR at the end. The same command goes on after whatever ended it.
Exit codes: 0 every trial is there, 1 some are not, 2 something to change, 130 interrupted.
"""

import argparse
import fcntl
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROFILES = HERE / "profiles"
# Directories that one command names.
TOGETHER = 500


class Stop(Exception):
    """What ends this program, with its exit code."""

    def __init__(self, code, message=""):
        super().__init__(message)
        self.code = code


def arguments():
    words = sys.argv[1:]
    own, snakemake = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--profile", default="local", help="local, slurm, or a directory with a profile of Snakemake")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as of `leveled run`")
    parser.add_argument("--filter", action="append", default=[], metavar="KEY=VALUE", help="as of `leveled run`")
    parser.add_argument("--retry-failed", action="store_true", help="as of `leveled run`")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of trials that ask for no number [all cores of this machine]")
    parser.add_argument(
        "--side-by-side", type=int, help="column `jobs` of the rows: trials that may share a machine [1 for a single trial, else 2]"
    )
    parser.add_argument("--leveled", default="leveled", help="the program, where jobs find it [the one on PATH, or target/release/leveled]")
    parser.add_argument("--keep", action="store_true", help="keep DIR.parts when everything is gathered")
    options = parser.parse_args(own)
    options.snakemake = snakemake
    return options


def program(name):
    """Path of a program: beside this Python, on PATH, or built here."""
    built = HERE.parents[1] / "target" / "release" / name
    found = shutil.which(Path(sys.executable).parent / name) or shutil.which(name) or shutil.which(built)
    if not found:
        raise Stop(2, f"there is no program {name}; scripts/cluster/README.md says how to get it")
    return str(Path(found).absolute())


class Run:
    """One experiment, its directory and that of its parts."""

    def __init__(self, options):
        self.options = options
        self.leveled, self.snakemake = program(options.leveled), program("snakemake")
        self.out = options.out.absolute()
        self.parts = self.out.with_name(self.out.name + ".parts")
        self.experiment = [str(options.experiment.absolute()), *(word for value in options.set for word in ("--set", value))]

    def call(self, *words):
        """Standard output of `leveled`, which must end well."""
        done = subprocess.run([self.leveled, *words], stdout=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise Stop(done.returncode, f"leveled {words[0]} ended with exit code {done.returncode}")
        return done.stdout

    def waiting(self, retry_failed):
        """Trials that are not recorded yet, with what they need."""
        filters = [word for value in self.options.filter for word in ("--filter", value)]
        retry = ["--retry-failed"] if retry_failed else []
        return json.loads(self.call("run", *self.experiment, "--out", str(self.out), *filters, *retry, "--dry-run", "--json"))

    def gather(self):
        """Gathers what the parts have; whether that is all of them."""
        folders = sorted(path for path in self.parts.iterdir() if any((path / name).exists() for name in ("trials.csv", ".pending")))
        whole = True
        for begin in range(0, len(folders), TOGETHER):
            said = self.call("gather", str(self.out), *map(str, folders[begin : begin + TOGETHER]))
            print(said, end="")
            # A line for each part that a job still has, and the sum.
            whole = whole and said.count("\n") == 1
        return whole

    def hand_out(self, trials):
        """Gives jobs what they need: the work, and batches of images that a run in the directory itself evaluated."""
        for trial in trials:
            name = trial["trial_id"]
            (self.parts / f"{name}.done").unlink(missing_ok=True)
            batches = Path(".pending", f"{name}.batches.jsonl")
            if (self.out / batches).exists() and not (self.parts / name / batches).exists():
                (self.parts / name / ".pending").mkdir(parents=True, exist_ok=True)
                partial = self.parts / name / ".pending" / "batches.copy"
                shutil.copyfile(self.out / batches, partial)
                partial.rename(self.parts / name / batches)
        side = self.options.side_by_side or min(len(trials), 2)
        command = [self.leveled, "run", *self.experiment, "--retry-failed", "--jobs", str(side)]
        work = {"command": shlex.join(command), "threads": self.options.threads, "trials": trials}
        (self.parts / "work.json").write_text(json.dumps(work, indent=1))

    def jobs(self):
        """Runs Snakemake to its end; whether somebody interrupted it."""
        named = PROFILES / self.options.profile
        profile = named if named.is_dir() else Path(self.options.profile).absolute()
        command = [self.snakemake, "--snakefile", str(HERE / "Snakefile"), "--directory", str(self.parts), "--profile", str(profile)]
        # Rules about what an earlier run left do not apply: only what is not recorded is asked for, and this program has the lock.
        command += ["--nolock", "--rerun-incomplete", "--rerun-triggers", "mtime"]
        if self.options.profile == "local":
            command += ["--resources", f"mem_mb={available_mib()}"]
        running = subprocess.Popen(command + self.options.snakemake)
        interrupted = False
        while True:
            try:
                running.wait()
                return interrupted
            except KeyboardInterrupt:
                # Ctrl-C in a terminal has reached Snakemake, too; a signal to this process alone has not.
                interrupted = True
                running.send_signal(signal.SIGINT)

    def execute(self):
        self.parts.mkdir(parents=True, exist_ok=True)
        # Two of these programs on one directory would hand out the same work; jobs know nothing of this lock.
        lock = open(self.parts / ".lock", "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Stop(2, f"{self.parts} is in use by another run.py") from None
        self.gather()
        trials = self.waiting(self.options.retry_failed)
        interrupted = False
        if trials:
            self.hand_out(trials)
            interrupted = self.jobs()
        whole = self.gather()
        if (self.out / "trials.csv").exists():
            print(self.call("report", str(self.out)), end="")
        left = self.waiting(retry_failed=True)
        if whole and not left and not self.options.keep:
            shutil.rmtree(self.parts)
        if interrupted:
            raise Stop(130, "interrupted; the same command goes on")
        if left:
            names = ", ".join(f"{trial['label']} ({trial['trial_id']})" for trial in left[:8])
            raise Stop(1, f"{len(left)} trial(s) did not come to their end: {names}; logs are in {self.parts}, reasons in trials.csv")


def available_mib():
    """Memory that is available here, in MiB."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("MemAvailable:"))


def main():
    # As Ctrl-C: Snakemake cancels its jobs, and what they have recorded is gathered. A shell in the background has SIGINT ignored.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    try:
        Run(arguments()).execute()
    except Stop as stop:
        if str(stop):
            print(f"error: {stop}", file=sys.stderr)
        sys.exit(stop.code)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()

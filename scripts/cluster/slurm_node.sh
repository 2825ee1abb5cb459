#!/usr/bin/env bash
# A Slurm of one node, this machine, for trials and tests; no service of the system is touched.
#
#   eval "$(scripts/cluster/slurm_node.sh start DIR)"    starts it; sets SLURM_CONF and PATH, by which Slurm's commands find it
#   scripts/cluster/slurm_node.sh stop DIR               cancels what runs and ends it
#
# Needs the programs of slurm-wlm and munge (Debian: apt-get install slurm-wlm munge). Everything it writes is in DIR.
# CPUS and MEMORY (MiB) say what the node offers; by default what this machine has.
set -euo pipefail

usage() { sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
[ $# -eq 2 ] || usage
# Where Debian has daemons, which is not on everybody's PATH.
export PATH=$PATH:/usr/sbin
say() { echo "slurm_node.sh: $*" >&2; }
mkdir -p "$2"
root=$(cd "$2" && pwd -P)
[[ $root != *[[:space:]]* ]] || { say "$root has a space in its name, which slurm.conf cannot say: choose another directory"; exit 2; }
export SLURM_CONF=$root/slurm.conf

# A socket that is free now.
port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# is_ours PID NAME: whether this is a daemon of that name that this script started, and no other process that has its number by now.
is_ours() {
    [ "$(cat "/proc/$1/comm" 2>/dev/null)" = "$2" ] && grep -qzxF "SLURM_CONF=$SLURM_CONF" "/proc/$1/environ" 2>/dev/null
}

# ended PIDFILE: ends the daemon that the file is named after and waits until it is gone.
ended() {
    local pid
    [ -s "$1" ] || return 0
    pid=$(cat "$1")
    if ! is_ours "$pid" "$(basename "$1" .pid)"; then
        rm -f "$1"
        return 0
    fi
    kill "$pid" 2>/dev/null || return 0
    for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || return 0; sleep 0.1; done
    kill -9 "$pid" 2>/dev/null || true
}

stop() {
    if timeout 10 scontrol ping >/dev/null 2>&1; then
        squeue --noheader --format=%A | xargs --no-run-if-empty scancel --signal=KILL --full 2>/dev/null || true
        squeue --noheader --format=%A | xargs --no-run-if-empty scancel 2>/dev/null || true
        for _ in $(seq 100); do [ -n "$(squeue --noheader 2>/dev/null)" ] || break; sleep 0.1; done
    fi
    ended "$root/slurmd.pid"
    ended "$root/slurmctld.pid"
    ended "$root/munged.pid"
}

start() {
    for program in munged slurmctld slurmd sbatch; do
        command -v "$program" >/dev/null || { say "there is no $program: apt-get install slurm-wlm munge"; exit 3; }
    done
    mkdir -p "$root/state" "$root/spool"
    chmod 700 "$root" "$root/state"
    if [ ! -e "$root/munge.key" ]; then
        (umask 077 && head -c 1024 /dev/urandom >"$root/munge.key")
    fi
    # --force: munged is strict about the directories above its socket, which are anybody's in a test.
    munged --force --key-file="$root/munge.key" --socket="$root/munge.socket" --pid-file="$root/munged.pid" \
        --log-file="$root/munged.log" --seed-file="$root/munge.seed" >&2
    local host user memory
    host=$(hostname -s) user=$(id -un)
    memory=${MEMORY:-$(awk '/MemTotal/ {print int($2 / 1024)}' /proc/meminfo)}
    # Snakemake clears the variables of Slurm in its jobs, whose steps must find this configuration all the same.
    mkdir -p "$root/bin"
    printf '#!/bin/sh\nexport SLURM_CONF=%q\nexec %q "$@"\n' "$SLURM_CONF" "$(command -v srun)" >"$root/bin/srun"
    chmod +x "$root/bin/srun"
    cat >"$SLURM_CONF" <<CONF
ClusterName=one
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$(port)
SlurmdPort=$(port)
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$root/munge.socket
CredType=cred/munge
StateSaveLocation=$root/state
SlurmdSpoolDir=$root/spool
SlurmctldPidFile=$root/slurmctld.pid
SlurmdPidFile=$root/slurmd.pid
SlurmctldLogFile=$root/slurmctld.log
SlurmdLogFile=$root/slurmd.log
# No control groups: they need a system that gives them away. Memory and cores are counted, not enforced.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
# Jobs that ended are told for an hour, since there is no database of them.
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
JobAcctGatherType=jobacct_gather/none
MinJobAge=3600
MaxJobCount=100000
KillWait=5
ReturnToService=2
SchedulerParameters=batch_sched_delay=0,sched_interval=2
SwitchType=switch/none
MpiDefault=none
NodeName=$host NodeAddr=127.0.0.1 CPUs=${CPUS:-$(nproc)} RealMemory=$memory State=UNKNOWN
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
    slurmctld -c >&2
    slurmd -c >&2
    for _ in $(seq 100); do
        [ "$(sinfo --noheader --format=%t 2>/dev/null)" = idle ] && {
            printf 'export SLURM_CONF=%q PATH=%q:"$PATH"\n' "$SLURM_CONF" "$root/bin"
            return
        }
        sleep 0.2
    done
    say "the node does not come up; logs are in $root"
    stop
    exit 1
}

case $1 in
    start) start ;;
    stop) stop ;;
    *) usage ;;
esac

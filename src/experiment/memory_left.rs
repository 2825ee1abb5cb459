//! Memory that a new process could use: what the machine has, what the control groups of this process leave (containers, batch systems,
//! systemd), and what `ulimit` allows.

use std::env;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use super::ExperimentError;
use super::byte_size::ByteSize;
use super::host::kibibytes_of;

/// Where control groups are.
const CONTROL_GROUPS: &str = "/sys/fs/cgroup";

/// Memory that a new process could use without swapping, if the system says.
#[must_use]
pub fn available_memory_bytes() -> Option<u64> {
    least([kibibytes_of("/proc/meminfo", "MemAvailable"), enforced_bytes()])
}

/// The variable that says how much of the machine's memory is for a process, such as `8 GiB`.
pub const SHARE: &str = "LEVELED_MEMORY";

/// What of the machine's memory is for this process; all of it unless somebody said so.
static SHARE_BYTES: AtomicU64 = AtomicU64::new(u64::MAX);

/// What of the machine's memory is for this process; none: whatever is available. What can be kept or made anew is kept within it.
#[must_use]
pub fn share_bytes() -> Option<u64> {
    Some(SHARE_BYTES.load(Ordering::Relaxed)).filter(|bytes| *bytes != u64::MAX)
}

/// Says that no more than `bytes` are for this process, which others may have bounded before.
pub fn bound_share(bytes: u64) {
    SHARE_BYTES.fetch_min(bytes, Ordering::Relaxed);
}

/// Takes what the environment says of this process's share.
///
/// # Errors
/// [`ExperimentError::Argument`] for a variable that is no size.
pub fn read_share() -> Result<(), ExperimentError> {
    let Some(text) = env::var_os(SHARE).filter(|text| !text.is_empty()) else { return Ok(()) };
    let size = ByteSize::parse(&text.to_string_lossy());
    bound_share(size.map_err(|problem| ExperimentError::Argument { name: SHARE, problem })?.0);
    Ok(())
}

/// What of it the control groups and limits of this process leave: whoever takes more is ended. None: they set no bounds.
#[must_use]
pub fn enforced_bytes() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    least([left_by_groups(&groups, Path::new(CONTROL_GROUPS)), left_by_limits()])
}

/// The least of what is known.
#[must_use]
pub fn least(known: [Option<u64>; 2]) -> Option<u64> {
    known.into_iter().flatten().min()
}

/// Less than this is not enough for anything.
const LEAST_BYTES: u64 = 192 << 20;

/// Checks that there is room to do anything at all: a program that finds none cannot even say so.
///
/// # Errors
/// [`ExperimentError::LittleMemory`].
pub fn check_least() -> Result<(), ExperimentError> {
    match left_by_limits() {
        Some(left) if left < LEAST_BYTES => {
            Err(ExperimentError::LittleMemory { left: ByteSize(left), least: ByteSize(LEAST_BYTES) })
        }
        _ => Ok(()),
    }
}

/// Names of the files of a control group.
struct Files {
    limit: &'static str,
    usage: &'static str,
    /// What of the usage is kept of files and can be given up.
    cache: [&'static str; 2],
}

const VERSION_2: Files =
    Files { limit: "memory.max", usage: "memory.current", cache: ["inactive_file", "active_file"] };

const VERSION_1: Files = Files {
    limit: "memory.limit_in_bytes",
    usage: "memory.usage_in_bytes",
    cache: ["total_inactive_file", "total_active_file"],
};

/// The least that a control group leaves, of those that `/proc/self/cgroup` names and those above them.
fn left_by_groups(groups: &str, root: &Path) -> Option<u64> {
    let left = groups.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, group) = (parts.next()?, parts.next()?.trim_start_matches('/'));
        if controllers.is_empty() {
            return left_from(root, group, &VERSION_2);
        }
        let memory = controllers.split(',').any(|controller| controller == "memory");
        memory.then(|| left_from(&root.join("memory"), group, &VERSION_1))?
    });
    left.min()
}

fn left_from(root: &Path, group: &str, files: &Files) -> Option<u64> {
    // In a container a group may be named by a path of the machine outside, of which only the root is there.
    Path::new(group).ancestors().filter_map(|group| left_of(&root.join(group), files)).min()
}

fn left_of(group: &Path, files: &Files) -> Option<u64> {
    let number = |file| fs::read_to_string(group.join(file)).ok()?.trim().parse::<u64>().ok();
    // Without a limit there is a word in its place, or more than any machine has.
    let (limit, usage) = (number(files.limit)?, number(files.usage)?);
    let statistics = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
    let statistic = |name: &str| {
        statistics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse::<u64>().ok())
    };
    let cache: u64 = files.cache.into_iter().filter_map(statistic).sum();
    Some(limit.saturating_sub(usage.saturating_sub(cache)))
}

/// What `ulimit` leaves to a process that begins as this one is: of its address space, and of its data.
#[cfg(target_os = "linux")]
fn left_by_limits() -> Option<u64> {
    use rustix::process::{Resource, getrlimit};
    let left = |resource, size| {
        let limit = getrlimit(resource).current?;
        Some(limit.saturating_sub(kibibytes_of("/proc/self/status", size).unwrap_or(0)))
    };
    least([left(Resource::As, "VmSize"), left(Resource::Data, "VmData")])
}

#[cfg(not(target_os = "linux"))]
const fn left_by_limits() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn group(path: &Path, files: &Files, limit: &str, usage: u64, cache: u64) {
        fs::create_dir_all(path).unwrap();
        fs::write(path.join(files.limit), format!("{limit}\n")).unwrap();
        fs::write(path.join(files.usage), format!("{usage}\n")).unwrap();
        let [inactive, active] = files.cache;
        fs::write(path.join("memory.stat"), format!("anon 5\n{inactive} {cache}\n{active} 0\n")).unwrap();
    }

    #[test]
    fn the_least_of_all_groups_counts() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        group(&root.join("slurm"), &VERSION_2, &(1000 * MIB).to_string(), 700 * MIB, 300 * MIB);
        group(&root.join("slurm/job"), &VERSION_2, "max", 100 * MIB, 0);
        assert_eq!(left_by_groups("0::/slurm/job\n", root), Some(600 * MIB));
        group(&root.join("slurm/job"), &VERSION_2, &(500 * MIB).to_string(), 100 * MIB, 0);
        assert_eq!(left_by_groups("0::/slurm/job\n", root), Some(400 * MIB));
        // A container's root, under the name that the machine outside has for it.
        group(root, &VERSION_2, &(200 * MIB).to_string(), 300 * MIB, 50 * MIB);
        assert_eq!(left_by_groups("0::/docker/0123\n", root), Some(0));
        assert_eq!((left_by_groups("", root), left_by_groups("no group\n", root)), (None, None));
    }

    #[test]
    fn the_first_version_is_read_as_well() {
        let root = tempfile::tempdir().unwrap();
        let memory = root.path().join("memory");
        group(&memory, &VERSION_1, "9223372036854771712", 100 * MIB, 0);
        group(&memory.join("job"), &VERSION_1, &(300 * MIB).to_string(), 100 * MIB, 0);
        let groups = "9:cpu,cpuacct:/job\n4:hugetlb,memory:/job\n";
        assert_eq!(left_by_groups(groups, root.path()), Some(200 * MIB));
    }
}

//! Records the git commit, so that results can say what made them. Outside a checkout it is `unknown`.

use std::path::Path;
use std::process::Command;

/// What the program is made from.
const INPUTS: [&str; 8] = [
    "build.rs",
    "src",
    "Cargo.toml",
    "Cargo.lock",
    "configs/parameters",
    "data/published.csv",
    "data/held_out_cifar10.bin",
    "data/held_out_cifar100.bin",
];

fn main() {
    // With the feature `train`: where programs find libtorch when they run.
    if let Ok(libtorch) = std::env::var("DEP_TCH_LIBTORCH_LIB") {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{libtorch}");
    }
    let commit = git(&["rev-parse", "HEAD"]);
    // Of other files, such as documents and results, no row depends; containers lack some.
    let status = [&["status", "--porcelain", "--untracked-files=no", "--"][..], &INPUTS].concat();
    let dirty = git(&status).map(|changes| !changes.is_empty());
    println!("cargo:rustc-env=LEVELED_COMMIT={}", commit.as_deref().unwrap_or("unknown"));
    println!("cargo:rustc-env=LEVELED_DIRTY={}", dirty.map_or("unknown".to_owned(), |dirty| dirty.to_string()));
    for input in INPUTS {
        println!("cargo:rerun-if-changed={input}");
    }
    // A commit changes the reference that HEAD names and, for every branch, the log of HEAD.
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]).filter(|log| Path::new(log).exists()) {
        println!("cargo:rerun-if-changed={log}");
    }
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

//! The floors of `src/lib.rs`: a module imports only from floors below its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use std::fs;
use std::path::Path;

/// From the lowest.
const FLOORS: [&str; 13] = [
    "user_file",
    "choice",
    "wire",
    "ring",
    "ckks",
    "dataset",
    "network",
    "training",
    "inference",
    "parties",
    "experiment",
    "report",
    "cli",
];

/// Asserts it of the files below a directory or of one, which stands on floor number `own`; gives the number of imports.
fn check(path: &Path, own: usize) -> usize {
    if path.is_dir() {
        return fs::read_dir(path).unwrap().map(|entry| check(&entry.unwrap().path(), own)).sum();
    }
    if path.extension().is_none_or(|extension| extension != "rs") {
        return 0;
    }
    let text = fs::read_to_string(path).unwrap();
    let code = text.lines().map(|line| line.split("//").next().unwrap());
    let mut imports = 0;
    for (number, line) in code.enumerate() {
        for rest in line.split("crate::").skip(1) {
            let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
            let Some(floor) = FLOORS.iter().position(|floor| *floor == name) else { continue };
            assert!(floor <= own, "{}:{}: {} imports from {name}", path.display(), number + 1, FLOORS[own]);
            imports += 1;
        }
    }
    imports
}

#[test]
fn modules_import_only_from_floors_below() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut imports = 0;
    for (own, name) in FLOORS.iter().enumerate() {
        let directory = root.join(name);
        let file = directory.with_extension("rs");
        assert!(directory.is_dir() || file.is_file(), "{name}");
        imports += check(if directory.is_dir() { &directory } else { &file }, own);
    }
    assert!(imports > 1000, "{imports}");
    // All that there are, but the programs.
    let modules = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let known =
        |name: &str| FLOORS.contains(&name.trim_end_matches(".rs")) || ["lib.rs", "main.rs", "bin"].contains(&name);
    assert_eq!(modules.filter(|name| !known(name)).collect::<Vec<_>>(), [""; 0]);
}

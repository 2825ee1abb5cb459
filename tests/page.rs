//! The page of a report in a headless Chromium, where there is one.

#![cfg(feature = "harness")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::synthetic;
use leveled::report::summary::write_report;

/// Chromium, if it is installed.
fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    std::env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name))).find(|file| file.is_file())
}

/// Opens a page without any network and does with it what `action` says.
fn open(chromium: &Path, profile: &Path, address: &str, action: &str) -> Output {
    let profile = format!("--user-data-dir={}", profile.display());
    Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--host-resolver-rules=MAP * ~NOTFOUND",
        ])
        .args(["--enable-logging=stderr", "--window-size=1400,2400", &profile, action, address])
        .output()
        .unwrap()
}

/// The texts of a column of a table in the order in which they stand.
fn column(page: &str, table: &str, number: usize) -> Vec<String> {
    let body = page.split(&format!("id=\"{table}\"")).nth(1).unwrap();
    let body = body.split("<tbody>").nth(1).unwrap().split("</tbody>").next().unwrap();
    let text = |cell: &str| cell.split('>').nth(1).unwrap().split('<').next().unwrap().to_owned();
    body.split("<tr>").skip(1).map(|row| text(row.split("<td").nth(number + 1).unwrap())).collect()
}

#[test]
fn the_page_sorts_and_draws_and_fetches_nothing() {
    let directory = tempfile::tempdir().unwrap();
    synthetic::write(directory.path(), &synthetic::paper());
    write_report(&[directory.path().to_owned()], directory.path()).unwrap();
    let page = std::fs::read_to_string(directory.path().join("report.html")).unwrap();
    for outside in ["src=\"http", "href=\"http", "url(", "@import", "<link"] {
        assert!(!page.contains(outside), "{outside}");
    }
    let Some(chromium) = chromium() else {
        eprintln!("SKIPPED: no chromium in PATH (Debian: apt install chromium), so the page was not opened");
        return;
    };
    let (profile, address) =
        (directory.path().join("profile"), format!("file://{}", directory.path().join("report.html").display()));
    let dump = |fragment: &str| {
        let output = open(&chromium, &profile, &format!("{address}{fragment}"), "--dump-dom");
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{errors}");
        assert!(!errors.contains("CONSOLE"), "{errors}");
        String::from_utf8(output.stdout).unwrap()
    };
    let plain = dump("");
    // Configurations with the same levels and scales share a figure.
    let files = std::fs::read_dir(directory.path().join("figures")).unwrap();
    let svg = files.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|it| it == "svg")).count();
    assert_eq!(svg, 10);
    assert!(plain.contains("data-tables=\"7\"") && plain.contains("data-figures=\"10\""), "{}", &plain[..600]);
    // The column K of the table of clusters: by number, not by letter, and what is empty last.
    let headings = plain.split("id=\"clustering\"").nth(1).unwrap().split("</thead>").next().unwrap();
    let k = headings.split("<th ").skip(1).position(|heading| heading.contains(">K<")).unwrap();
    let sorted: Vec<f64> = column(&dump(&format!("#sort=clustering,{k},desc")), "clustering", k)
        .iter()
        .filter_map(|cell| cell.parse().ok())
        .collect();
    assert!(sorted.len() > 20 && sorted[0] == 1024.0 && sorted.is_sorted_by(|a, b| a >= b), "{sorted:?}");
    let rising: Vec<f64> = column(&dump(&format!("#sort=clustering,{k}")), "clustering", k)
        .iter()
        .filter_map(|cell| cell.parse().ok())
        .collect();
    assert!(rising.is_sorted() && rising.len() == sorted.len(), "{rising:?}");
    // For a look at the page: LEVELED_KEEP_REPORT=DIR cargo test --release --test page
    if let Some(keep) = std::env::var_os("LEVELED_KEEP_REPORT") {
        let file = Path::new(&keep).join("page.png");
        open(&chromium, &profile, &address, &format!("--screenshot={}", file.display()));
    }
}

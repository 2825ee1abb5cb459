//! Rows that were opened and saved by a spreadsheet or an editor: read as they were written, or refused by file, line and column.

#![cfg(feature = "harness")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::program::{refusal, success};
use common::tiny_model;
use leveled::experiment::records::{ColumnKind, ImageRow, LayerRow, Record, TrialRow};
use tempfile::TempDir;

/// A directory with rows in `out` and what a report makes of them in `report`.
fn results() -> TempDir {
    let directory = tiny_model::directory();
    success(directory.path(), &["run", "e.yaml", "--out", "out"]);
    success(directory.path(), &["report", "out", "--out", "report"]);
    success(directory.path(), &["export", "out", "--parquet", "--out", "parquet"]);
    directory
}

/// Writes a table anew, each cell changed by the kind of its column, between other delimiters.
fn save<R: Record>(from: &Path, to: &Path, delimiter: u8, change: impl Fn(&ColumnKind, &str) -> String) {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(from.join(R::FILE)).unwrap();
    let path = to.join(R::FILE);
    let mut writer = csv::WriterBuilder::new().delimiter(delimiter).from_path(path).unwrap();
    for (number, row) in reader.records().map(Result::unwrap).enumerate() {
        let cell = |(column, cell): (usize, &str)| match number {
            0 => cell.to_owned(),
            _ => change(&R::COLUMNS[column].kind, cell),
        };
        writer.write_record(row.iter().enumerate().map(cell)).unwrap();
    }
    writer.flush().unwrap();
}

fn save_all(here: &Path, name: &str, delimiter: u8, change: impl Fn(&ColumnKind, &str) -> String + Copy) {
    let (from, to) = (here.join("out"), here.join(name));
    fs::create_dir(&to).unwrap();
    save::<TrialRow>(&from, &to, delimiter, change);
    save::<LayerRow>(&from, &to, delimiter, change);
    save::<ImageRow>(&from, &to, delimiter, change);
}

/// The tables of a report and the files of an export.
fn made(here: &Path, report: &str, parquet: &str) -> Vec<Vec<u8>> {
    let tables = ["cost", "accuracy", "levels"].map(|table| here.join(report).join(format!("tables/{table}.csv")));
    let files = ["trials", "layers", "images"].map(|table| here.join(parquet).join(format!("{table}.parquet")));
    tables.iter().chain(&files).map(|path: &PathBuf| fs::read(path).unwrap()).collect()
}

fn with_commas(kind: &ColumnKind, cell: &str) -> String {
    match kind {
        ColumnKind::Number => cell.replace('.', ","),
        ColumnKind::Boolean => cell.to_uppercase(),
        _ => cell.to_owned(),
    }
}

#[test]
fn what_spreadsheets_change_is_read_as_it_was_written() {
    let directory = results();
    let here = directory.path();
    let expected = made(here, "report", "parquet");
    let upper = |kind: &ColumnKind, cell: &str| match kind {
        ColumnKind::Boolean => cell.to_uppercase(),
        _ => cell.to_owned(),
    };
    save_all(here, "upper", b',', upper);
    save_all(here, "comma", b',', with_commas);
    save_all(here, "semicolon", b';', with_commas);
    save_all(here, "points", b';', upper);
    save_all(here, "tabs", b'\t', with_commas);
    save_all(here, "marked", b',', upper);
    for table in ["trials.csv", "layers.csv", "images.csv"] {
        let path = here.join("marked").join(table);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("\u{feff}{}", text.replace('\n', "\r\n"))).unwrap();
    }
    for name in ["upper", "comma", "semicolon", "points", "tabs", "marked"] {
        success(here, &["report", name, "--out", &format!("{name}-report")]);
        success(here, &["export", name, "--parquet", "--out", &format!("{name}-parquet")]);
        assert!(made(here, &format!("{name}-report"), &format!("{name}-parquet")) == expected, "{name}");
    }
}

#[test]
fn cells_that_cannot_be_read_are_named() {
    let directory = results();
    let here = directory.path();
    let text = fs::read_to_string(here.join("out/layers.csv")).unwrap();
    for (column, cell, problem) in [
        ("scale_bits", "22,841", "`22,841` may be a fraction or thousands"),
        ("scale_bits", "#REF!", "`#REF!` is no number"),
        ("rotations", "2.1E+09", "`2.1E+09` is no whole number"),
        ("trial_id", "1.23457E+15", "`1.23457E+15` is no id of a trial"),
    ] {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers().unwrap().clone();
        let mut writer = csv::Writer::from_path(here.join("out/layers.csv")).unwrap();
        writer.write_record(&header).unwrap();
        for (number, row) in reader.records().map(Result::unwrap).enumerate() {
            let changed = |name: &str| number == 2 && name == column;
            let cells = header.iter().zip(&row).map(|(name, old)| if changed(name) { cell } else { old });
            writer.write_record(cells).unwrap();
        }
        writer.flush().unwrap();
        for command in [&["report", "out", "--out", "again"][..], &["export", "out", "--parquet"]] {
            let said = refusal(here, command);
            assert!(said.contains(&format!("line 4 of out/layers.csv, column `{column}`: {problem}")), "{said}");
        }
    }
    // A row that lost cells, and a truth in another language.
    fs::write(here.join("out/layers.csv"), format!("{text}a,1\n{}\n", text.lines().last().unwrap())).unwrap();
    let said = refusal(here, &["export", "out", "--parquet"]);
    assert!(said.contains("layers.csv: line 22 has 2 cells, and the header"), "{said}");
    fs::write(here.join("out/layers.csv"), &text).unwrap();
    let images = fs::read_to_string(here.join("out/images.csv")).unwrap();
    fs::write(here.join("out/images.csv"), images.replace("false", "FALSCH")).unwrap();
    let said = refusal(here, &["export", "out", "--parquet"]);
    assert!(said.contains("`FALSCH` is neither true nor false") && said.contains("images.csv"), "{said}");
}

#[test]
fn a_saved_directory_resumes_or_says_what_differs() {
    let directory = results();
    let here = directory.path();
    // Line ends, quotes and a byte order mark are no difference.
    let path = here.join("out/trials.csv");
    let text = fs::read_to_string(&path).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let quoted: Vec<String> = header.split(',').map(|name| format!("\"{name}\"")).collect();
    for saved in [
        format!("\u{feff}{}", text.replace('\n', "\r\n")),
        text.trim_end().to_owned(),
        format!("{}\n{rows}", quoted.join(",")),
    ] {
        fs::write(&path, saved).unwrap();
        let said = success(here, &["run", "e.yaml", "--out", "out", "--dry-run"]);
        assert!(said.contains("0 of 1 trial(s) would run"), "{said}");
        success(here, &["run", "e.yaml", "--out", "out"]);
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 2);
    }
    for (saved, said) in [
        (text.replace(',', ";"), "its cells are separated by `;`, not by commas"),
        (text.replacen(",reason\n", "\n", 1), "it lacks `reason`"),
        (text.replacen("trial_id,attempt", "attempt,trial_id", 1), "they stand in another order"),
    ] {
        fs::write(&path, &saved).unwrap();
        let found = refusal(here, &["run", "e.yaml", "--out", "out"]);
        assert!(found.contains(said) && found.contains("use a new --out"), "{found}");
        assert_eq!(fs::read_to_string(&path).unwrap(), saved);
    }
}

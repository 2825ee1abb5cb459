//! Files that follow from the code are what the code says: the JSON Schema, and tables of the documentation.
//! `LEVELED_BLESS=1 cargo test --release --test generated` writes them again.

#![cfg(feature = "harness")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use std::fs;
use std::path::{Path, PathBuf};

use leveled::experiment::documentation::{columns_table, renamings_table, settings_table};
use leveled::experiment::records::{AccuracyRow, ImageRow, LayerRow, TrialRow};
use leveled::experiment::schema::{experiment_schema, experiment_schema_text};
use leveled::experiment::security_view::article_chains;
use leveled::report::security_text::security_text;
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Expects a file to be `expected`, or makes it so.
fn expect(path: &str, found: &str, expected: &str) {
    if std::env::var_os("LEVELED_BLESS").is_some() {
        return fs::write(root().join(path), expected).unwrap();
    }
    let place = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
    assert!(found == expected, "{path} is stale, write it again with LEVELED_BLESS=1; first difference: {place:?}");
}

/// Expects the part of a file between `<!-- begin NAME -->` and `<!-- end NAME -->` to be `expected`.
fn expect_part(path: &str, name: &str, expected: &str) {
    let text = fs::read_to_string(root().join(path)).unwrap();
    let (begin, end) = (format!("<!-- begin {name} -->\n"), format!("<!-- end {name} -->"));
    let start = text.find(&begin).unwrap_or_else(|| panic!("{path}: {begin}")) + begin.len();
    let stop = text.find(&end).unwrap_or_else(|| panic!("{path}: {end}"));
    expect(path, &text, &format!("{}{expected}{}", &text[..start], &text[stop..]));
}

#[test]
fn the_schema_is_the_code_s() {
    let path = "configs/experiment.schema.json";
    let found = fs::read_to_string(root().join(path)).unwrap_or_default();
    expect(path, &found, &experiment_schema_text());
}

#[test]
fn tables_of_the_documentation_are_the_code_s() {
    expect_part("experiments/README.md", "settings", &settings_table());
    expect_part("docs/import.md", "renamings", &renamings_table());
    expect_part("docs/records.md", "trials.csv", &columns_table::<TrialRow>());
    expect_part("docs/records.md", "layers.csv", &columns_table::<LayerRow>());
    expect_part("docs/records.md", "images.csv", &columns_table::<ImageRow>());
    expect_part("docs/records.md", "accuracy.csv", &columns_table::<AccuracyRow>());
    expect_part("docs/reproduction.md", "chains", &security_text(&article_chains()));
}

fn yaml_files(directory: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = paths.partition(|path| path.is_dir());
    let files = files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.chain(folders.iter().flat_map(|folder| yaml_files(folder))).collect()
}

#[test]
fn the_schema_accepts_what_the_program_accepts() {
    let schema = jsonschema::validator_for(&experiment_schema()).unwrap();
    let files = yaml_files(&root().join("experiments"));
    assert!(files.len() >= 2);
    for file in files {
        let value: Value = serde_yaml::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        let errors: Vec<String> = schema.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", file.display());
    }
    let many = "{name: x, fixed: {parameters: {scale_bits: 21.5, weight_bits: 18, base_bits: 29}, seed: null}, \
                sweep: {images: [3, [0, 5]], security: [128, none], key_switching: [auto, {special_primes: 3}], \
                dataset: [cifar10, {name: cifar10, path: x}], memory: [{diagonals: 1 GiB}, {diagonals: 5000}]}, \
                include: [{log_n: 16}], exclude: [{threads: 2}]}";
    assert!(schema.is_valid(&serde_yaml::from_str(many).unwrap()));
    for mistake in [
        "{nmae: x}",
        "{name: x, fixed: {lgo_n: 15}}",
        "{name: x, fixed: {log_n: 32768}}",
        "{name: x, fixed: {layout: packde}}",
        "{name: x, fixed: {security: 80}}",
        "{name: x, fixed: {images: 0}}",
        "{name: x, fixed: {images: [1, 1]}}",
        "{name: x, fixed: {memory: {diagonals: much}}}",
        "{name: x, fixed: {parameters: {scale_bits: 20}}}",
        "{name: x, sweep: {log_n: 15}}",
        "{name: x, include: {log_n: 15}}",
        "{name: a/b}",
    ] {
        assert!(!schema.is_valid(&serde_yaml::from_str(mistake).unwrap()), "{mistake}");
    }
}

//! Tables, figures and the page from recorded rows alone.

#![cfg(feature = "harness")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use common::program::{refusal, success};
use common::synthetic::{self, Trial};
use common::tiny_model;
use leveled::report::left_out::LeftOut;
use leveled::report::summary::write_report;

/// The report of synthetic trials in a directory.
fn report(directory: &Path, trials: &[Trial]) -> (Vec<PathBuf>, Vec<LeftOut>) {
    synthetic::write(directory, trials);
    let made = write_report(&[directory.to_owned()], directory).unwrap();
    // For a look: LEVELED_KEEP_REPORT=DIR cargo test --release --test report
    if let Some(keep) = std::env::var_os("LEVELED_KEEP_REPORT") {
        let test = std::thread::current().name().unwrap_or("report").to_owned();
        let keep = Path::new(&keep).join(test);
        fs::create_dir_all(&keep).unwrap();
        for path in &made.0 {
            fs::copy(path, keep.join(path.file_name().unwrap())).unwrap();
        }
    }
    made
}

fn names(paths: &[PathBuf]) -> Vec<&str> {
    paths.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect()
}

fn text(directory: &Path, path: &str) -> String {
    fs::read_to_string(directory.join(path)).unwrap()
}

#[test]
fn a_paper_has_every_table_and_figure() {
    let directory = tempfile::tempdir().unwrap();
    let (paths, left_out) = report(directory.path(), &synthetic::paper());
    let names = names(&paths);
    for table in ["accuracy", "levels", "cost", "clustering", "ensembles", "trade_off"] {
        for extension in ["csv", "md", "tex"] {
            assert!(names.contains(&format!("{table}.{extension}").as_str()), "{table}.{extension}: {names:?}");
        }
    }
    for figure in [
        "accuracy_by_latency_cifar10",
        "accuracy_by_clusters",
        "latency_by_clusters",
        "accuracy_by_ensemble",
        "latency_by_ensemble",
        "levels_by_optimisation",
        "precision_by_layer",
    ] {
        for extension in ["svg", "png"] {
            assert!(names.contains(&format!("{figure}.{extension}").as_str()), "{figure}.{extension}: {names:?}");
        }
    }
    for name in ["summary.csv", "report.md", "report.html"] {
        assert!(names.contains(&name), "{names:?}");
    }
    // The gap to ReLU is of `accuracy.csv`; no encrypted image disagrees.
    let missing: Vec<&str> = left_out.iter().map(|one| one.what.as_str()).collect();
    assert_eq!(missing, ["table gap", "table disagreements"], "{left_out:?}");

    // Five seeds of slice clustering with 64 values: mean and deviation of 0.1 + 0.81 / (1 + exp(3.5 - 6)) + wobble.
    let clustering = text(directory.path(), "tables/clustering.csv");
    let line = clustering.lines().find(|line| line.contains(",slice,") && line.contains(",64,")).unwrap();
    assert!(line.contains(",84.87") && line.contains(",5,10000"), "{line}");
    let markdown = text(directory.path(), "tables/accuracy.md");
    assert!(markdown.contains("91.70 ± 0.16"), "{markdown}");
    assert!(!text(directory.path(), "tables/accuracy.csv").contains("ResNet-18"), "random weights have no accuracy");
    let levels = text(directory.path(), "tables/levels.md");
    assert!(levels.contains("ResNet-18") && levels.contains("insecure"), "{levels}");
    let trade_off = text(directory.path(), "tables/trade_off.csv");
    assert!(trade_off.contains("AutoFHE") && trade_off.contains("leveled: "), "{trade_off}");
}

#[test]
fn figures_say_what_they_show() {
    let directory = tempfile::tempdir().unwrap();
    report(directory.path(), &synthetic::paper());
    let clusters = text(directory.path(), "figures/accuracy_by_clusters.svg");
    for part in [
        "accuracy (%), simulated",
        "number of clusters K",
        "full",
        "slice",
        "M = 4, joint",
        "no clustering",
        "10000 images",
        "512",
    ] {
        assert!(clusters.contains(part), "{part}: {clusters}");
    }
    let trade_off = text(directory.path(), "figures/accuracy_by_latency_cifar10.svg");
    for part in [
        "seconds of an image (logarithmic)",
        "Pareto front",
        "wall time, several threads",
        "AutoFHE 2024",
        "96 threads",
        "published without an accuracy",
        "Cheddar 2025",
    ] {
        assert!(trade_off.contains(part), "{part}");
    }
    let levels = text(directory.path(), "figures/levels_by_optimisation.svg");
    assert!(levels.contains("saved by tower reuse") && levels.contains("\n77\n"), "{levels}");
    let precision = text(directory.path(), "figures/precision_by_layer.svg");
    assert!(precision.contains("layer3.2.conv2") && precision.contains("precision (bits)"));
    let png = fs::read(directory.path().join("figures/accuracy_by_clusters.png")).unwrap();
    assert!(png.starts_with(b"\x89PNG") && png.len() > 10_000);
}

#[test]
fn every_picture_has_the_size_of_its_svg_and_shows_its_colours() {
    let directory = tempfile::tempdir().unwrap();
    let (paths, _) = report(directory.path(), &synthetic::paper());
    let figures: Vec<&PathBuf> = paths.iter().filter(|path| path.extension().is_some_and(|it| it == "svg")).collect();
    assert!(figures.len() > 7, "{figures:?}");
    for figure in figures {
        let svg = fs::read_to_string(figure).unwrap();
        let attribute = |name: &str| svg.split(&format!(" {name}=\"")).nth(1).unwrap().split('"').next().unwrap();
        let picture = image::open(figure.with_extension("png")).unwrap().to_rgb8();
        let size = ["width", "height"].map(|name| 2 * attribute(name).parse::<u32>().unwrap());
        assert_eq!([picture.width(), picture.height()], size, "{}", figure.display());
        // What is coloured in the one is in the other; a blank picture has white alone.
        let colours: BTreeSet<&str> =
            ["fill=\"#", "stroke=\"#"].iter().flat_map(|it| svg.split(it).skip(1)).map(|it| &it[..6]).collect();
        assert!(colours.len() > 4, "{colours:?}");
        let found: BTreeSet<String> =
            picture.pixels().map(|it| it.0.map(|part| format!("{part:02X}")).concat()).collect();
        assert!(colours.iter().all(|colour| found.contains(*colour)), "{}: {colours:?}", figure.display());
    }
}

#[test]
fn what_the_rows_do_not_have_is_left_out_with_the_reason() {
    let directory = tempfile::tempdir().unwrap();
    let trial =
        Trial::new("00000000000012e4", 0).with("layout", "packed").timed(7.7).with("precision_bits_median", 9.9);
    let (paths, left_out) = report(directory.path(), &[trial]);
    let names = names(&paths);
    for name in
        ["level_and_scale.svg", "level_and_scale.png", "seconds_by_layer.svg", "seconds_by_layer.png", "cost.tex"]
    {
        assert!(names.contains(&name), "{names:?}");
    }
    let why = |what: &str| left_out.iter().find(|one| one.what == what).map(|one| one.why.clone()).unwrap_or_default();
    assert!(why("table clustering").contains("`clusters`"), "{left_out:?}");
    assert!(why("figure accuracy_by_ensemble").contains("`ensemble`"), "{left_out:?}");
    assert!(why("table accuracy").contains("no trial of trained weights"), "{left_out:?}");
    assert!(why("figure levels_by_optimisation").contains("`tower_reuse`"), "{left_out:?}");
    assert!(text(directory.path(), "report.md").contains("## Left out"));
    let svg = text(directory.path(), "figures/seconds_by_layer.svg");
    for part in synthetic::layer_names().iter().map(String::as_str).chain(["squaring and relinearization", "128-bit"]) {
        assert!(svg.contains(part), "{part}");
    }
    // One sign of the scale for each layer, and one in the key.
    let levels = text(directory.path(), "figures/level_and_scale.svg");
    assert_eq!(levels.matches("<polygon ").count(), synthetic::layer_names().len() + 1);
    let summary = text(directory.path(), "summary.csv");
    assert!(summary.starts_with("trial_id,status,network") && summary.contains(",128-bit"), "{summary}");
    // A report may be made again; it replaces what it made, and names what else is there.
    let directories = [directory.path().to_owned()];
    assert_eq!(write_report(&directories, directory.path()).unwrap(), (paths, left_out));
    fs::write(directory.path().join("figures/older.svg"), "").unwrap();
    let (_, left_out) = write_report(&directories, directory.path()).unwrap();
    let older = left_out.last().unwrap();
    assert!(older.what == "figures/older.svg" && older.why.contains("not of these rows"), "{left_out:?}");
}

#[test]
fn a_copy_of_trials_alone_has_what_they_tell() {
    let directory = tempfile::tempdir().unwrap();
    synthetic::write(directory.path(), &[Trial::new("aa", 0).timed(8.0)]);
    fs::remove_file(directory.path().join("layers.csv")).unwrap();
    assert!(!directory.path().join("images.csv").exists());
    let text = success(directory.path(), &["report", "."]);
    assert!(text.contains("cost.md") && text.contains("seconds_by_layer: no trial with layers"), "{text}");
}

#[test]
fn configurations_have_figures_of_their_own_and_insecure_rows_say_so() {
    let directory = tempfile::tempdir().unwrap();
    let trial =
        |id: &str, log_n: u32| Trial::new(id, 0).with("log_n", log_n).timed(7.7).with("precision_bits_median", 9.9);
    let failed = Trial::new("cc", 0).with("status", "failed");
    let trials = [trial("aa", 15), trial("bb", 14).with("security_2024", "insecure"), failed];
    report(directory.path(), &trials);
    assert!(directory.path().join("figures/seconds_by_layer_bb.svg").is_file());
    let seconds = text(directory.path(), "figures/seconds_by_layer_bb.svg");
    assert!(seconds.contains("insecure (2024 line)") && seconds.contains("N = 2¹⁴"), "{seconds}");
    // Both have the same levels and scales.
    let levels = text(directory.path(), "figures/level_and_scale.svg");
    assert!(levels.contains("the same in 2 configurations that differ in N"), "{levels}");
    let summary = text(directory.path(), "summary.md");
    assert!(summary.lines().any(|line| line.contains("| bb ") && line.contains("insecure")), "{summary}");
    assert!(text(directory.path(), "report.html").contains("insecure (2024 line)"));
}

#[test]
fn several_directories_are_one_report() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    synthetic::write(one.path(), &[Trial::new("aa", 0).simulated(0.91)]);
    synthetic::write(two.path(), &[Trial::new("bb", 0).timed(8.0), Trial::new("cc", 1).timed(9.0)]);
    let out = one.path().join("both");
    let directories = [one.path().to_str().unwrap(), two.path().to_str().unwrap()];
    let text = refusal(one.path(), &[&["report"], &directories[..]].concat());
    assert!(text.contains("a report of 2 directories needs --out DIR"), "{text}");
    let text = success(one.path(), &[&["report"], &directories[..], &["--out", "both"]].concat());
    assert!(text.contains("trade_off.csv") && text.contains("left out:"), "{text}");
    // Accuracy from one, seconds from the other: means of both repetitions, per image too.
    let trade_off = fs::read_to_string(out.join("tables/trade_off.csv")).unwrap();
    let line = trade_off.lines().nth(1).unwrap();
    assert!(
        line.contains("91,,1,10000 simulated images,8.5,")
            && line.contains(",2,8.5,0.7071067811865476,2,2,\"wall time"),
        "{line}"
    );
}

#[test]
fn a_copy_of_a_directory_repeats_nothing() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let trials = [Trial::new("aa", 0).timed(22.8).with("precision_bits_median", 9.9)];
    for directory in [one.path(), two.path()] {
        synthetic::write(directory, &trials);
    }
    let directories = [one.path().to_owned(), two.path().to_owned()];
    let (alone, both) = (one.path().join("alone"), one.path().join("both"));
    write_report(&directories[..1], &alone).unwrap();
    let (_, left_out) = write_report(&directories, &both).unwrap();
    assert!(left_out.iter().all(|one| !one.what.starts_with("earlier measurements")), "{left_out:?}");
    for table in ["tables/cost.csv", "tables/cost.md", "tables/levels.csv"] {
        assert_eq!(text(&alone, table), text(&both, table), "{table}");
    }
    // Measured again, it is still one trial, and the report says so.
    synthetic::write(two.path(), &[trials[0].clone().with("attempt", 2).timed(30.0)]);
    let (_, left_out) = write_report(&directories, &both).unwrap();
    assert!(left_out.iter().any(|one| one.what == "earlier measurements of 1 trial"), "{left_out:?}");
    assert!(text(&both, "tables/cost.md").contains(" 30.0 |"), "{}", text(&both, "tables/cost.md"));
}

#[test]
fn networks_of_one_file_name_have_a_row_each() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    for (seed, name) in ["a/model", "b/model"].into_iter().enumerate() {
        tiny_model::write_network(&here.join(format!("{name}.safetensors")), seed as u64);
    }
    let experiment = tiny_model::EXPERIMENT
        .replace("  model: tiny.safetensors\n", "")
        .replace("images: [3, 0]", "images: 20\n  backend: simulated");
    let sweep = "sweep:\n  model: [a/model.safetensors, b/model.safetensors]\n";
    fs::write(here.join("e.yaml"), experiment + sweep).unwrap();
    let said = success(here, &["run", "e.yaml", "--out", "out", "--dry-run"]);
    assert_eq!(said.matches("model=model@").count(), 2, "{said}");
    success(here, &["run", "e.yaml", "--out", "out"]);
    let accuracy = text(here, "out/tables/accuracy.md");
    assert_eq!(accuracy.matches("| model@").count(), 2, "{accuracy}");
}

#[test]
fn rows_without_trials_give_an_empty_report() {
    let directory = tempfile::tempdir().unwrap();
    let (paths, left_out) = report(directory.path(), &[]);
    assert_eq!(names(&paths), ["summary.csv", "summary.md", "report.md", "report.html"]);
    assert!(left_out.len() > 8, "{left_out:?}");
}

#[test]
fn parquet_files_of_all_rows() {
    let directory = tempfile::tempdir().unwrap();
    synthetic::write(directory.path(), &synthetic::paper());
    fs::write(directory.path().join("images.csv"), "trial_id,attempt,image,overflow\naa,1,0,false\n").unwrap();
    let text = success(directory.path(), &["export", ".", "--parquet", "--out", "p"]);
    assert_eq!(text.lines().count(), 3, "{text}");
    for table in ["trials", "layers", "images"] {
        let bytes = fs::read(directory.path().join(format!("p/{table}.parquet"))).unwrap();
        assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"));
    }
    let text = refusal(directory.path(), &["export", "absent", "--parquet"]);
    assert!(text.contains("name a directory that `leveled run` wrote"), "{text}");
    assert!(!directory.path().join("absent").exists());
    assert!(!common::program::leveled(directory.path(), &["export", "."]).status.success(), "a format must be named");
}

/// `cargo test --release --test report -- --ignored --nocapture`: seconds of a report on 100,000 trials.
#[test]
#[ignore = "measures; not a test of the default set"]
fn a_hundred_thousand_rows() {
    let directory = tempfile::tempdir().unwrap();
    let paper = synthetic::paper();
    let trials: Vec<Trial> = (0..100_000)
        .map(|number| {
            let trial = paper[number % paper.len()].clone();
            trial.with("trial_id", format!("{number:016x}")).with("seed", number / paper.len())
        })
        .collect();
    synthetic::write(directory.path(), &trials);
    let begun = std::time::Instant::now();
    let text = success(directory.path(), &["report", "."]);
    println!("{} trials, {:.2} s\n{text}", trials.len(), begun.elapsed().as_secs_f64());
    println!("page: {} bytes", fs::metadata(directory.path().join("report.html")).unwrap().len());
}

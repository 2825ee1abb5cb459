//! Full data sets as a user has them: import, verify, train, evaluate. The data here is made up, and small.

#![cfg(feature = "harness")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::fs;
use std::path::Path;

use common::program::{refusal, success};
use image::{ImageFormat, Rgb, RgbImage};

const CLASSES: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// Folders of PNG images: `images` of each class, in the class's own colour.
fn class_folders(directory: &Path, images: u8) {
    for (split, offset) in [("train", 0), ("test", 100)] {
        for (label, class) in CLASSES.iter().enumerate() {
            let folder = directory.join(split).join(class);
            fs::create_dir_all(&folder).unwrap();
            for index in 0..images {
                let colour = [25 * label as u8, 240 - 20 * label as u8, offset + index];
                let picture = RgbImage::from_fn(32, 32, |x, y| Rgb([colour[0], colour[1] ^ (x * y) as u8, colour[2]]));
                picture.save_with_format(folder.join(format!("{index:02}.png")), ImageFormat::Png).unwrap();
            }
        }
    }
}

#[test]
fn class_folders_are_imported_verified_and_evaluated_on() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    class_folders(&here.join("pictures"), 2);
    let imported = success(here, &["data", "import", "cifar10", "pictures", "--out", "full"]);
    assert!(imported.starts_with("20 training images, sha256 ") && imported.contains("\n20 test images"), "{imported}");
    assert!(imported.contains("note: 20 training images, not the published 50000"), "{imported}");
    let verified = success(here, &["data", "verify", "cifar10", "full/cifar-10-batches-bin"]);
    assert_eq!(verified, imported);

    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/models/resnet20_w16_cifar10_herpn_seed0.safetensors");
    let tables = success(
        here,
        &["evaluate", model, "--data", "full", "--clusters", "4,512", "--modes", "slice", "--out", "rows"],
    );
    assert!(tables.contains("Single networks") && tables.contains("Clustering"), "{tables}");
    let rows = fs::read_to_string(here.join("rows/trials.csv")).unwrap();
    let rows: Vec<Vec<&str>> = rows.lines().map(|line| line.split(',').collect()).collect();
    let column = |name: &str| rows[0].iter().position(|&heading| heading == name).unwrap();
    let of = |name: &str| rows[1..].iter().map(|row| row[column(name)]).collect::<Vec<_>>();
    assert_eq!(of("network_form"), ["trained", "lowered", "lowered", "lowered"]);
    assert_eq!(of("clusters"), ["", "", "4", "512"]);
    assert_eq!(of("images"), ["20"; 4]);
    assert_eq!(of("clear_accuracy")[0], of("clear_accuracy")[1], "folding changes no class");
    let error = |row: usize| of("cluster_relative_error")[row].parse::<f64>().unwrap();
    assert!(error(2) > 10.0 * error(3), "more clusters come nearer");
    let made = fs::read_to_string(here.join("rows/provenance.json")).unwrap();
    assert!(made.contains("--data DIR --images test --clusters 4,512 --modes slice"), "{made}");
    success(here, &["report", "rows"]);
    let page = fs::read_to_string(here.join("rows/report.html")).unwrap();
    assert!(page.contains("leveled evaluate resnet20_w16_cifar10_herpn_seed0.safetensors --data DIR"), "{page}");
}

#[test]
fn an_import_replaces_nothing_unasked() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    class_folders(&here.join("one"), 2);
    class_folders(&here.join("two"), 3);
    success(here, &["data", "import", "cifar10", "one", "--out", "d"]);
    let before = success(here, &["data", "verify", "cifar10", "d"]);
    let text = refusal(here, &["data", "import", "cifar10", "two", "--out", "d"]);
    assert!(
        text.contains("d/cifar-10-batches-bin` holds another cifar10 already; give --force to replace it"),
        "{text}"
    );
    // Nor does one that fails half way, even if asked.
    fs::write(here.join("two/test/truck/02.png"), "no picture").unwrap();
    let text = refusal(here, &["data", "import", "cifar10", "two", "--out", "d", "--force"]);
    assert!(text.contains("02.png") && text.contains("PNG"), "{text}");
    assert_eq!(success(here, &["data", "verify", "cifar10", "d"]), before);
    fs::remove_file(here.join("two/test/truck/02.png")).unwrap();
    let replaced = success(here, &["data", "import", "cifar10", "two", "--out", "d", "--force"]);
    assert!(replaced.starts_with("30 training images") && replaced.contains("\n29 test images"), "{replaced}");
    fs::copy(here.join("d/cifar-10-batches-bin/data_batch_1.bin"), here.join("d/cifar-10-batches-bin/test_batch.bin"))
        .unwrap();
    let text = refusal(here, &["data", "verify", "cifar10", "d"]);
    assert!(text.contains("test_batch.bin` is not the file that was imported"), "{text}");
}

#[test]
fn what_cannot_be_imported_or_evaluated_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let text = refusal(here, &["data", "verify", "cifar10", "."]);
    assert!(text.contains("no `data_batch_1.bin` in `.`: give the directory of the official cifar10"), "{text}");
    let text = refusal(here, &["data", "import", "cifar100", "."]);
    assert!(text.contains("`.` holds no cifar100: give the official archive (.tar.gz)"), "{text}");
    let text = refusal(here, &["data", "import", "cifar100", "nowhere"]);
    assert!(text.contains("cannot read `nowhere`: No such file or directory"), "{text}");
    fs::write(here.join("a.tar.gz"), b"no archive").unwrap();
    let text = refusal(here, &["data", "import", "cifar10", "a.tar.gz"]);
    assert!(text.contains("the publisher gives c32a1d4ab5d03f1284b67883e8d87530"), "{text}");
    let text = refusal(here, &["evaluate", "none.safetensors"]);
    assert!(text.contains("cannot read `none.safetensors`"), "{text}");
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/models/resnet20_w16_cifar10_herpn_seed0.safetensors");
    let text = refusal(here, &["evaluate", model, "--images", "validation"]);
    assert!(text.contains("--images: the held out images need --data, the directory"), "{text}");
    // Every network must have held them out, in whatever order they are named.
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/models/resnet20_w16_cifar10_herpn_distilled_seed0");
    let text =
        refusal(here, &["evaluate", &format!("{shipped}.safetensors"), model, "--data", ".", "--images", "validation"]);
    assert!(
        text.contains("--images: the card of resnet20_w16_cifar10_herpn_seed0.safetensors has no record"),
        "{text}"
    );
    let other = shipped.replace("distilled_seed0", "distilled_continued_seed1");
    fs::copy(format!("{other}.safetensors"), here.join("other.safetensors")).unwrap();
    let card = fs::read_to_string(format!("{other}.yaml")).unwrap().replace("split_seed: 0", "split_seed: 1");
    fs::write(here.join("other.yaml"), card).unwrap();
    let both = [&*format!("{shipped}.safetensors"), "other.safetensors"];
    let text = refusal(here, &[&["evaluate"], &both[..], &["--data", ".", "--images", "validation"]].concat());
    assert!(
        text.contains("other.safetensors: of the 5000 held out images of seed 0 a network's training saw some"),
        "{text}"
    );
}

/// A recipe that trains in a second.
fn recipe() -> String {
    let fast = include_str!("../configs/recipes/fast.yaml");
    let mut text = fast.to_owned();
    for (from, to) in [
        ("width: 16", "width: 2"),
        ("epochs: 30", "epochs: 2"),
        ("finish: {epochs: 4", "finish: {epochs: 1"),
        ("last_epochs: 6", "last_epochs: 1"),
        ("batch: 128", "batch: 10"),
        ("validation_images: 5000", "validation_images: 20"),
        // Some processors have no instructions for bf16, which is told before anything else.
        ("precision: bf16", "precision: f32"),
    ] {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    text
}

#[test]
fn mistakes_in_recipes_are_named_with_their_place() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    let expect = |text: &str, part: &str| {
        fs::write(here.join("recipe.yaml"), text).unwrap();
        let found = refusal(here, &["train", "recipe.yaml", "--data", "."]);
        assert!(found.contains(part), "{part} is not in: {found}");
    };
    expect(&recipe().replace("width: 2", "width: 0"), "recipe.yaml, line 3, column 8, key `width`: network `resnet20`");
    let text = refusal(here, &["train", "recipe.yaml", "--data", ".", "--teacher", "models/a.safetensors"]);
    assert!(text.contains("--teacher: names weights") && text.contains("this recipe has no `distillation`"), "{text}");
    expect(
        &recipe().replace("kind: herpn", "kind: hern"),
        "key `activation.kind`: `hern` is not known; did you mean `herpn`?",
    );
    expect(&recipe().replace("\nepochs:", "\nepoch:"), "did you mean `epochs`?");
    expect("", "the file is empty");
    let text = refusal(here, &["train", "none.yaml", "--data", "."]);
    assert!(text.contains("cannot read none.yaml"), "{text}");
}

#[cfg(not(feature = "train"))]
#[test]
fn a_program_without_the_trainer_says_how_to_build_it() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("recipe.yaml"), recipe()).unwrap();
    let text = refusal(directory.path(), &["train", "recipe.yaml", "--data", "."]);
    assert!(text.contains("built without training") && text.contains("--features train -- train"), "{text}");
}

#[cfg(feature = "train")]
#[test]
fn a_training_writes_a_network_that_evaluates() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path();
    class_folders(&here.join("pictures"), 8);
    success(here, &["data", "import", "cifar10", "pictures", "--out", "full"]);
    fs::write(here.join("recipe.yaml"), recipe()).unwrap();
    let train = ["train", "recipe.yaml", "--data", "full", "--out", "out", "--threads", "1", "--seed", "7"];
    let said = success(here, &train);
    assert!(said.starts_with("kept the weights of epoch ") && said.contains("history.csv"), "{said}");
    for file in ["checkpoint.safetensors", "history.csv", "sites.csv", "history.svg", "history.png"] {
        assert!(here.join("out").join(file).is_file(), "{file}");
    }
    let weights = "out/resnet20_w2_cifar10_herpn_seed7.safetensors";
    let card = fs::read_to_string(here.join(weights).with_extension("yaml")).unwrap();
    assert!(card.contains("kind: herpn") && card.contains("training_images: 60"), "{card}");
    // A finished training does nothing more, and says the same.
    assert_eq!(success(here, &train), said);
    let text = refusal(here, &[&train[..6], &["--threads", "0"]].concat());
    assert!(text.contains("--threads: 0 threads are not possible"), "{text}");
    // Weights whose training is not known stay.
    fs::create_dir(here.join("kept")).unwrap();
    fs::copy(here.join(weights), here.join("kept/resnet20_w2_cifar10_herpn_seed7.safetensors")).unwrap();
    let text = refusal(here, &[&train[..4], &["--out", "kept"], &train[6..]].concat());
    assert!(text.contains("without the checkpoint of its training: choose another output directory"), "{text}");
    // On the held out images, evaluation finds what training found.
    success(here, &["evaluate", weights, "--data", "full", "--images", "validation", "--out", "rows"]);
    let rows = fs::read_to_string(here.join("rows/trials.csv")).unwrap();
    let accuracy = card.lines().find_map(|line| line.strip_prefix("validation_accuracy_percent: ")).unwrap();
    let share = accuracy.parse::<f64>().unwrap() / 100.0;
    assert!(rows.contains(&format!(",{share},")), "{accuracy} {rows}");

    let text = refusal(here, &["train", "recipe.yaml", "--data", "full", "--out", "out"]);
    assert!(text.contains("is of another recipe or seed"), "{text}");
    let text = refusal(here, &["train", "recipe.yaml", "--data", "pictures", "--out", "new"]);
    assert!(text.contains("no `data_batch_1.bin` in `pictures`"), "{text}");
}

//! SHA-256 of what goes into a trial: files, and canonical JSON of its settings.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::networks::without_seed;
use crate::dataset::{Dataset, Image};
use crate::network::card::TrainingRecord;
use crate::network::{Card, Pool, Shortcut};
use crate::wire::hex;

/// SHA-256 of a text, in hexadecimal.
#[must_use]
pub fn sha256_of_text(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// SHA-256 of a file's content, in hexadecimal.
///
/// # Errors
/// What the operating system says about reading.
pub fn sha256_of_file(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = file.read(&mut buffer)?;
        if length == 0 {
            return Ok(hex(&hasher.finalize()));
        }
        hasher.update(&buffer[..length]);
    }
}

/// SHA-256 of what a card says that enters an evaluation or its row, in hexadecimal: comments, the order of keys and what is said in
/// words do not count, nor what only records the training.
#[must_use]
pub fn sha256_of_card(card: &Card) -> String {
    // Every field by name, so that a new one is decided on.
    let Card {
        network,
        width,
        dataset,
        activation,
        normalisation,
        batch_norm_eps,
        shortcut,
        pool,
        test_accuracy_percent,
        sha256: _,
        tensors: _,
        training: _,
        record: _,
        validation_accuracy_percent: _,
        exploding_validation_images: _,
        largest_activation: _,
        exploding_test_images: _,
    } = card;
    let mut said = json!({
        "network": network,
        "width": width,
        "dataset": dataset,
        "activation": activation,
        "normalisation": normalisation,
        "batch_norm_eps": batch_norm_eps,
        "test_accuracy_percent": test_accuracy_percent,
    });
    // What is as it was before there was a choice is no part of the hash.
    if *shortcut != Shortcut::default() {
        said["shortcut"] = json!(shortcut);
    }
    if *pool != Pool::default() {
        said["pool"] = json!(pool);
    }
    sha256_of_text(&canonical_json(&said))
}

/// SHA-256 of the recipe of a training but for its seeds, in hexadecimal: repetitions of one training have the same.
#[must_use]
pub fn sha256_of_recipe(record: &TrainingRecord) -> String {
    let mut recipe = serde_json::to_value(&record.recipe).unwrap_or_default();
    if let Value::Object(keys) = &mut recipe {
        keys.remove("seed");
    }
    // Each repetition may have a teacher, or a beginning, of its own seed.
    for weights in ["/initial_weights", "/distillation/teacher"] {
        let files = match recipe.pointer_mut(weights) {
            Some(Value::Array(files)) => files.as_mut_slice(),
            Some(file) => std::slice::from_mut(file),
            None => &mut [],
        };
        for file in files {
            if let Value::String(file) = file {
                *file = without_seed(file).to_owned();
            }
        }
    }
    sha256_of_text(&canonical_json(&recipe))
}

/// SHA-256 of a data set's content, in hexadecimal: for each image its label, then its values.
#[must_use]
pub fn sha256_of_dataset(dataset: &Dataset) -> String {
    let mut hasher = Sha256::new();
    for (image, label) in dataset.images.iter().zip(&dataset.labels) {
        hasher.update([*label]);
        hasher.update(image.values);
    }
    hex(&hasher.finalize())
}

/// SHA-256 of an image's values, in hexadecimal.
#[must_use]
pub fn sha256_of_image(image: &Image) -> String {
    hex(&Sha256::digest(image.values))
}

/// JSON with sorted keys and no spaces: the same value always gives the same text.
#[must_use]
pub fn canonical_json(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| key.as_str());
            let entries: Vec<String> = entries
                .into_iter()
                .map(|(key, value)| format!("{}:{}", Value::String(key.clone()), canonical_json(value)))
                .collect();
            format!("{{{}}}", entries.join(","))
        }
        Value::Array(list) => format!("[{}]", list.iter().map(canonical_json).collect::<Vec<_>>().join(",")),
        scalar => scalar.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hash() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256_of_text(""), empty);
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("a.bin");
        std::fs::write(&file, "").unwrap();
        assert_eq!(sha256_of_file(&file).unwrap(), empty);
        assert!(sha256_of_file(directory.path()).is_err());
        assert!(sha256_of_file(&directory.path().join("absent")).is_err());
    }

    #[test]
    fn a_card_is_what_it_says() {
        let text = include_str!("../../models/resnet20_w16_cifar10_herpn_seed0.yaml");
        let card = |text: &str| sha256_of_card(&serde_yaml::from_str(text).unwrap());
        let lines: Vec<&str> = text.lines().collect();
        let (first, rest) = lines.split_at(lines.iter().position(|line| line.starts_with("width")).unwrap());
        let moved = [rest, first].concat().join("\r\n");
        for same in [&format!("{text}\n# a comment\n"), &text.replace("1.0e-5", "0.00001"), &moved] {
            assert_eq!(card(same), card(text), "{same}");
        }
        for (from, to) in [
            ("1.0e-5", "1.0e-4"),
            ("63.0,", "63.5,"),
            ("activation: herpn", "activation: relu"),
            ("89.94", "89.95"),
            ("width: 16", "width: 8"),
        ] {
            assert!(text.contains(from), "{from}");
            assert_ne!(card(&text.replace(from, to)), card(text), "{from}");
        }
    }

    #[test]
    fn seeds_repeat_a_recipe() {
        let card = |seed: u32| {
            let name = format!("models/resnet20_w16_cifar10_herpn_distilled_continued_seed{seed}.yaml");
            Card::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap().record.unwrap()
        };
        let recipes: Vec<String> = (0..4).map(|seed| sha256_of_recipe(&card(seed))).collect();
        assert!(recipes.iter().all(|recipe| *recipe == recipes[0]), "{recipes:?}");
        let mut other = card(0);
        other.recipe["epochs"] = 3.into();
        assert_ne!(sha256_of_recipe(&other), recipes[0]);
        other = card(0);
        other.recipe["initial_weights"] = "resnet20_w16_cifar10_relu_continued_seed5.safetensors".into();
        assert_eq!(sha256_of_recipe(&other), recipes[0]);
        let mut taught_by = |teachers: [&str; 2]| {
            other.recipe["distillation"]["teacher"] = teachers.map(serde_yaml::Value::from).to_vec().into();
            sha256_of_recipe(&other)
        };
        assert_eq!(taught_by(["a_seed0", "b_seed1"]), taught_by(["a_seed2", "b_seed0"]));
        assert_ne!(taught_by(["a_seed0", "b_seed1"]), taught_by(["a_seed0", "c_seed1"]));
    }

    #[test]
    fn canonical_text_is_sorted() {
        assert_eq!(
            canonical_json(&json!({"b": [1, null], "a": {"d": "x", "c": 0.5}})),
            r#"{"a":{"c":0.5,"d":"x"},"b":[1,null]}"#
        );
    }
}

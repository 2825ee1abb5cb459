//! SHA-256 of what goes into a trial: files, and canonical JSON of its settings.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::dataset::{Dataset, Image, hex};

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
    use serde_json::json;

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
    fn canonical_text_is_sorted() {
        assert_eq!(
            canonical_json(&json!({"b": [1, null], "a": {"d": "x", "c": 0.5}})),
            r#"{"a":{"c":0.5,"d":"x"},"b":[1,null]}"#
        );
    }
}

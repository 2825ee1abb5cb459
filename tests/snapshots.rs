//! What users read, as a whole: help, a plan, a summary, errors. A change shows in the files of `tests/snapshots`;
//! `INSTA_UPDATE=always cargo test --release --test snapshots` writes them again.

#![cfg(feature = "harness")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::program::{leveled_with, success};
use leveled::ckks::CkksError;
use leveled::ckks::keys::KeyKind;
use leveled::dataset::{DatasetError, DatasetName, UnknownDataset};
use leveled::inference::InferenceError;
use leveled::network::NetworkError;
use leveled::parties::PartyError;
use leveled::ring::RingError;
use leveled::wire::{Kind, WireError};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The help of a command, then of its own commands.
fn help(command: &[&str], all: &mut String) {
    let text = success(root(), &[command, &["--help"]].concat());
    all.push_str(&format!("$ leveled {}\n\n{text}\n", [command, &["--help"]].concat().join(" ")));
    let commands = text.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    for name in commands.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
        help(&[command, &[name]].concat(), all);
    }
}

#[test]
fn help_of_all_commands() {
    let mut all = String::new();
    help(&[], &mut all);
    insta::assert_snapshot!(all);
}

/// `text` without what depends on the machine: predictions of time, and the number of threads.
fn without_seconds(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    // Where the column of seconds begins, in lines of the table.
    let mut column = None;
    for line in text.lines() {
        if line.starts_with("layer ") {
            column = line.find("seconds");
        }
        lines.push(match column {
            _ if line.starts_with("  time ") => "  time       [seconds]".to_owned(),
            Some(at) if line.len() > at => line[..at].trim_end().to_owned(),
            _ => line.to_owned(),
        });
    }
    lines.join("\n")
}

#[test]
fn plan_of_the_quickstart() {
    // Baby and giant steps follow from prices: everywhere those of one kind of kernels.
    let variables = [("LEVELED_PRICES", "stored"), ("LEVELED_SIMD", "portable")];
    // What is left of the machine's memory is no matter of the plan.
    let arguments = ["plan", "experiments/quickstart.yaml", "--set", "memory.diagonals=2 GiB"];
    let output = leveled_with(root(), &variables, &arguments);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let id = text.split_whitespace().nth(1).unwrap().trim_end_matches(':').to_owned();
    assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    insta::assert_snapshot!(without_seconds(&text).replace(&id, "[id]"));
}

#[test]
fn summary_of_recorded_trials() {
    let directory = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(root().join("results/reference/first_light")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, directory.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    let text = success(root(), &["report", directory.path().to_str().unwrap()]);
    insta::assert_snapshot!(text.replace(directory.path().to_str().unwrap(), "[directory]"));
}

/// The scheme's errors, and those of the ring below.
fn scheme_errors() -> Vec<CkksError> {
    let ring = [
        RingError::Dimension { log_n: 3, min: 4, max: 17 },
        RingError::Modulus { modulus: 15, max_bits: 60, two_n: 64 },
        RingError::TooFewPrimes { wanted: 9, found: 2, bits: 20, two_n: 65_536 },
        RingError::Kernels { wanted: "neon".into(), available: "portable, avx2".into() },
        RingError::LimbLength { found: 100 },
        RingError::IntegerMatrix { found: 3, sources: 4, bits: 4 },
        RingError::IntegerWeight { weight: 8, bits: 4 },
        RingError::Entropy { reason: "no such device".into() },
    ];
    let own = [
        CkksError::Parameter { name: "log_n", value: "30".into(), reason: "choose 4 to 17".into() },
        CkksError::Insecure {
            log2_qp: 900.0,
            limit: 868,
            log_n: 15,
            table: "the guidelines of 2024",
            advice: "use fewer levels".into(),
        },
        CkksError::NoGadget { limbs: 21, log2_q: 850.0, limit: 868, left: 18.0, needed: 25.0 },
        CkksError::TooManySlots { found: 12, slots: 128 },
        CkksError::PlaintextOverflow { log2_coefficient: 35.0, log2_scale: 30.0, limit: 31 },
        CkksError::ScaleMismatch { operation: "add", left: 24.0, right: 25.0 },
        CkksError::LevelMismatch { operation: "add", left: 3, right: 1 },
        CkksError::LevelTooLow { operation: "rescale", needed: 1, level: 0 },
        CkksError::MissingGaloisKey { element: 5, steps: Some(1), level: 3 },
        CkksError::MissingGaloisKey { element: 511, steps: None, level: 3 },
        CkksError::MissingRelinearizationKey { level: 3 },
        CkksError::KeyRequest { kind: KeyKind::Galois(4), limbs: 3, reason: "a Galois element is odd".into() },
        CkksError::Ciphertext { reason: "its halves have 3 and 4 limbs".into() },
        CkksError::Limbs { found: 9, most: 4 },
        CkksError::Scale { found: -1.0 },
        CkksError::Inputs { expected: 2, found: 1 },
        CkksError::Diagonal { index: 3, reason: "it has 5 slots".into() },
        CkksError::Combination { reason: "it reads input 3 of 3".into() },
        CkksError::WorkingMemory { needed: 2048, limit: 1024 },
        CkksError::RingSwitch { large: 15, small: 14 },
        CkksError::NoRingSwitch { limbs: 6 },
    ];
    ring.into_iter().map(CkksError::from).chain(own).collect()
}

fn inference_errors() -> Vec<InferenceError> {
    let name = || "layer1.0.conv1".to_owned();
    vec![
        InferenceError::Layer { name: name(), level: 3, source: CkksError::MissingRelinearizationKey { level: 3 } },
        InferenceError::ImageTooLarge { name: "input".into(), grid: 1024, slots: 512, log_n: 10, needed: 11 },
        InferenceError::Unsupported { name: name(), reason: "it has no inputs".into() },
        InferenceError::ChainTooShort { levels: 4, needed: 20 },
        InferenceError::ChainTooLong { needed: 222, most: 200 },
        InferenceError::ImageSize { expected: 3072, found: 3 },
        InferenceError::BatchSize { batch: 4, found: 5 },
        InferenceError::Result { reason: "it has 2 ciphertexts instead of one".into() },
        InferenceError::PackedBatch { batch: 4 },
        InferenceError::Tiles { tiles: 8, height: 32, width: 32 },
        InferenceError::TooManyImages { batch: 300, tiles: 64, slots: 16_384, log_n: 15, needed: 16, most: 256 },
        InferenceError::TooManyImages { batch: 300, tiles: 1024, slots: 16_384, log_n: 15, needed: 20, most: 16 },
        InferenceError::TooManyBlocks {
            members: 8,
            batch: 2,
            block: 2048,
            slots: 16_384,
            log_n: 15,
            needed: 16,
            most: 8,
        },
    ]
}

/// What files of keys and ciphertexts are refused for, and what else can go wrong between two parties.
fn party_errors() -> Vec<PartyError> {
    let path = || PathBuf::from("upload.lev");
    let missing = || std::io::Error::new(std::io::ErrorKind::NotFound, "no such file");
    let wire = [
        WireError::Read { path: path(), source: missing() },
        WireError::Write { path: path(), source: missing() },
        WireError::Busy { path: path() },
        WireError::Exists { path: path() },
        WireError::Magic { path: path() },
        WireError::Version { path: path(), found: 2, expected: 1 },
        WireError::Kind { path: path(), found: Kind::Secret, expected: Kind::Upload.as_str() },
        WireError::Length { path: path(), found: 100, expected: "4136".into() },
        WireError::Checksum { path: path(), place: "the header".into() },
        WireError::Content { path: path(), reason: "batch 3: its scale is NaN".into() },
        WireError::Parameters { path: path() },
        WireError::Plan { path: path() },
        WireError::Key { path: path(), found: "00".into(), expected: "11".into() },
        WireError::ByteOrder,
    ];
    let refused = || InferenceError::ClientPlan { reason: "a layout is impossible in this ring".into() };
    let zero = DatasetError::Normalisation { key: "std", channel: 1, found: 0.0, expected: "finite and above 0" };
    let own = [
        PartyError::Content { path: "client.lev".into(), source: refused().into() },
        InferenceError::Encode { reason: "it is too large".into() }.into(),
        CkksError::Key { reason: "it has 3 bytes instead of 32".into() }.into(),
        PartyError::Normalisation { path: "client.lev".into(), source: zero.into() },
        PartyError::Insecure,
        PartyError::Memory { path: "client.lev".into(), needed: 1 << 40, available: 1 << 34 },
        PartyError::NoImages,
    ];
    wire.into_iter().map(PartyError::from).chain(own).collect()
}

fn dataset_errors() -> Vec<DatasetError> {
    let path = || PathBuf::from("data/test_batch.bin");
    let dataset = DatasetName::Cifar10;
    let missing = || std::io::Error::new(std::io::ErrorKind::NotFound, "no such file");
    vec![
        UnknownDataset("cifra10".into()).into(),
        DatasetError::Read { path: path(), source: missing() },
        DatasetError::MissingFile { directory: "data".into(), file: "test_batch.bin".into(), dataset },
        DatasetError::Truncated { path: path(), dataset, found_bytes: 100, record_bytes: 3073 },
        DatasetError::Label { path: path(), dataset, record: 7, found: 12, classes: 10 },
        DatasetError::ImageSize { path: "cat.png".into(), width: 64, height: 48, expected: 32 },
        DatasetError::Normalisation { key: "std", channel: 1, found: 0.0, expected: "a positive number" },
        DatasetError::Write { path: path(), source: missing() },
        DatasetError::Md5 { path: path(), found: "00".into(), expected: "11".into() },
        DatasetError::Archive { path: path(), problem: "it ends early".into() },
        DatasetError::NoSource { path: path(), dataset },
        DatasetError::Occupied { path: path(), dataset, advice: "choose another --out" },
        DatasetError::OtherFile { path: path() },
        DatasetError::NoImages { path: "train/cat".into() },
        DatasetError::Download { url: "https://example.org".into(), problem: "404".into(), advice: "try again later" },
    ]
}

fn network_errors() -> Vec<NetworkError> {
    let path = || PathBuf::from("net.safetensors");
    let (origin, tensor) = (|| "net.safetensors".to_owned(), || "conv1.weight".to_owned());
    vec![
        NetworkError::UnknownNetwork { name: "resnet21".into(), known: "resnet18 or resnet20".into() },
        NetworkError::Architecture {
            network: "resnet20".into(),
            key: "width".into(),
            found: "0".into(),
            expected: "at least 1".into(),
        },
        NetworkError::MissingTensor { origin: origin(), tensor: tensor(), expected: vec![16, 3, 3, 3] },
        NetworkError::UnexpectedTensor { origin: origin(), tensor: tensor(), found: vec![16] },
        NetworkError::TensorShape { origin: origin(), tensor: tensor(), expected: vec![16, 3, 3, 3], found: vec![16] },
        NetworkError::TensorType { origin: origin(), tensor: tensor(), found: "I64".into() },
        NetworkError::TensorValue {
            origin: origin(),
            tensor: tensor(),
            index: 5,
            found: f64::NAN,
            expected: "finite numbers",
        },
        NetworkError::Unwritable {
            tensor: tensor(),
            index: 5,
            found: 7e4,
            precision: "f16",
            most: "65504",
            advice: "take `--stored-precision f32`",
        },
        NetworkError::Checkpoint { path: path(), problem: "it holds no tensors".into() },
        NetworkError::Importable {
            path: path(),
            name: "resnet20".into(),
            network: "resnet20 of width 16, shortcut pad".into(),
            source: Box::new(NetworkError::NoMembers),
        },
        NetworkError::MissingCard { path: path() },
        NetworkError::CardValue { path: path(), key: "width", found: "0".into(), expected: "at least 1" },
        NetworkError::Hash { path: path(), expected: "00".into(), found: "11".into() },
        NetworkError::NotWider { old: 16, new: 8, problem: "choose a width that is a multiple of theirs" },
        NetworkError::InputLength { expected: 3072, found: 3 },
        NetworkError::NotLowerable { node: "act1".into(), reason: "only quadratic activations become squarings" },
        NetworkError::LeadingCoefficient { activation: "act1".into(), channel: 2, found: 0.0 },
        NetworkError::Lowered {
            layer: "conv1".into(),
            what: "the bias's length",
            found: "3".into(),
            expected: "16 values".into(),
        },
        NetworkError::Clusters { found: 0 },
        NetworkError::ClusterIterations,
        NetworkError::JointExact,
        NetworkError::JointMembers { most: 8, found: 9 },
        NetworkError::NoMembers,
        NetworkError::Member { member: 2, source: Box::new(NetworkError::NoMembers) },
        NetworkError::MemberGraph { member: 2, what: "width".into(), found: "32".into(), expected: "16".into() },
    ]
}

#[test]
fn errors_of_the_library() {
    fn lines(floor: &str, errors: impl IntoIterator<Item = impl std::error::Error>) -> String {
        errors.into_iter().fold(format!("{floor}\n"), |all, error| format!("{all}  {error}\n"))
    }
    insta::assert_snapshot!(
        [
            lines("scheme", scheme_errors()),
            lines("inference", inference_errors()),
            lines("data sets", dataset_errors()),
            lines("networks", network_errors()),
            lines("files of two parties", party_errors()),
        ]
        .join("\n")
    );
}

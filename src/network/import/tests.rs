//! Checkpoints of `tests/checkpoints` (`make.py` there says what they hold), and files that somebody made up.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};

use super::pickle::{Pickle, Value};
use super::{Checkpoint, Found, RENAMINGS, Wanted, find};
use crate::network::graph::ParameterRole;
use crate::network::weights::Element;
use crate::network::{Architecture, NetworkError, Pool, Shortcut};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checkpoints").join(name)
}

fn resnet20() -> Wanted {
    Wanted { network: "resnet20".to_owned(), ..Wanted::default() }
}

fn found(path: &Path, wanted: &Wanted) -> Result<Found, NetworkError> {
    find(&Checkpoint::read(path)?, path, wanted)
}

/// Asserts that every weight is what `make.py` made it, times `factor`.
fn assert_values(found: &Found, factor: f64) {
    for parameter in found.network.graph().parameters() {
        let first: usize = parameter.name.bytes().map(usize::from).sum();
        let shift = if parameter.role == ParameterRole::Variance { 1.0 } else { -31.0 };
        let value = |index: usize| factor * (((first + 7 * index) % 64) as f64 + shift) / 64.0;
        let tensor = found.network.weights().get(&parameter.name).unwrap();
        let expected: Vec<f64> = (0..tensor.values().len()).map(value).collect();
        assert_eq!(tensor.values(), expected, "{}", parameter.name);
    }
}

#[test]
fn a_training_s_checkpoint_gives_its_network_or_its_average() {
    let path = fixture("training_zip.pth");
    let checkpoint = Checkpoint::read(&path).unwrap();
    assert_eq!((checkpoint.format, checkpoint.sha256.len()), ("PyTorch (zip)", 64));
    let network = find(&checkpoint, &path, &resnet20()).unwrap();
    assert_values(&network, 1.0);
    assert_eq!((network.prefix.as_str(), network.width), ("state_dict.module.", 1));
    assert_eq!((network.architecture.shortcut, network.pool), (Shortcut::Projection, Pool::Standard));
    assert_eq!(network.copies, ["ema_state_dict."]);
    assert!(network.left_out.contains(&"state_dict.module.bn1.num_batches_tracked".to_owned()));
    let classifier = network.taken.iter().find(|taken| taken.ours == "linear.weight").unwrap();
    assert_eq!((classifier.theirs.as_str(), classifier.element), ("state_dict.module.fc.weight", Element::F32));
    assert_eq!(classifier.renamings.iter().map(|index| RENAMINGS[*index].theirs).collect::<Vec<_>>(), ["fc"]);
    let average = Wanted { from: Some("ema_state_dict".to_owned()), ..resnet20() };
    let average = find(&checkpoint, &path, &average).unwrap();
    assert_values(&average, 0.5);
    let nowhere = Wanted { from: Some("elsewhere".to_owned()), ..resnet20() };
    let text = find(&checkpoint, &path, &nowhere).unwrap_err().to_string();
    assert!(
        text.ends_with("no resnet20 under `elsewhere`; there is one under `ema_state_dict.`, `state_dict.module.`"),
        "{text}"
    );
}

#[test]
fn every_format_and_precision_gives_the_same_weights() {
    for (name, format, element, shortcut, prefix) in [
        ("state_legacy_f16.th", "PyTorch (before 1.6)", Element::F16, Shortcut::Pad, ""),
        ("module_bf16.pt", "PyTorch (zip)", Element::Bf16, Shortcut::Projection, ""),
        ("averaged_f64.pth", "PyTorch (zip)", Element::F64, Shortcut::Projection, "_orig_mod.module."),
    ] {
        let path = fixture(name);
        let checkpoint = Checkpoint::read(&path).unwrap();
        assert_eq!(checkpoint.format, format);
        let network = find(&checkpoint, &path, &resnet20()).unwrap();
        assert_values(&network, 1.0);
        assert_eq!((network.architecture.shortcut, network.prefix.as_str()), (shortcut, prefix), "{name}");
        assert!(network.taken.iter().all(|taken| taken.element == element), "{name}");
    }
    let averaged = found(&fixture("averaged_f64.pth"), &resnet20()).unwrap();
    assert!(averaged.left_out.contains(&"_orig_mod.n_averaged".to_owned()));
}

#[test]
fn damaged_files_are_refused_wherever_they_end() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cut.pth");
    for name in ["training_zip.pth", "state_legacy_f16.th"] {
        let whole = fs::read(fixture(name)).unwrap();
        for kept in (0..whole.len()).step_by(997) {
            fs::write(&path, &whole[..kept]).unwrap();
            let text = found(&path, &resnet20()).unwrap_err().to_string();
            assert!(text.contains("cut.pth"), "{kept}: {text}");
        }
    }
}

#[test]
fn an_archive_that_something_else_compressed_is_not_called_damaged() {
    let mut bytes = fs::read(fixture("training_zip.pth")).unwrap();
    let places = |signature: &[u8; 4], bytes: &[u8]| -> Vec<usize> {
        bytes.windows(4).enumerate().filter(|(_, window)| *window == signature).map(|(at, _)| at).collect()
    };
    // The methods of the entries, where they stand and in the directory at the end: 8 is deflate.
    for (signature, offset) in [(b"PK\x03\x04", 8), (b"PK\x01\x02", 10)] {
        for at in places(signature, &bytes) {
            bytes[at + offset] = 8;
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("packed.pth");
    fs::write(&path, bytes).unwrap();
    let text = found(&path, &resnet20()).unwrap_err().to_string();
    assert!(text.contains("its entries are compressed") && text.contains("save it again with torch.save"), "{text}");
}

proptest! {
    #[test]
    fn no_damage_is_a_panic(at in 0_usize..20_000, byte: u8, legacy: bool) {
        let name = if legacy { "state_legacy_f16.th" } else { "module_bf16.pt" };
        let mut bytes = fs::read(fixture(name)).unwrap();
        let at = at % bytes.len();
        bytes[at] = byte;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("damaged.pth");
        fs::write(&path, bytes).unwrap();
        let _ = found(&path, &resnet20());
    }

    #[test]
    fn no_pickle_is_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Pickle::read(&bytes);
    }
}

#[test]
fn nothing_that_a_pickle_names_is_called() {
    // cos.system('touch FILE'), as pickle would run it.
    let directory = tempfile::tempdir().unwrap();
    let touched = directory.path().join("touched");
    let code = format!("cos\nsystem\n(S'touch {}'\ntR.", touched.display());
    let pickle = Pickle::read(code.as_bytes()).unwrap();
    assert_eq!(pickle.value(pickle.result), &Value::Object(None));
    assert!(!touched.exists());
    let path = directory.path().join("evil.pth");
    fs::write(&path, [&b"\x80\x02"[..], code.as_bytes()].concat()).unwrap();
    let text = Checkpoint::read(&path).unwrap_err().to_string();
    assert!(text.contains("is a Python pickle; give what torch.save wrote"), "{text}");
    assert!(!touched.exists());
}

#[test]
fn small_files_do_not_fill_the_memory() {
    // A list of 500,000 numbers, and a dictionary made of it again and again.
    let mut bytes = b"ccollections\nOrderedDict\np0\n(".to_vec();
    (0..500_000).for_each(|_| bytes.extend(b"(K\x01K\x02t"));
    bytes.extend(b"lp1\n(h\x01tp2\n");
    (0..10_000).for_each(|_| bytes.extend(b"h\x00h\x02R0"));
    bytes.push(b'.');
    assert_eq!(Pickle::read(&bytes).unwrap_err(), "its pickle makes too many values");
    // Names of a million parts.
    let directory = tempfile::tempdir().unwrap();
    let long = |name: &str| (name == "conv1.weight").then(|| format!("{}{name}", "a.".repeat(500_000)));
    let names = |name: &str| [Some(format!("net.{name}")), long(name)].into_iter().flatten().collect();
    let path = written(directory.path(), &named("resnet20", 2), names);
    found(&path, &resnet20()).unwrap();
}

#[test]
fn values_of_pickles() {
    // {'a': [1, -2], 3: (True, None, 300)}, by protocol 4, then by protocol 0.
    let four = b"\x80\x04\x95\x1b\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94]\x94(K\x01J\xfe\xff\xff\xffeK\x03\x88NM,\x01\x87u.";
    let zero = b"(dp0\nVa\np1\n(lp2\nI1\naI-2\nasI3\n(I01\nNI300\ntp3\ns.";
    for bytes in [&four[..], &zero[..]] {
        let pickle = Pickle::read(bytes).unwrap();
        assert_eq!(pickle.length, bytes.len());
        let Value::Dictionary(entries) = pickle.value(pickle.result) else { panic!("a dictionary") };
        let keys: Vec<Option<String>> = entries.iter().map(|(key, _)| pickle.key(*key)).collect();
        assert_eq!(keys, [Some("a".to_owned()), Some("3".to_owned())]);
        let numbers = |handle| {
            let Value::List(items) = pickle.value(handle) else { panic!("a list") };
            items.iter().map(|item| pickle.integer(*item)).collect::<Vec<_>>()
        };
        assert_eq!(numbers(entries[0].1), [Some(1), Some(-2)]);
        assert_eq!(numbers(entries[1].1), [Some(1), None, Some(300)]);
    }
}

/// A safetensors file of zeros (variances of ones) with the tensors of a network, each under the name that `rename` gives it.
fn written(directory: &Path, architecture: &Architecture, rename: impl Fn(&str) -> Vec<String>) -> PathBuf {
    let parameters = architecture.graph().unwrap().parameters();
    let zeros = |shape: &[usize]| vec![0_u8; 4 * shape.iter().product::<usize>()];
    let data: Vec<(String, Vec<usize>, Vec<u8>)> = parameters
        .into_iter()
        .filter(|parameter| parameter.role != ParameterRole::Coefficients)
        .flat_map(|parameter| {
            let names = rename(&parameter.name);
            names.into_iter().map(move |name| (name, parameter.shape.clone(), zeros(&parameter.shape)))
        })
        .collect();
    let views = data
        .iter()
        .map(|(name, shape, bytes)| (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap()));
    let path = directory.join("net.safetensors");
    fs::write(&path, serialize(views, None).unwrap()).unwrap();
    path
}

fn named(name: &str, width: usize) -> Architecture {
    Architecture::named(name, width, 10).unwrap()
}

#[test]
fn names_of_other_repositories_are_known() {
    let directory = tempfile::tempdir().unwrap();
    let sequences = |name: &str| {
        let mut name = name.to_owned();
        for (stage, there) in ["conv2_x", "conv3_x", "conv4_x", "conv5_x"].iter().enumerate() {
            name = name.replace(&format!("layer{}.", stage + 1), &format!("{there}."));
        }
        let inner = name.contains("_x.");
        let parts = [("conv1.", "0."), ("bn1.", "1."), ("conv2.", "3."), ("bn2.", "4.")];
        for (ours, theirs) in parts {
            let theirs = if inner { format!("residual_function.{theirs}") } else { format!("conv1.{theirs}") };
            if let Some(at) = name.find(ours).filter(|_| !name.contains("residual") && !name.contains("shortcut")) {
                name.replace_range(at..at + ours.len(), &theirs);
                break;
            }
        }
        vec![format!("net.{}", name.replace("linear", "fc"))]
    };
    let path = written(directory.path(), &named("resnet18", 2), sequences);
    let network = found(&path, &Wanted { network: "resnet18".to_owned(), ..Wanted::default() }).unwrap();
    assert_eq!(
        (network.prefix.as_str(), network.in_words()),
        ("net.", "resnet18 of width 2, shortcut projection under `net.`".to_owned())
    );
}

#[test]
fn width_pool_and_classes_follow_from_the_tensors() {
    let directory = tempfile::tempdir().unwrap();
    let same = |name: &str| vec![name.to_owned()];
    let path = written(directory.path(), &named("resnet20", 64).with(Shortcut::Pad, Pool::Global), same);
    let network = found(&path, &resnet20()).unwrap();
    assert_eq!((network.width, network.pool, network.architecture.shortcut), (64, Pool::Global, Shortcut::Pad));
    let after = Wanted { shortcut: Some(Shortcut::PadAfter), ..resnet20() };
    assert_eq!(found(&path, &after).unwrap().architecture.shortcut, Shortcut::PadAfter);
    let path = written(directory.path(), &named("resnet20", 64), same);
    assert_eq!(found(&path, &resnet20()).unwrap().pool, Pool::Standard);
    let path = written(directory.path(), &named("vgg16", 2), same);
    let network = found(&path, &Wanted { network: "vgg16".to_owned(), ..Wanted::default() }).unwrap();
    assert_eq!(network.in_words(), "vgg16 of width 2");
    let path = written(directory.path(), &Architecture::named("resnet20", 4, 100).unwrap(), same);
    assert_eq!(found(&path, &resnet20()).unwrap().dataset.as_str(), "cifar100");
    let path = written(directory.path(), &Architecture::named("resnet20", 4, 17).unwrap(), same);
    let text = found(&path, &resnet20()).unwrap_err().to_string();
    assert!(text.contains("it has 17 classes, but the data sets here have 10 (cifar10) and 100 (cifar100)"), "{text}");
}

#[test]
fn what_is_no_network_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let text = |architecture: &Architecture, wanted: &Wanted, rename: &dyn Fn(&str) -> Vec<String>| {
        found(&written(directory.path(), architecture, rename), wanted).unwrap_err().to_string()
    };
    let prefixed = |name: &str| vec![format!("module.{name}")];
    let other = text(&named("resnet32", 2), &resnet20(), &prefixed);
    assert!(other.contains("it has tensors under `module.` that no layer of a resnet20 has"), "{other}");
    assert!(other.ends_with("it is a resnet32: give --network resnet32"), "{other}");
    let deeper = Wanted { network: "resnet44".to_owned(), ..Wanted::default() };
    let other = text(&named("resnet32", 2), &deeper, &prefixed);
    assert!(
        other.contains("under `module.` are no resnet44") && other.contains("it is a resnet32: give --network"),
        "{other}"
    );
    let twice = text(&named("resnet20", 2), &resnet20(), &|name| vec![format!("a.{name}"), format!("b.{name}")]);
    assert!(twice.contains("there are several, under `a.`, `b.`; choose one with --from"), "{twice}");
    let doubled = text(&named("resnet20", 2), &resnet20(), &|name| match name {
        "linear.bias" => vec![name.to_owned(), "fc.bias".to_owned()],
        _ => vec![name.to_owned()],
    });
    assert!(doubled.contains("both `fc.bias` and `linear.bias` would be `linear.bias`; remove one"), "{doubled}");
    let foreign = text(&named("resnet20", 2), &resnet20(), &|name| vec![name.replace("conv1", "c1")]);
    assert!(foreign.contains("no first convolution `conv1.weight` under any prefix"), "{foreign}");
    assert!(foreign.contains("downsample.0"), "{foreign}");
    let absent = found(Path::new("x"), &Wanted::default());
    assert!(matches!(absent, Err(NetworkError::Read { .. })));
    for (bytes, says) in [
        (&b"version https://git-lfs.github.com/spec/v1\n"[..], "git lfs pull"),
        (b"\x89HDF\r\n", "HDF5"),
        (b"PK\x03\x04 and no more", "archive is damaged"),
    ] {
        let path = directory.path().join("other.pth");
        fs::write(&path, bytes).unwrap();
        let text = Checkpoint::read(&path).unwrap_err().to_string();
        assert!(text.contains(says), "{text}");
    }
}

#[test]
fn averages_beside_a_network_are_left_out() {
    let directory = tempfile::tempdir().unwrap();
    let beside = |name: &str| vec![name.to_owned(), format!("ema.module.{name}")];
    let network = found(&written(directory.path(), &named("resnet20", 2), beside), &resnet20()).unwrap();
    assert_eq!((network.prefix.as_str(), network.copies.as_slice()), ("", ["ema.module.".to_owned()].as_slice()));
    assert_eq!(network.left_out.len(), network.taken.len());
}

#[test]
fn tensors_that_are_no_network_are_told_from_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let refused = |path: &Path| found(path, &resnet20()).unwrap_err().to_string();
    let other = |name: &str| vec![name.replace("linear.", "head.")];
    let text = refused(&written(directory.path(), &named("resnet20", 2), other));
    assert!(text.contains("there is no classifier `linear` or `fc` with weights for each class"), "{text}");
    let less = |name: &str| if name == "layer2.1.conv2.weight" { vec![] } else { vec![name.to_owned()] };
    let text = refused(&written(directory.path(), &named("resnet20", 2), less));
    assert!(text.contains("layer2.1.conv2.weight"), "{text}");
    assert!(text.ends_with("give the --network, --dataset and --shortcut that it is"), "{text}");
    let text = refused(&written(directory.path(), &named("resnet20", 2), |_| vec![]));
    assert!(text.contains("it holds no tensors; save the state_dict() of the network"), "{text}");
}

#[test]
fn tensors_that_are_no_weights_are_told_from_missing_ones() {
    let directory = tempfile::tempdir().unwrap();
    let less = |name: &str| if name == "layer2.1.conv2.weight" { vec![] } else { vec![name.to_owned()] };
    let path = written(directory.path(), &named("resnet20", 2), less);
    let bytes = fs::read(&path).unwrap();
    let foreign = TensorView::new(Dtype::C64, vec![1], &[0; 8]).unwrap();
    let known = SafeTensors::deserialize(&bytes).unwrap();
    let all = known.iter().chain([("layer2.1.conv2.weight", foreign)]);
    let file = serialize(all, None).unwrap();
    fs::write(&path, file).unwrap();
    let checkpoint = Checkpoint::read(&path).unwrap();
    assert_eq!((checkpoint.unread, checkpoint.tensors.len()), (vec!["layer2.1.conv2.weight".to_owned()], known.len()));
    let text = found(&path, &resnet20()).unwrap_err().to_string();
    let end = "one value for many places: `layer2.1.conv2.weight`; if they belong to the network, save them as contiguous tensors of float32";
    assert!(text.contains("missing: `layer2.1.conv2.weight`") && text.ends_with(end), "{text}");
    // Calls of PyTorch that make tensors of other kinds.
    for function in ["_rebuild_qtensor", "_rebuild_sparse_tensor", "_rebuild_meta_tensor_no_storage"] {
        let pickle = Pickle::read(format!("ctorch._utils\n{function}\n)R.").as_bytes()).unwrap();
        assert_eq!(pickle.value(pickle.result), &Value::ForeignTensor, "{function}");
    }
}

#[test]
fn archives_that_torch_save_did_not_write_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("net.pth");
    for (entries, problem) in [
        (&[("net/readme", "")][..], "it is a zip archive without a data.pkl"),
        (&[("net/data.pkl", ""), ("net/constants.pkl", "")], "it is a TorchScript program"),
        (&[("net/data.pkl", ""), ("net/byteorder", "big")], "it was written on a big-endian machine"),
    ] {
        let mut archive = zip::ZipWriter::new(fs::File::create(&path).unwrap());
        for (name, content) in entries {
            let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
            archive.start_file(*name, stored).unwrap();
            archive.write_all(content.as_bytes()).unwrap();
        }
        archive.finish().unwrap();
        let text = Checkpoint::read(&path).unwrap_err().to_string();
        assert!(text.contains(problem), "{text}");
    }
    // The older format, cut off in its last storage.
    let whole = fs::read(fixture("state_legacy_f16.th")).unwrap();
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let text = Checkpoint::read(&path).unwrap_err().to_string();
    assert!(text.contains("it is cut off; copy the file again"), "{text}");
}

#[test]
fn a_header_whose_length_looks_like_a_pickle_is_one_of_safetensors() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.safetensors");
    let value = 1f32.to_le_bytes();
    let view = TensorView::new(Dtype::F32, vec![1], &value).unwrap();
    let file = |note: usize| {
        let note = std::collections::HashMap::from([("note".to_owned(), "x".repeat(note))]);
        serialize([("conv1.weight", view.clone())], Some(note)).unwrap()
    };
    // A length of 0x10280 begins with the bytes 80 02.
    let empty = u64::from_le_bytes(file(0)[..8].try_into().unwrap()) as usize;
    fs::write(&path, file(0x10280 - empty)).unwrap();
    assert_eq!(fs::read(&path).unwrap()[..2], [0x80, 2]);
    assert_eq!(Checkpoint::read(&path).unwrap().tensors.len(), 1);
}

#[test]
fn names_of_many_parts_are_looked_at_from_their_ends() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.safetensors");
    let value = 1f32.to_le_bytes();
    let deep = "a.".repeat(100);
    let names = ["conv1.weight".to_owned(), format!("{deep}conv1.0.weight"), format!("conv1.weight.{deep}b")];
    let views = names.iter().map(|name| (name.as_str(), TensorView::new(Dtype::F32, vec![1], &value).unwrap()));
    fs::write(&path, serialize(views, None).unwrap()).unwrap();
    let checkpoint = Checkpoint::read(&path).unwrap();
    let prefixes: Vec<&str> = super::candidate::candidates(&checkpoint).iter().map(|one| one.prefix).collect();
    assert_eq!(prefixes, ["", deep.as_str()]);
}

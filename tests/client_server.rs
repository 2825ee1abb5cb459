//! Client and server as processes with files between them, on a tiny network in an insecure ring.

#![cfg(feature = "harness")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use assert_cmd::cargo::CommandCargoExt;
use common::program::{refusal, success};
use common::tiny_model;
use leveled::dataset::shipped_test_images;
use leveled::experiment::ExperimentError;
use leveled::experiment::evaluate::{ServerRequest, serve};
use leveled::experiment::event::Silent;
use leveled::experiment::setting::Threads;
use leveled::network::Model;
use leveled::parties::{ClientBundle, PartyError};
use leveled::wire::{Container, Writer};

/// Directories of a server, with the tiny network, and of a client, which has what the server gave it.
fn prepared() -> (tempfile::TempDir, tempfile::TempDir) {
    let (server, client) = (tiny_model::directory(), tempfile::tempdir().unwrap());
    let told = success(server.path(), &["server", "prepare", "e.yaml", "--out", "served"]);
    assert_eq!(told, "served/client.lev\n");
    fs::copy(server.path().join("served/client.lev"), client.path().join("client.lev")).unwrap();
    (server, client)
}

const KEYGEN: [&str; 8] =
    ["client", "keygen", "client.lev", "--secret", "secret.lev", "--keys", "keys.lev", "--insecure"];

fn send(name: &str, from: &Path, to: &Path) {
    fs::copy(from.join(name), to.join(name)).unwrap();
}

#[test]
fn the_whole_path_runs_in_processes_of_two_parties() {
    let (server, client) = prepared();
    let (server, client) = (server.path(), client.path());
    let bundle = fs::read(client.join("client.lev")).unwrap();

    // The client, in a directory without any weights.
    let text = refusal(client, &KEYGEN[..7]);
    assert!(text.contains("the bundle are not 128-bit secure; --insecure"), "{text}");
    success(client, &KEYGEN);
    let text = refusal(client, &KEYGEN);
    assert!(text.contains("secret.lev is there already, and is not overwritten"), "{text}");
    let shipped = shipped_test_images(leveled::dataset::DatasetName::Cifar10).unwrap();
    let pixels: Vec<String> = shipped.images[4].values.iter().map(|x| (f64::from(*x) / 255.0).to_string()).collect();
    // Some editors mark what they save.
    fs::write(client.join("pixels.txt"), format!("\u{feff}{}\r\n", pixels.join(" "))).unwrap();
    // The same image as a CIFAR file, whose planes follow each other, and as a picture.
    let planes = &shipped.images[4].values;
    fs::write(client.join("four.bin"), [&[shipped.labels[4]], &planes[..]].concat()).unwrap();
    let colour = |x, y| image::Rgb([0, 1, 2].map(|plane| planes[plane * 1024 + y as usize * 32 + x as usize]));
    image::RgbImage::from_fn(32, 32, colour).save(client.join("four.png")).unwrap();
    let images = ["3", "pixels.txt", "four.bin", "four.png"];
    let files = ["--secret", "secret.lev", "--out", "upload.lev"];
    success(client, &[&["client", "encrypt", "client.lev"], &images[..], &files].concat());

    // The server, which gets keys and images, and of which no directory has a secret.
    send("keys.lev", client, server);
    send("upload.lev", client, server);
    fs::rename(client.join("secret.lev"), client.join("hidden")).unwrap();
    let hidden = fs::read(client.join("hidden")).unwrap();
    fs::remove_file(client.join("hidden")).unwrap();
    let text = refusal(server, &["server", "prepare", "--out", "new", "--keys", "keys.lev"]);
    assert!(text.contains("new is not prepared; name an experiment: leveled server prepare EXPERIMENT"), "{text}");
    let evaluate = ["server", "evaluate", "served", "upload.lev", "--out", "result.lev"];
    let text = refusal(server, &evaluate);
    assert!(text.contains("served has no client's keys yet; take them with `leveled server prepare"), "{text}");
    let told = success(server, &["server", "prepare", "--out", "served", "--keys", "keys.lev"]);
    assert_eq!(told, "served/keys.lev\n");
    // Before an evaluation that may take hours.
    let text = refusal(server, &[&evaluate[..], &["--times", "absent/times.json"]].concat());
    assert!(text.contains("cannot write absent/times.json") && !server.join("result.lev").exists(), "{text}");
    for own in ["served/keys.lev", "served/server.lev", "served/client.lev"] {
        let before = fs::read(server.join(own)).unwrap();
        for outputs in [&["--out", own][..], &["--out", "result.lev", "--times", own]] {
            let text = refusal(server, &[&["server", "evaluate", "served", "upload.lev"], outputs].concat());
            assert!(text.contains("is named for something else, too; name another file"), "{text}");
        }
        assert!(fs::read(server.join(own)).unwrap() == before);
    }
    success(server, &evaluate);
    // Prepared keys and keys as they came give the same.
    let keys = ["--keys", "keys.lev", "--threads", "1"];
    success(server, &[&["server", "evaluate", "served", "upload.lev", "--out", "other.lev"][..], &keys].concat());
    assert_eq!(fs::read(server.join("result.lev")).unwrap(), fs::read(server.join("other.lev")).unwrap());
    fs::write(client.join("secret.lev"), hidden).unwrap();
    send("result.lev", server, client);

    // The client again: classes and logits are those of clear text.
    let decrypt = ["client", "decrypt", "client.lev", "result.lev", "--secret", "secret.lev"];
    let table = success(client, &[&decrypt[..], &["--digits", "all"]].concat());
    let model = Model::load(&server.join("tiny.safetensors")).unwrap();
    let network = model.lower().unwrap();
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(
        (rows.len(), rows[0].len(), &rows[0][..5]),
        (5, 14, &["image", "class", "name", "digits", "logit_0"][..])
    );
    for (row, image) in rows[1..].iter().zip([3, 4, 4, 4]) {
        let clear = network.forward(&model.card.normalisation.apply(&shipped.images[image])).unwrap();
        let logits: Vec<f64> = row[4..].iter().map(|cell| cell.parse().unwrap()).collect();
        assert!(logits.iter().zip(clear.logits()).all(|(a, b)| (a - b).abs() < 0.05), "{logits:?}");
        let best = (0..10).max_by(|a, b| clear.logits()[*a].total_cmp(&clear.logits()[*b])).unwrap();
        assert_eq!((row[1], row[2]), (&best.to_string()[..], shipped.name.class_names()[best]));
    }
    let text = refusal(client, &[&decrypt[..], &["--out", "secret.lev"]].concat());
    assert!(text.contains("--out: secret.lev is named for something else, too; name another file"), "{text}");
    fs::copy(client.join("secret.lev"), client.join("copy.lev")).unwrap();
    let text = refusal(client, &[&decrypt[..], &["--out", "copy.lev"]].concat());
    assert!(
        text.contains("copy.lev is there already, and is not overwritten; choose another place, or move it away"),
        "{text}"
    );
    let text = refusal(client, &[&decrypt[..], &["--out", "absent/logits.csv"]].concat());
    assert!(text.contains("cannot write absent/logits.csv") && !text.contains("again"), "{text}");
    let private = [&decrypt[..], &["--out", "logits.csv"]].concat();
    success(client, &private);
    let mode = fs::metadata(client.join("logits.csv")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // By default, noise is not shown.
    success(client, &[&decrypt[..], &["--out", "answers.csv"]].concat());
    let rounded = fs::read_to_string(client.join("answers.csv")).unwrap();
    let digits: usize = rounded.lines().nth(1).unwrap().split(',').nth(3).unwrap().parse().unwrap();
    for (line, exact) in rounded.lines().zip(&rows).skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!((cells[1], cells[4].split_once('.').map_or(0, |(_, digits)| digits.len())), (exact[1], digits));
    }

    // Planned again, the bundle is the same, so that keys stay of use.
    success(server, &["server", "prepare", "e.yaml", "--out", "again"]);
    let again = Container::open(&server.join("again/client.lev")).unwrap();
    assert_eq!(again.header(), Container::open(&client.join("client.lev")).unwrap().header());
    assert!(bundle.len() < 64 << 10, "{} bytes", bundle.len());

    // What each file is.
    let inspected = |file: &str| success(client, &["inspect", file]);
    assert!(inspected("secret.lev").starts_with("secret key, version 1 of the format, "));
    assert!(inspected("result.lev").contains("encrypted logits") && inspected("result.lev").contains("images: 4\n"));
    let json: serde_json::Value = serde_json::from_str(&success(client, &["inspect", "upload.lev", "--json"])).unwrap();
    assert_eq!(json["contents"]["images"], 4);
    let text = refusal(client, &["inspect", "answers.csv"]);
    assert!(text.contains("no file of keys or ciphertexts"), "{text}");
}

#[test]
fn what_cannot_be_served_or_encrypted_is_refused() {
    let (server, client) = prepared();
    let (server, client) = (server.path(), client.path());
    for (change, expected) in [
        ("sweep:\n  threads: [1, 2]\n", "2 trials, but a server evaluates one network"),
        ("  backend: simulated\n", "a server evaluates what is encrypted"),
        ("  memory: {limit: 64 MiB}\n", "predicted to need"),
    ] {
        fs::write(
            server.join("other.yaml"),
            format!("{}{change}", tiny_model::EXPERIMENT.replace("  threads: 2\n", "")),
        )
        .unwrap();
        let text = refusal(server, &["server", "prepare", "other.yaml", "--out", "other"]);
        assert!(text.contains(expected) && !server.join("other").exists(), "{text}");
    }
    // A plan that clients may have keys for is not replaced by another.
    let served = fs::read(server.join("served/server.lev")).unwrap();
    fs::write(server.join("other.yaml"), tiny_model::EXPERIMENT.replace("log_n: 12", "log_n: 13")).unwrap();
    let text = refusal(server, &["server", "prepare", "other.yaml", "--out", "served"]);
    assert!(text.contains("served has another plan") && text.contains("choose another --out"), "{text}");
    assert_eq!(fs::read(server.join("served/server.lev")).unwrap(), served);
    // Nor is one whose clients make other inputs of their images.
    let card = fs::read_to_string(server.join("tiny.yaml")).unwrap();
    fs::write(server.join("tiny.yaml"), card.replace("mean: [125.3", "mean: [120.0")).unwrap();
    let text = refusal(server, &["server", "prepare", "e.yaml", "--out", "served"]);
    assert!(text.contains("served has another plan"), "{text}");
    fs::write(server.join("tiny.yaml"), card).unwrap();
    success(client, &KEYGEN);
    let encrypt = |image: &str| {
        refusal(client, &["client", "encrypt", "client.lev", image, "--secret", "secret.lev", "--out", "upload.lev"])
    };
    fs::write(client.join("short.txt"), "0.5 0.5\n").unwrap();
    fs::write(client.join("bright.txt"), "0.5 1.5\n").unwrap();
    fs::write(client.join("empty.txt"), "\n").unwrap();
    fs::write(client.join("photo.jpg"), b"\xff\xd8\xff\xe0\0\x10JFIF").unwrap();
    for (image, expected) in [
        ("short.txt", "line 1 of short.txt: 2 values instead of 3072"),
        ("bright.txt", "line 1 of bright.txt: \"1.5\" is no pixel"),
        ("empty.txt", "there is no image to encrypt"),
        ("absent.png", "cannot read `absent.png`"),
        ("200", "there is no image 200"),
        ("photo.jpg", "is a JPEG image; give a PNG of 32x32 pixels"),
    ] {
        let text = encrypt(image);
        assert!(text.contains(expected), "{text}");
    }
    assert!(!client.join("upload.lev").exists());
    // Nor does an output replace an input.
    let bundle = fs::read(client.join("client.lev")).unwrap();
    let text =
        refusal(client, &["client", "encrypt", "client.lev", "0", "--secret", "secret.lev", "--out", "client.lev"]);
    assert!(text.contains("--out: client.lev is named for something else, too"), "{text}");
    assert_eq!(fs::read(client.join("client.lev")).unwrap(), bundle);
    let read = ClientBundle::read(&client.join("client.lev")).unwrap();
    assert!(read.check_memory(Path::new("c.lev"), None).is_ok() && read.plan.peak_bytes() > 100_000);
    let text = read.check_memory(Path::new("c.lev"), Some(100_000)).unwrap_err().to_string();
    let needed = format!("c.lev asks for {} bytes of memory, and 100000 are available", read.plan.peak_bytes());
    assert!(text.starts_with(&needed), "{text}");
    assert!(read.check_memory(Path::new("c.lev"), Some(1 << 40)).is_ok());
    // Nothing replaces a secret key, and keys are not made for a place that cannot be written.
    let secret = fs::read(client.join("secret.lev")).unwrap();
    let expected = "secret.lev is there already, and is not overwritten";
    for arguments in [
        &["client", "keygen", "client.lev", "--secret", "other.lev", "--keys", "secret.lev", "--insecure"][..],
        &["client", "keygen", "client.lev", "--secret", "secret.lev", "--keys", "other.lev", "--insecure"],
    ] {
        let text = refusal(client, arguments);
        assert!(text.contains(expected) && !client.join("other.lev").exists(), "{text}");
    }
    let same = ["client", "keygen", "client.lev", "--secret", "other.lev", "--keys", "other.lev", "--insecure"];
    assert!(refusal(client, &same).contains("--keys: other.lev is named for something else, too; name another file"));
    let absent = ["client", "keygen", "client.lev", "--secret", "absent/s.lev", "--keys", "other.lev", "--insecure"];
    assert!(refusal(client, &absent).contains("cannot write absent/s.lev"));
    assert!(fs::read(client.join("secret.lev")).unwrap() == secret && !client.join("other.lev").exists());
    let text = refusal(client, &["client", "decrypt", "client.lev", "keys.lev", "--secret", "secret.lev"]);
    assert!(text.contains("keys.lev is of the kind `evaluation keys`, not `encrypted logits`"), "{text}");
    // A network that changed since is not served.
    send("keys.lev", client, server);
    tiny_model::write_network(&server.join("tiny.safetensors"), 2);
    let text = refusal(server, &["server", "prepare", "--out", "served", "--keys", "keys.lev"]);
    let expected =
        "tiny.safetensors is not what the server was prepared with; put it back, or run `leveled server prepare` again";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn a_bit_that_flips_in_what_the_server_prepared_is_noticed() {
    let (server, _) = prepared();
    let served = server.path().join("served");
    let request = ServerRequest {
        directory: served.clone(),
        upload: served.join("upload.lev"),
        result: served.join("result.lev"),
        keys: None,
        threads: Threads(Some(1)),
        times: None,
    };
    let wire =
        |error: ExperimentError| assert!(matches!(error, ExperimentError::Party(PartyError::Wire(_))), "{error}");
    for (name, prime) in [("server.lev", 37), ("client.lev", 41)] {
        let path = served.join(name);
        let whole = fs::read(&path).unwrap();
        // Every 37th bit, or every 41st: all bits of a byte have their turn.
        for bit in (0..8 * whole.len()).step_by(prime) {
            let mut damaged = whole.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, damaged).unwrap();
            match name {
                "server.lev" => wire(serve(&request, &mut Silent).unwrap_err()),
                _ => wire(ClientBundle::read(&path).unwrap_err().into()),
            }
        }
        fs::write(&path, whole).unwrap();
    }
    // Whole, they serve: what is missing is the client's files.
    let text = serve(&request, &mut Silent).unwrap_err().to_string();
    assert!(text.contains("no client's keys yet"), "{text}");
}

#[test]
fn a_server_plans_with_what_it_chose_and_refuses_what_it_did_not() {
    let (server, _) = prepared();
    let path = server.path().join("served/server.lev");
    let served = |chosen: serde_json::Value| {
        let container = Container::open(&path).unwrap();
        let mut meta: serde_json::Value = container.meta().unwrap();
        meta["chosen"] = chosen;
        Writer::create(&path, *container.header(), &meta, 0).unwrap().finish().unwrap();
        refusal(server.path(), &["server", "evaluate", "served", "absent.lev", "--out", "result.lev"])
    };
    let meta: serde_json::Value = Container::open(&path).unwrap().meta().unwrap();
    let chosen = &meta["chosen"];
    assert_eq!((&chosen["tiles"], &chosen["switches"]), (&serde_json::Value::Null, &serde_json::json!([])));
    // One list of digits, for the one ring.
    assert_eq!(chosen["digit_limbs"].as_array().map(Vec::len), Some(1), "{chosen}");
    // Planned as before, what is missing is the client's files.
    for same in [meta["chosen"].clone(), serde_json::Value::Null] {
        let text = served(same);
        assert!(text.contains("no client's keys yet"), "{text}");
    }
    for other in [vec![2], vec![0], vec![3, 2], vec![u64::MAX]] {
        let text = served(serde_json::json!({"tiles": null, "switches": other, "digit_limbs": chosen["digit_limbs"]}));
        let expected = match other[..] {
            [2] => "server.lev was made for another plan",
            [_] => "a ciphertext that moves into a smaller ring has 2 to 21 limbs",
            _ => "does not fit into the slots of the smaller ring",
        };
        assert!(text.contains(expected), "{other:?}: {text}");
    }
}

#[test]
fn a_kill_at_any_time_leaves_no_file_that_is_taken_for_whole() {
    let (_server, client) = prepared();
    let client = client.path();
    let mut killed = 0;
    for milliseconds in [1, 10, 30, 60, 100, 150, 220, 300, 400, 600] {
        let mut command = Command::cargo_bin("leveled").unwrap();
        let mut child = command.args(KEYGEN).current_dir(client).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());
        for name in ["keys.lev", "secret.lev"] {
            let path = client.join(name);
            assert!(!path.exists() || Container::open(&path).is_ok(), "{name} after {milliseconds} ms");
        }
        let _ = fs::remove_file(client.join("secret.lev"));
    }
    assert!(killed > 2, "{killed}");
    // What was left is begun again, and goes.
    success(client, &KEYGEN);
    let mut names: Vec<_> = fs::read_dir(client).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["client.lev", "keys.lev", "secret.lev"]);
}

#[test]
fn a_disk_without_room_leaves_nothing() {
    let (_server, client) = prepared();
    let client = client.path();
    // A limit on the size of files stands for the end of the disk.
    let script = "trap '' XFSZ; ulimit -f 2000; exec \"$@\"";
    let output = Command::new("bash")
        .args(["-c", script, "bash", env!("CARGO_BIN_EXE_leveled")])
        .args(KEYGEN)
        .current_dir(client)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("error: cannot write keys.lev") && text.contains("is there room on the disk"), "{text}");
    assert_eq!(fs::read_dir(client).unwrap().count(), 1);
}

#[test]
fn the_programs_of_the_benchmarking_suite_predict_as_in_clear_text() {
    let directory = tiny_model::directory();
    let root = directory.path();
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/fhe_suite/programs");
    let submission = root.join("submission");
    fs::create_dir(&submission).unwrap();
    for program in fs::read_dir(programs).unwrap() {
        let program = program.unwrap();
        fs::copy(program.path(), submission.join(program.file_name())).unwrap();
    }
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_leveled"), submission.join("leveled")).unwrap();
    fs::write(submission.join("insecure"), "").unwrap();
    success(root, &["server", "prepare", "e.yaml", "--out", "submission/plan/single"]);

    let shipped = shipped_test_images(leveled::dataset::DatasetName::Cifar10).unwrap();
    let pixels = |image: usize| {
        let values = shipped.images[image].values.iter().map(|x| (f64::from(*x) / 255.0).to_string());
        values.collect::<Vec<_>>().join(" ") + "\n"
    };
    let dataset = root.join("datasets/single/intermediate");
    fs::create_dir_all(&dataset).unwrap();
    fs::write(dataset.join("test_pixels.txt"), pixels(7) + &pixels(8)).unwrap();
    let secret = root.join("io/single/secret_key");
    for (program, arguments) in [
        ("client_key_generation", &["0"][..]),
        ("server_preprocess_model", &[]),
        ("client_preprocess_input", &["0"]),
        ("client_encode_encrypt_input", &["0"]),
        ("server_encrypted_compute", &["0"]),
        ("client_decrypt_decode", &["0"]),
        ("client_postprocess", &["0"]),
    ] {
        let hidden = root.join("hidden");
        if program.starts_with("server") {
            fs::rename(&secret, &hidden).unwrap();
        }
        let output = Command::new(submission.join(program)).args(arguments).current_dir(root).output().unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        if program.starts_with("server") {
            fs::rename(&hidden, &secret).unwrap();
        }
    }
    let model = Model::load(&root.join("tiny.safetensors")).unwrap();
    let network = model.lower().unwrap();
    let class = |image: usize| {
        let clear = network.forward(&model.card.normalisation.apply(&shipped.images[image])).unwrap();
        (0..10).max_by(|a, b| clear.logits()[*a].total_cmp(&clear.logits()[*b])).unwrap()
    };
    let predictions = fs::read_to_string(root.join("io/single/encrypted_model_predictions.txt")).unwrap();
    assert_eq!(predictions, format!("{}\n{}\n", class(7), class(8)));
    let output = Command::new(submission.join("client_postprocess")).arg("4").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

//! Files between client and server, on a small random network in small, insecure rings: what was written is read, and nothing else is.

#![cfg(feature = "harness")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use leveled::ckks::SecurityPolicy;
use leveled::dataset::{DatasetName, Normalisation};
use leveled::inference::{ClientPlan, LayoutKind, Plan, PlanOptions, RingSwitching};
use leveled::network::lowered::Shape;
use leveled::network::{Architecture, Network, Stage};
use leveled::parties::{
    Answer, ClientBundle, Digits, Inspection, PartyError, PlanId, Server, decrypt, encrypt, generate_keys,
    prepare_keys, read_secret,
};
use leveled::wire::{Container, Header, Kind, WireError, Writer};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A plan for three images, in the packed layout or two together in the tiled one.
struct World {
    directory: TempDir,
    plan: Plan,
    bundle: ClientBundle,
    images: Vec<Vec<f64>>,
    clear: Vec<Vec<f64>>,
}

fn plan(layout: LayoutKind, log_n: u32, ring_switching: RingSwitching) -> Plan {
    let stage = |channels, stride| Stage { blocks: 1, channels, stride };
    let architecture = Architecture {
        input: Shape::new(3, 8, 8),
        stem_channels: 2,
        stages: vec![stage(2, 1), stage(4, 2)],
        ..Architecture::named("resnet20", 4, 10).unwrap()
    };
    let network = Arc::new(Network::random(&architecture, 5).unwrap().lower().unwrap());
    let options = PlanOptions {
        log_n,
        ring_switching,
        scale_bits: 27.0,
        weight_bits: 18.0,
        input_bits: 34.0,
        base_bits: 40,
        security: SecurityPolicy::None,
        layout,
        batch: (layout == LayoutKind::Tiled).then_some(2),
        tiles: (layout == LayoutKind::Tiled).then_some(16),
        ..PlanOptions::default()
    };
    Plan::new(network, &options).unwrap()
}

impl World {
    fn new(layout: LayoutKind) -> Self {
        Self::of(plan(layout, 9, RingSwitching::None))
    }

    fn of(plan: Plan) -> Self {
        let normalisation = Normalisation::of(DatasetName::Cifar10);
        let bundle = ClientBundle {
            id: PlanId::of(&plan, &normalisation, DatasetName::Cifar10).unwrap(),
            plan: plan.client.clone(),
            normalisation,
            dataset: DatasetName::Cifar10,
            logit_deviation: 1e-4,
        };
        let image =
            |phase: usize| (0..plan.client.image.len()).map(|i| (i as f64 * 0.73 + phase as f64).sin()).collect();
        let images: Vec<Vec<f64>> = (0..3).map(image).collect();
        let forward = |image: &Vec<f64>| plan.network.forward(&plan.client.network_input(image)).unwrap();
        let clear = images.iter().map(|image| forward(image).logits().to_vec()).collect();
        let world = Self { directory: tempfile::tempdir().unwrap(), plan, bundle, images, clear };
        world.bundle.write(&world.path("bundle")).unwrap();
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Keys, upload and result of a client by this name.
    fn client(&self, name: &str) {
        let path = |what: &str| self.path(&format!("{name}.{what}"));
        generate_keys(&self.bundle, SecurityPolicy::None, &path("secret"), &path("keys"), |_| ()).unwrap();
        self.encrypt(name, "upload");
        let Self { plan, bundle, .. } = self;
        prepare_keys(&path("keys"), &path("server"), &bundle.id, &plan.client, |_| ()).unwrap();
        self.evaluate(&path("server"), &path("upload"), &path("result")).unwrap();
    }

    fn encrypt(&self, name: &str, what: &str) {
        let secret = read_secret(&self.bundle, &self.path(&format!("{name}.secret"))).unwrap();
        let path = self.path(&format!("{name}.{what}"));
        encrypt(&self.bundle, secret, &self.images, &path, |_| ()).unwrap();
    }

    fn evaluate(&self, keys: &Path, upload: &Path, result: &Path) -> Result<(), PartyError> {
        Server::open(&self.plan, self.bundle.id, keys, |_| ())?.evaluate(upload, result, 1 << 20, &mut |_| ())
    }

    fn decrypt(&self, secret: &Path, result: &Path, digits: Digits) -> Result<Vec<Answer>, PartyError> {
        let bundle = ClientBundle::read(&self.path("bundle"))?;
        decrypt(&bundle, read_secret(&bundle, secret)?, result, digits, |_, _| ())
    }

    /// Reads a file as whoever needs it does.
    fn read(&self, kind: Kind, path: &Path) -> Result<(), PartyError> {
        let alice = |what: &str| self.path(&format!("alice.{what}"));
        match kind {
            Kind::Bundle => ClientBundle::read(path).map(|_| ()),
            Kind::Secret => read_secret(&self.bundle, path).map(|_| ()),
            Kind::Keys | Kind::ServerKeys => Server::open(&self.plan, self.bundle.id, path, |_| ()).map(|_| ()),
            Kind::Upload => self.evaluate(&alice("server"), path, &self.path("again")),
            _ => self.decrypt(&alice("secret"), path, Digits::All).map(|_| ()),
        }
    }

    /// A file of each kind with its name.
    fn files(&self) -> [(Kind, PathBuf); 6] {
        [
            (Kind::Bundle, "bundle"),
            (Kind::Secret, "alice.secret"),
            (Kind::Keys, "alice.keys"),
            (Kind::ServerKeys, "alice.server"),
            (Kind::Upload, "alice.upload"),
            (Kind::Result, "alice.result"),
        ]
        .map(|(kind, name)| (kind, self.path(name)))
    }
}

/// The packed layout, with files of a client.
fn packed() -> World {
    let world = World::new(LayoutKind::Packed);
    world.client("alice");
    world
}

/// Numbers without a pattern.
fn numbers(seed: u64) -> impl Iterator<Item = u64> {
    let step = |state: &u64| Some(state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F));
    std::iter::successors(Some(seed), step).skip(1).map(|state| state >> 20)
}

/// Writes a file with other content, and checksums that hold.
fn forge(from: &Path, to: &Path, change: impl FnOnce(&mut Header, &mut Value, &mut Vec<u8>)) {
    let container = Container::open(from).unwrap();
    let (mut header, mut meta, mut body) =
        (*container.header(), container.meta::<Value>().unwrap(), container.body().to_vec());
    change(&mut header, &mut meta, &mut body);
    // Nothing replaces a secret key, forged ones neither.
    let _ = fs::remove_file(to);
    let mut writer = Writer::create(to, header, &meta, body.len() as u64).unwrap();
    writer.put(&body).unwrap();
    writer.finish().unwrap();
}

#[test]
fn all_layouts_and_smaller_rings_come_back_as_in_clear_text() {
    let tiled = World::new(LayoutKind::Tiled);
    let rings = World::of(plan(LayoutKind::Packed, 10, RingSwitching::Auto));
    assert!(!rings.plan.client.smaller.is_empty());
    for world in [&tiled, &rings] {
        world.client("alice");
    }
    for world in [packed(), tiled, rings] {
        let (secret, result) = (world.path("alice.secret"), world.path("alice.result"));
        let answers = world.decrypt(&secret, &result, Digits::All).unwrap();
        assert_eq!(answers.len(), 3);
        for (answer, clear) in answers.iter().zip(&world.clear) {
            let best = (0..10).max_by(|a, b| clear[*a].total_cmp(&clear[*b]));
            assert_eq!((answer.class, answer.digits), (best, None));
            assert!(answer.logits.iter().zip(clear).all(|(a, b)| (a - b).abs() < 5e-3), "{answer:?} {clear:?}");
        }
        // A unit of the last digit is wider than the noise, and the class is the same.
        for (rounded, exact) in world.decrypt(&secret, &result, Digits::Auto).unwrap().iter().zip(&answers) {
            let digits = rounded.digits.unwrap();
            assert!((0..=3).contains(&digits) && rounded.class == exact.class, "{digits}");
            for (rounded, exact) in rounded.logits.iter().zip(&exact.logits) {
                let unit = 10f64.powi(-digits);
                assert!((rounded - exact).abs() <= 0.5001 * unit, "{rounded} {exact}");
                assert!((rounded / unit - (rounded / unit).round()).abs() < 1e-6, "{rounded}");
            }
        }
        // Keys as they were sent serve as well, and give the same bytes.
        world.evaluate(&world.path("alice.keys"), &world.path("alice.upload"), &world.path("other")).unwrap();
        assert_eq!(fs::read(world.path("other")).unwrap(), fs::read(&result).unwrap());
    }
}

#[test]
fn files_are_as_small_as_they_can_be_and_secrets_are_for_their_owner() {
    let world = packed();
    let bytes = |name: &str| fs::metadata(world.path(name)).unwrap().len();
    let mode = |name: &str| fs::metadata(world.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("alice.secret"), 0o600);
    let in_memory = world.bundle.plan.request.bytes(&world.bundle.plan.parameters);
    assert!(bytes("alice.keys") < in_memory * 11 / 20, "{} of {in_memory}", bytes("alice.keys"));
    assert!((in_memory..in_memory + in_memory / 20).contains(&bytes("alice.server")));
    // Every encryption has randomness of its own, after the key was read again, too.
    world.encrypt("alice", "second");
    let [first, second] = ["alice.upload", "alice.second"].map(|name| Container::open(&world.path(name)).unwrap());
    let seed = |container: &Container| container.body()[16..48].to_vec();
    assert_ne!(seed(&first), seed(&second));
    // A secret key is not overwritten.
    let (one, other) = (world.path("other.secret"), world.path("other.keys"));
    let refused = generate_keys(&world.bundle, SecurityPolicy::Bits128, &one, &other, |_| ());
    assert!(matches!(refused, Err(PartyError::Insecure)) && !one.exists() && !other.exists(), "{refused:?}");
    let again = generate_keys(
        &world.bundle,
        SecurityPolicy::None,
        &world.path("alice.secret"),
        &world.path("alice.keys"),
        |_| (),
    );
    assert!(matches!(again, Err(PartyError::Wire(WireError::Exists { .. }))));
    // Of the secret key nothing is shown, and the body of no other file has it.
    let secret = Container::open(&world.path("alice.secret")).unwrap().body().to_vec();
    assert_eq!(Inspection::of(&world.path("alice.secret")).unwrap().contents, Value::Null);
    for (kind, path) in world.files().into_iter().filter(|(kind, _)| *kind != Kind::Secret) {
        assert!(!fs::read(path).unwrap().windows(32).any(|window| window == secret), "{kind}");
    }
}

#[test]
fn clients_do_not_decrypt_each_other_s_results() {
    let world = packed();
    world.client("bob");
    let world = &world;
    let [alice, bob] = ["alice", "bob"].map(|name| move |what: &str| world.path(&format!("{name}.{what}")));
    let key_of = |error: PartyError| assert!(matches!(error, PartyError::Wire(WireError::Key { .. })), "{error}");
    key_of(world.decrypt(&bob("secret"), &alice("result"), Digits::Auto).unwrap_err());
    key_of(world.evaluate(&bob("server"), &alice("upload"), &world.path("mixed")).unwrap_err());
    assert!(!world.path("mixed").exists());
    // Where somebody wrote another key's name into the file, no image has a class.
    let bobs = Container::open(&bob("secret")).unwrap().header().key;
    forge(&alice("result"), &world.path("forged"), |header, _, _| header.key = bobs);
    let answers = world.decrypt(&bob("secret"), &world.path("forged"), Digits::All).unwrap();
    assert!(answers.iter().all(|answer| answer.class.is_none()), "{answers:?}");
    // A secret key under another's name is none.
    forge(&alice("secret"), &world.path("forged secret"), |header, _, _| header.key = bobs);
    key_of(read_secret(&world.bundle, &world.path("forged secret")).unwrap_err());
}

/// Changes one byte of a file where it lies.
fn change(path: &Path, at: usize, value: u8) {
    fs::OpenOptions::new().write(true).open(path).unwrap().write_all_at(&[value], at as u64).unwrap();
}

#[test]
fn damaged_files_are_refused() {
    let world = packed();
    let damaged = world.path("damaged");
    for (kind, path) in world.files() {
        let whole = fs::read(&path).unwrap();
        let mut numbers = numbers(kind as u64);
        let mut number = move |below: usize| (numbers.next().unwrap() % below as u64) as usize;
        // More than a thousand single bits of all files together.
        fs::write(&damaged, &whole).unwrap();
        for flip in 0..170 {
            // Some of them where the file says what it is.
            let byte = number(if flip % 4 == 0 { whole.len().min(160) } else { whole.len() });
            let bit = number(8);
            change(&damaged, byte, whole[byte] ^ 1 << bit);
            assert!(matches!(world.read(kind, &damaged), Err(PartyError::Wire(_))), "{kind}, bit {bit} of byte {byte}");
            change(&damaged, byte, whole[byte]);
        }
        for _ in 0..20 {
            let length = number(whole.len());
            fs::write(&damaged, &whole[..length]).unwrap();
            let error = world.read(kind, &damaged).unwrap_err();
            assert!(matches!(error, PartyError::Wire(WireError::Length { .. } | WireError::Magic { .. })), "{error}");
        }
    }
}

#[test]
fn files_of_other_kinds_plans_and_parameters_are_refused() {
    let world = packed();
    let tiled = World::new(LayoutKind::Tiled);
    for (kind, _) in world.files() {
        for (other, path) in world.files() {
            let error = match (kind, other) {
                (Kind::Keys | Kind::ServerKeys, Kind::Keys | Kind::ServerKeys) => continue,
                _ if kind == other => continue,
                _ => world.read(kind, &path).unwrap_err(),
            };
            assert!(matches!(error, PartyError::Wire(WireError::Kind { .. })), "{kind} from {other}: {error}");
        }
        if !matches!(kind, Kind::Bundle | Kind::Upload | Kind::Result) {
            let path = &world.files().into_iter().find(|(other, _)| *other == kind).unwrap().1;
            let error = tiled.read(kind, path).unwrap_err();
            let other = matches!(error, PartyError::Wire(WireError::Plan { .. } | WireError::Parameters { .. }));
            assert!(other, "{kind}: {error}");
        }
    }
}

#[test]
fn contents_that_cannot_be_are_refused_though_their_checksums_hold() {
    let world = packed();
    let forged = world.path("false");
    type Change = fn(&mut Header, &mut Value, &mut Vec<u8>);
    let cases: [(Kind, Change, &str); 26] = [
        (Kind::Bundle, |_, _, body| body.push(0), "a bundle has none"),
        (Kind::Bundle, |header, _, _| header.parameters[0] ^= 1, "its parameters are not those that its header names"),
        (Kind::Bundle, |_, meta, _| meta["logit_deviation"] = json!(-1), "the deviation of a logit is -1"),
        (Kind::Bundle, |_, meta, _| meta["normalisation"]["std"][1] = json!(0), "std"),
        (Kind::Bundle, |_, meta, _| meta["dataset"] = json!("cifar100"), "10 logits are not the classes of cifar100"),
        (Kind::Bundle, |_, meta, _| meta["plan"]["copies"] = json!(0), "the form of the image is impossible"),
        (
            Kind::Bundle,
            |_, meta, _| meta["plan"]["batch"] = json!(0),
            "the images of a batch do not fit into the slots",
        ),
        (Kind::Bundle, |_, meta, _| meta["plan"]["image"]["height"] = json!(4), "the layout is not that of the image"),
        (
            Kind::Bundle,
            |_, meta, _| meta["plan"]["result"]["limbs"] = json!(99),
            "limbs or scale of a value are impossible",
        ),
        (Kind::Secret, |_, _, body| body.truncate(body.len() - 1), "31 bytes"),
        (Kind::Secret, |_, _, body| body[3] ^= 1, "belongs to key"),
        (Kind::Keys, |_, _, body| body[40..200].fill(0xff), "not below its prime"),
        (Kind::Keys, |_, _, body| body.truncate(body.len() - 1), "bytes of keys instead of"),
        (Kind::Keys, |_, meta, _| meta["request"] = json!([]), "keys of the plan"),
        (Kind::Keys, |_, meta, _| meta["request"] = json!(7), "its description"),
        (Kind::Keys, |_, meta, _| meta["more"] = json!(7), "unknown field"),
        (Kind::ServerKeys, |_, _, body| body[..300].fill(0xff), "not below its prime"),
        (Kind::ServerKeys, |_, _, body| body.extend([0; 64]), "bytes of keys instead of"),
        (Kind::Upload, |_, _, body| body[48..200].fill(0xff), "not below its prime"),
        (Kind::Upload, |_, _, body| body[..8].copy_from_slice(&f64::NAN.to_le_bytes()), "its scale is NaN"),
        (
            Kind::Upload,
            |_, _, body| body[..8].copy_from_slice(&1e9f64.to_le_bytes()),
            "limbs and scale 1000000000 instead of",
        ),
        (Kind::Upload, |_, _, body| body[8] = 200, "200 limbs"),
        (Kind::Upload, |_, _, body| body[12] = 0, "not a ciphertext with a seed"),
        (Kind::Upload, |_, meta, _| meta["images"] = json!(usize::MAX), "is not what the plan has"),
        (Kind::Upload, |_, meta, _| meta["images"] = json!(0), "is not what the plan has"),
        (Kind::Result, |_, meta, _| meta["images"] = json!(1u64 << 32), "bytes of ciphertexts instead of"),
    ];
    for (kind, change, expected) in cases {
        let path = &world.files().into_iter().find(|(other, _)| *other == kind).unwrap().1;
        forge(path, &forged, change);
        let text = world.read(kind, &forged).unwrap_err().to_string();
        assert!(text.contains(expected), "{kind}: {text}");
    }
}

#[test]
fn smaller_rings_that_do_not_follow_from_the_largest_are_refused() {
    let rings = |log_n| plan(LayoutKind::Packed, log_n, RingSwitching::Auto).client;
    let (own, other) = (rings(10), rings(11));
    assert!(own.check().is_ok() && other.check().is_ok());
    let mixed = ClientPlan { smaller: other.smaller, ..own.clone() };
    let text = mixed.check().unwrap_err().to_string();
    assert!(text.contains("ring 1 is not the one below it"), "{text}");
    let mut result = own.clone();
    result.result.ring = own.smaller.len() + 1;
    assert!(result.check().unwrap_err().to_string().contains("limbs or scale of a value"));
    // Each ring has tables of its own: a list of many is not read to its end.
    let mut many = serde_json::to_value(&own).unwrap();
    let list = many["smaller"].as_array_mut().unwrap();
    *list = vec![list[0].clone(); 7];
    let text = serde_json::from_value::<ClientPlan>(many).unwrap_err().to_string();
    assert!(text.contains("at most 6 smaller rings"), "{text}");
    assert!(!own.is_secure());
}

#[test]
fn no_forged_body_makes_a_reader_panic() {
    let world = packed();
    let forged = world.path("false");
    for (kind, path) in world.files().into_iter().filter(|(kind, _)| *kind != Kind::Bundle) {
        let mut numbers = numbers(100 + kind as u64);
        let mut number = move |below: usize| (numbers.next().unwrap() % below as u64) as usize;
        // What happens to be sound is evaluated in full.
        for _ in 0..if kind == Kind::Upload { 6 } else { 30 } {
            forge(&path, &forged, |_, _, body| {
                for _ in 0..=number(4) {
                    let (at, value) = (number(body.len()), number(256) as u8);
                    let end = (at + number(64)).min(body.len());
                    body[at..end].fill(value);
                }
                match number(8) {
                    0 => body.truncate(number(body.len())),
                    1 => body.extend(vec![7; number(100)]),
                    _ => {}
                }
            });
            if let Err(error) = world.read(kind, &forged) {
                assert!(matches!(error, PartyError::Wire(_)), "{kind}: {error}");
            }
        }
    }
}

/// Every number, and every word, of a value, with what leads there.
fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| leaves(value, &format!("{path}/{key}"), found)),
        Value::Array(list) => {
            list.iter().enumerate().take(3).for_each(|(i, value)| leaves(value, &format!("{path}/{i}"), found));
        }
        _ => found.push(path.to_owned()),
    }
}

#[test]
fn no_bundle_makes_a_client_panic() {
    let tiled = World::new(LayoutKind::Tiled);
    let packed = World::new(LayoutKind::Packed);
    let changed = packed.path("changed");
    let (mut tried, mut taken) = (0, 0);
    for world in [&packed, &tiled] {
        let meta: Value = Container::open(&world.path("bundle")).unwrap().meta().unwrap();
        let mut places = Vec::new();
        leaves(&meta, "", &mut places);
        let huge = u64::MAX;
        for place in &places {
            let values =
                [json!(0), json!(1), json!(2), json!(7), json!(64), json!(1 << 20), json!(huge), json!(huge / 2)];
            let others = [json!(-1), json!(0.5), json!(1e300), json!(null), json!([]), json!("x")];
            for value in values.iter().chain(&others) {
                // Rings of all sizes are sound, and take their time.
                if place.contains("log_n") || place.contains("levels") {
                    continue;
                }
                forge(&world.path("bundle"), &changed, |_, meta, _| *meta.pointer_mut(place).unwrap() = value.clone());
                tried += 1;
                let Ok(bundle) = ClientBundle::read(&changed) else { continue };
                taken += 1;
                // What is taken can be used.
                let image = vec![0.5; bundle.plan.image.len()];
                let slots = bundle.plan.input_slots(&vec![&image[..]; bundle.plan.batch.min(2)]).unwrap();
                assert_eq!(slots.len(), bundle.plan.encrypted.ciphertexts, "{place} = {value}");
            }
        }
    }
    assert!(tried > 500 && taken > 10 && taken < tried / 3, "{taken} of {tried}");
}

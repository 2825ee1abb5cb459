//! Files between client and server. No fuzzer finds a checksum: an input is a change of a sound file, and gets checksums that hold.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use leveled::ckks::SecurityPolicy;
use leveled::dataset::{DatasetName, Normalisation};
use leveled::experiment::evaluate::{ServerRequest, serve};
use leveled::experiment::event::Silent;
use leveled::experiment::setting::Threads;
use leveled::inference::{LayoutKind, Plan, PlanOptions};
use leveled::network::lowered::Shape;
use leveled::network::{Architecture, Network, Stage};
use leveled::parties::{
    ClientBundle, Digits, Inspection, PartyError, PlanId, Server, decrypt, encrypt, generate_keys, prepare_keys, read_secret,
};
use leveled::wire::{Container, Header, Kind, Writer};
use serde_json::Value;

use super::Target;
use super::files::file;

/// Largest ring that a forged bundle or plan may ask for: larger ones are as sound, and take seconds each.
const MOST_LOG_N: u64 = 12;

/// Files as they are, without any help.
pub fn container() -> Target {
    let path = file("container.lev");
    Box::new(move |data| {
        fs::write(&path, data).expect("TMPDIR can be written");
        let _ = Inspection::of(&path);
    })
}

/// A plan for one image in a tiny ring, and a file of each kind.
struct World {
    plan: Plan,
    bundle: ClientBundle,
}

impl World {
    fn new() -> &'static Self {
        let architecture = Architecture {
            input: Shape::new(3, 4, 4),
            stem_channels: 1,
            stages: vec![Stage { blocks: 1, channels: 1, stride: 1 }],
            ..Architecture::named("resnet20", 1, 10).expect("it is known")
        };
        let network = Network::random(&architecture, 5).and_then(|network| network.lower()).expect("it is sound");
        let options = PlanOptions {
            log_n: 7,
            scale_bits: 25.0,
            weight_bits: 16.0,
            input_bits: 32.0,
            base_bits: 36,
            security: SecurityPolicy::None,
            layout: LayoutKind::Packed,
            input_copies: 1,
            ..PlanOptions::default()
        };
        let plan = Plan::new(Arc::new(network), &options).expect("it can be planned");
        let (normalisation, dataset) = (Normalisation::of(DatasetName::Cifar10), DatasetName::Cifar10);
        let bundle = ClientBundle {
            id: PlanId::of(&plan, &normalisation, dataset).expect("it can be written down"),
            plan: plan.client.clone(),
            normalisation,
            dataset,
            logit_deviation: 1e-4,
        };
        let world = Self { plan, bundle };
        world.write_files();
        // It lives as long as the process.
        Box::leak(Box::new(world))
    }

    fn write_files(&self) {
        let Self { plan, bundle } = self;
        let secret = path_of(Kind::Secret);
        bundle.write(&path_of(Kind::Bundle)).expect("TMPDIR can be written");
        generate_keys(bundle, SecurityPolicy::None, &secret, &path_of(Kind::Keys), |_| ()).expect("TMPDIR can be written");
        prepare_keys(&path_of(Kind::Keys), &path_of(Kind::ServerKeys), &bundle.id, &plan.client, |_| ())
            .expect("TMPDIR can be written");
        let image = vec![0.5; plan.client.image.len()];
        let key = read_secret(bundle, &secret).expect("it was written");
        encrypt(bundle, key, &[image], &path_of(Kind::Upload), |_| ()).expect("TMPDIR can be written");
        self.evaluate(&path_of(Kind::ServerKeys), &path_of(Kind::Upload), &path_of(Kind::Result));
    }

    fn open(&self, keys: &Path) -> Result<Server<'_>, PartyError> {
        Server::open(&self.plan, self.bundle.id, keys, |_| ())
    }

    fn evaluate(&self, keys: &Path, upload: &Path, result: &Path) {
        if let Ok(server) = self.open(keys) {
            let _ = server.evaluate(upload, result, 0, &mut |_| ());
        }
    }
}

fn path_of(kind: Kind) -> PathBuf {
    file(&format!("{kind}.lev"))
}

/// What an input changes: a line with a description (an empty one leaves it), then a byte that adds to the body's length or cuts it, a byte
/// whose bits change the hashes of the header, then four bytes for each byte to be changed: where, and its new value.
fn forge(data: &[u8], base: &Container, path: &Path) -> Option<()> {
    let (line, rest) = data.split_at(data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len()));
    let meta: Value = if line.is_empty() { base.meta().ok()? } else { serde_json::from_slice(line).ok()? };
    let mut rest = rest.iter().skip(1).copied();
    let (length, flags) = (rest.next().unwrap_or(0) as i8, rest.next().unwrap_or(0));
    let mut header: Header = *base.header();
    header.parameters[0] ^= flags & 1;
    header.plan[0] ^= flags >> 1 & 1;
    header.key[0] ^= flags >> 2 & 1;
    let mut body = base.body().to_vec();
    body.resize(body.len().saturating_add_signed(isize::from(length)), 0);
    let changes: Vec<u8> = rest.collect();
    for [a, b, c, value] in changes.as_chunks().0 {
        let place = u32::from_le_bytes([*a, *b, *c, 0]) as usize;
        let length = body.len().max(1);
        if let Some(byte) = body.get_mut(place % length) {
            *byte = *value;
        }
    }
    write(path, header, &meta, &body);
    Some(())
}

fn write(path: &Path, header: Header, meta: &Value, body: &[u8]) {
    // Nothing replaces a secret key, a forged one neither.
    if path.exists() {
        std::fs::remove_file(path).expect("TMPDIR can be written");
    }
    let mut writer = Writer::create(path, header, meta, body.len() as u64).expect("TMPDIR can be written");
    writer.put(body).and_then(|()| writer.finish()).expect("TMPDIR can be written");
}

/// A target that changes a file of a kind and reads it.
fn of_kind(kind: Kind, read: impl Fn(&World, &Path) + Send + Sync + 'static) -> Target {
    let (world, forged) = (World::new(), file("forged.lev"));
    let base = Container::open(&path_of(kind)).expect("it was written");
    Box::new(move |data| {
        if forge(data, &base, &forged).is_some() {
            read(world, &forged);
        }
    })
}

pub fn bundle() -> Target {
    of_kind(Kind::Bundle, |_, path| {
        let meta = Container::open(path).and_then(|container| container.meta::<Value>()).unwrap_or_default();
        if is_large(&meta["plan"]["parameters"]["log_n"]) {
            return;
        }
        // What is taken can be used.
        if let Ok(bundle) = ClientBundle::read(path) {
            let image = vec![0.5; bundle.plan.image.len()];
            let slots = bundle.plan.input_slots(&[&image[..]]).expect("a sound bundle takes an image");
            assert_eq!(slots.len(), bundle.plan.encrypted.ciphertexts);
        }
    })
}

fn is_large(log_n: &Value) -> bool {
    log_n.as_u64().is_some_and(|log_n| log_n > MOST_LOG_N)
}

pub fn secret() -> Target {
    of_kind(Kind::Secret, |world, path| drop(read_secret(&world.bundle, path)))
}

pub fn keys() -> Target {
    of_kind(Kind::Keys, |world, path| drop(world.open(path)))
}

pub fn server_keys() -> Target {
    of_kind(Kind::ServerKeys, |world, path| drop(world.open(path)))
}

pub fn upload() -> Target {
    of_kind(Kind::Upload, |world, path| world.evaluate(&path_of(Kind::ServerKeys), path, &file("again.lev")))
}

pub fn result() -> Target {
    of_kind(Kind::Result, |world, path| {
        let key = read_secret(&world.bundle, &path_of(Kind::Secret)).expect("it was written");
        let _ = decrypt(&world.bundle, key, path, Digits::Auto, |_, _| ());
    })
}

/// The trial and the prices that a server plans with. Networks that take minutes to plan are left out.
pub fn server_plan() -> Target {
    let directory = file("served");
    fs::create_dir_all(&directory).expect("TMPDIR can be written");
    let header = Header { kind: Kind::Server, parameters: [0; 32], plan: [0; 32], key: [0; 16] };
    Box::new(move |data| {
        let Ok(meta) = serde_json::from_slice::<Value>(data) else { return };
        let (spec, settings) = (&meta["spec"], &meta["spec"]["settings"]);
        let small = spec["width"].as_u64().is_none_or(|width| width <= 2) && spec["network"] == "resnet20";
        if !small || settings["log_n"].as_u64().is_some_and(|log_n| log_n > 12) {
            return;
        }
        write(&directory.join("server.lev"), header, &meta, &[]);
        let request = ServerRequest {
            directory: directory.clone(),
            upload: file("absent.lev"),
            result: file("again.lev"),
            keys: None,
            threads: Threads(Some(1)),
            times: None,
        };
        let _ = serve(&request, &mut Silent);
    })
}

//! A fuzz target for each parser of files; `LEVELED_FUZZ_TARGET` names the one that runs. `scripts/fuzz.sh` builds and runs them.
//!
//! A target hands bytes to the library as a file would have them. It finds panics, overflows (debug assertions are on), loops and memory
//! without bound; what is refused is refused with an error and is no finding.

#![no_main]

mod files;
mod rows;
mod wire;

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

/// What a target does with an input.
type Target = Box<dyn Fn(&[u8]) + Send + Sync>;

/// All targets: name and how it is made ready.
const TARGETS: [(&str, fn() -> Target); 18] = [
    ("experiment", files::experiment),
    ("card", files::card),
    ("recipe", files::recipe),
    ("safetensors", files::safetensors),
    ("checkpoint", files::checkpoint),
    ("cifar", files::cifar),
    ("png", files::png),
    ("trial", files::trial),
    ("trials_csv", rows::trials),
    ("images_csv", rows::images),
    ("container", wire::container),
    ("bundle", wire::bundle),
    ("secret", wire::secret),
    ("keys", wire::keys),
    ("server_keys", wire::server_keys),
    ("upload", wire::upload),
    ("result", wire::result),
    ("server_plan", wire::server_plan),
];

static TARGET: OnceLock<Target> = OnceLock::new();

/// The target that the environment names.
fn named() -> Target {
    let name = std::env::var("LEVELED_FUZZ_TARGET").unwrap_or_default();
    let Some((_, ready)) = TARGETS.iter().find(|(known, _)| *known == name) else {
        eprintln!("LEVELED_FUZZ_TARGET is {name:?}, not one of {:?}", TARGETS.map(|(name, _)| name));
        std::process::exit(2);
    };
    ready()
}

fuzz_target!(init: { TARGET.get_or_init(named); }, |data: &[u8]| {
    if let Some(target) = TARGET.get() {
        target(data);
    }
});

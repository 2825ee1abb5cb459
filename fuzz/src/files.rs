//! Files that users write or bring.

use std::path::{Path, PathBuf};

use leveled::dataset::{DatasetName, read_file, read_png};
use leveled::experiment::config::Experiment;
use leveled::experiment::training::{RecipeChoices, read_recipe};
use leveled::experiment::trial::TrialSpec;
use leveled::network::import::{Checkpoint, Wanted, find};
use leveled::network::weights::WeightsFile;
use leveled::network::{Architecture, Card, Network};

use super::Target;

/// A file in the memory of the machine that every input is written to.
pub fn file(name: &str) -> PathBuf {
    std::env::temp_dir().join(name)
}

/// A target that reads a file.
fn of_path(name: &'static str, read: impl Fn(&Path) + Send + Sync + 'static) -> Target {
    let path = file(name);
    Box::new(move |data| {
        std::fs::write(&path, data).expect("TMPDIR can be written");
        read(&path);
    })
}

/// Experiments beside the weights `net.safetensors` with their card.
pub fn experiment() -> Target {
    std::fs::write(file("net.safetensors"), "weights").expect("TMPDIR can be written");
    std::fs::write(file("net.yaml"), include_str!("../../models/resnet20_w16_cifar10_herpn_seed0.yaml"))
        .expect("TMPDIR can be written");
    of_path("experiment.yaml", |path| drop(Experiment::read(path)))
}

pub fn card() -> Target {
    of_path("card.yaml", |path| {
        if let Ok(card) = Card::read(path) {
            let _ = card.architecture().and_then(|architecture| architecture.graph());
        }
    })
}

pub fn recipe() -> Target {
    of_path("recipe.yaml", |path| drop(read_recipe(path, &RecipeChoices::default())))
}

/// The network whose weights the seeds hold.
fn tiny() -> Architecture {
    Architecture::named("resnet20", 1, 10).expect("it is known")
}

pub fn safetensors() -> Target {
    let graph = tiny().graph().expect("it is sound");
    of_path("tiny.safetensors", move |path| {
        if let Ok(file) = WeightsFile::read(path, &graph) {
            let network = Network::new(graph.clone(), file.weights);
            let _ = network.and_then(|network| network.lower());
        }
    })
}

/// Files of PyTorch, and safetensors with other names.
pub fn checkpoint() -> Target {
    let wanted = Wanted { network: "resnet20".to_owned(), ..Wanted::default() };
    of_path("checkpoint.pth", move |path| {
        if let Ok(checkpoint) = Checkpoint::read(path) {
            let _ = find(&checkpoint, path, &wanted);
        }
    })
}

pub fn cifar() -> Target {
    of_path("test_batch.bin", |path| {
        for name in [DatasetName::Cifar10, DatasetName::Cifar100] {
            let _ = read_file(path, name);
        }
    })
}

pub fn png() -> Target {
    of_path("image.png", |path| drop(read_png(path)))
}

/// What `leveled trial` reads, with the id that belongs to it: no fuzzer finds a hash.
pub fn trial() -> Target {
    Box::new(|data| {
        let known = serde_json::from_slice::<TrialSpec>(data).map(TrialSpec::with_id);
        let text = known.and_then(|spec| serde_json::to_vec(&spec));
        let text = text.as_deref().unwrap_or(data);
        let _ = TrialSpec::read(Path::new("-"), text);
    })
}

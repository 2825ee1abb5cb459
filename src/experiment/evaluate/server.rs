//! A server's plan in its directory: what it gives to clients, the keys that it got, and the evaluation of what is encrypted with them.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::preparation::Prepared;
use super::simulation::Simulator;
use super::task::Task;
use crate::dataset::{Image, shipped_test_images};
use crate::experiment::ExperimentError;
use crate::experiment::event::{EventSink, Stage};
use crate::experiment::prices::KnownPrices;
use crate::experiment::setting::Threads;
use crate::experiment::trial::TrialSpec;
use crate::parties::{ClientBundle, PartyError, PlanId, Server, prepare_keys};
use crate::wire::{Container, Kind, Writer};

/// What the server evaluates.
const PLAN: &str = "server.lev";

/// What it gives to clients.
const BUNDLE: &str = "client.lev";

/// The keys of its client, as it reads them.
const KEYS: &str = "keys.lev";

/// Images that the noise of logits is simulated on.
const SIMULATED: usize = 4;

/// Network, plan options and prices: the plan follows from them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Meta {
    spec: TrialSpec,
    prices: KnownPrices,
}

/// What is to be evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerRequest {
    /// Directory of the server.
    pub directory: PathBuf,
    /// Encrypted images.
    pub upload: PathBuf,
    /// Where the encrypted logits go.
    pub result: PathBuf,
    /// Evaluation keys; none: those of the directory.
    pub keys: Option<PathBuf>,
    /// Number of threads; none: as the experiment says.
    pub threads: Threads,
}

/// Plans a trial and writes into `directory` what the server evaluates and what it gives to clients. Returns where the latter is.
///
/// # Errors
/// [`ExperimentError::NotEncrypted`], a refusal of the plan, [`ExperimentError::Party`] for files that cannot be written.
pub fn prepare_bundle(
    spec: &TrialSpec,
    prices: KnownPrices,
    directory: &Path,
    events: &mut dyn EventSink,
) -> Result<PathBuf, ExperimentError> {
    if !super::trial::is_encrypted(spec) {
        return Err(ExperimentError::NotEncrypted);
    }
    let task = Task::from(spec);
    task.pool()?.install(|| {
        events.progress(Stage::Preparation, 0, 1, "");
        let prepared = Prepared::of_trial(spec, &task, &prices.prices)?;
        events.progress(Stage::Preparation, 1, 1, "");
        let bundle = ClientBundle {
            id: PlanId::of(&prepared.plan)?,
            plan: prepared.plan.client.clone(),
            normalisation: prepared.card.normalisation,
            dataset: prepared.card.dataset,
            logit_deviation: logit_deviation(&prepared, &task, events)?,
        };
        let unwritable = |source| ExperimentError::OutputNotWritable { path: directory.to_owned(), source };
        fs::create_dir_all(directory).map_err(unwritable)?;
        let header = bundle.id.header(Kind::Server, [0; 16]);
        let writer = Writer::create(&directory.join(PLAN), header, &Meta { spec: spec.clone(), prices }, 0);
        writer.and_then(Writer::finish).map_err(PartyError::from)?;
        let path = directory.join(BUNDLE);
        bundle.write(&path)?;
        Ok(path)
    })
}

/// What noise does to a logit, on shipped images by simulation: the root of the mean square.
fn logit_deviation(prepared: &Prepared, task: &Task, events: &mut dyn EventSink) -> Result<f64, ExperimentError> {
    let shipped = shipped_test_images(prepared.card.dataset)?;
    let images: Vec<&Image> = shipped.images.iter().take(SIMULATED).collect();
    let mut errors = Vec::new();
    Simulator::new(prepared, task)?.images(&images, task, false, events, |_, outcome| {
        errors.extend(outcome.errors());
        Ok(())
    })?;
    let squares: f64 = errors.iter().map(|error| error * error).sum();
    Ok((squares / errors.len().max(1) as f64).sqrt())
}

/// What a directory of a server holds.
struct Served {
    task: Task,
    prepared: Prepared,
    id: PlanId,
}

impl Served {
    /// Reads and plans, on the threads that it is called on.
    fn open(container: &Container, meta: &Meta, task: Task) -> Result<Self, ExperimentError> {
        let prepared = Prepared::of_trial(&meta.spec, &task, &meta.prices.prices)?;
        let id = PlanId::of(&prepared.plan)?;
        container.check_plan(&id.header(Kind::Server, [0; 16])).map_err(PartyError::from)?;
        Ok(Self { task, prepared, id })
    }
}

fn read(directory: &Path) -> Result<(Container, Meta), ExperimentError> {
    let container = Container::open_kind(&directory.join(PLAN), &[Kind::Server]).map_err(PartyError::from)?;
    let meta = container.meta().map_err(PartyError::from)?;
    Ok((container, meta))
}

/// Checks the keys that a client sent and writes them into the directory as the server reads them. Returns where.
///
/// # Errors
/// [`ExperimentError::Party`] for files that are not of the directory's plan, and those that cannot be written.
pub fn prepare_server_keys(
    directory: &Path,
    keys: &Path,
    events: &mut dyn EventSink,
) -> Result<PathBuf, ExperimentError> {
    let (container, meta) = read(directory)?;
    let task = Task::from(&meta.spec);
    task.pool()?.install(|| {
        let Served { prepared, id, .. } = Served::open(&container, &meta, Task::from(&meta.spec))?;
        let (path, total) = (directory.join(KEYS), prepared.plan.client.request.len() as u64);
        prepare_keys(keys, &path, &id, &prepared.plan.client, |written| {
            events.progress(Stage::KeyGeneration, written as u64, total, "");
        })?;
        Ok(path)
    })
}

/// Evaluates encrypted images.
///
/// # Errors
/// [`ExperimentError::Party`] for files that are not of the directory's plan or of one client, and those that cannot be written; what the
/// executor refuses.
pub fn serve(request: &ServerRequest, events: &mut dyn EventSink) -> Result<(), ExperimentError> {
    let (container, mut meta) = read(&request.directory)?;
    if request.threads.0.is_some() {
        meta.spec.settings.threads = request.threads;
    }
    let task = Task::from(&meta.spec);
    task.pool()?.install(|| {
        events.progress(Stage::Preparation, 0, 1, "");
        let served = Served::open(&container, &meta, Task::from(&meta.spec))?;
        let (plan, task) = (&served.prepared.plan, &served.task);
        task.check_memory(task.memory_bytes(plan))?;
        events.progress(Stage::Preparation, 1, 1, "");
        let own = request.directory.join(KEYS);
        let total = plan.client.request.len() as u64;
        let server = Server::open(plan, request.keys.as_deref().unwrap_or(&own), |read| {
            events.progress(Stage::KeyGeneration, read as u64, total, "");
        })?;
        let (layers, kept) = (plan.layers.len(), task.weight_bytes(plan));
        server.evaluate(&request.upload, &request.result, kept, &mut |done, images, layer, _| {
            let name = plan.layers.get(layer).map_or("", |layer| layer.name.as_str());
            events.progress(Stage::Images, done as u64, images as u64, "");
            events.progress(Stage::Layers, layer as u64 + 1, layers as u64, name);
        })?;
        Ok(())
    })
}

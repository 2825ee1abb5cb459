//! A server's plan in its directory: what it gives to clients, the keys that it got, and the evaluation of what is encrypted with them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::outcome::LayerOutcome;
use super::preparation::Prepared;
use super::simulation::Simulator;
use super::task::Task;
use crate::dataset::{Image, shipped_test_images};
use crate::experiment::ExperimentError;
use crate::experiment::event::{EventSink, Stage};
use crate::experiment::host;
use crate::experiment::prices::KnownPrices;
use crate::experiment::setting::Threads;
use crate::experiment::trial::TrialSpec;
use crate::inference::Choices;
use crate::parties::{ClientBundle, EvaluatedLayer, PartyError, PlanId, Server, prepare_keys};
use crate::user_file::read_text;
use crate::wire::{Container, Guard, Kind, WholeFile, WireError, Writer};

/// What the server evaluates.
pub(super) const PLAN: &str = "server.lev";

/// What it gives to clients.
pub(super) const BUNDLE: &str = "client.lev";

/// The keys of its client, as it reads them.
pub(super) const KEYS: &str = "keys.lev";

/// All files of a server's directory.
pub const SERVER_FILES: [&str; 3] = [PLAN, BUNDLE, KEYS];

/// Images that the noise of logits is simulated on.
const SIMULATED: usize = 4;

/// Network, plan options and prices: the plan follows from them, and sooner with what it chose.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Meta {
    spec: TrialSpec,
    prices: KnownPrices,
    #[serde(default)]
    chosen: Option<Choices>,
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
    /// Where the seconds of loading and of each layer go; none: nowhere.
    pub times: Option<PathBuf>,
}

/// Where the time of a server went.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerTimes {
    /// Seconds to read and plan the network.
    pub plan_seconds: f64,
    /// Seconds to map and check the keys.
    pub keys_seconds: f64,
    /// Seconds from its start to the first layer: these, and to check and read the first images.
    pub load_seconds: f64,
    /// Largest resident memory.
    pub peak_memory_bytes: Option<u64>,
    /// The layers of each batch of images.
    pub batches: Vec<Vec<LayerOutcome>>,
}

impl ServerTimes {
    /// Reads what [`serve`] has written.
    ///
    /// # Errors
    /// [`ExperimentError::ServerProcess`] for anything else.
    pub fn read(path: &Path) -> Result<Self, ExperimentError> {
        let text = read_text(path).map_err(|source| ExperimentError::Read { path: path.to_owned(), source })?;
        let unsound = |error: serde_json::Error| ExperimentError::ServerProcess {
            reason: format!("wrote times that cannot be read: {error}"),
        };
        serde_json::from_str(&text).map_err(unsound)
    }

    fn write(&self, mut file: WholeFile, path: &Path) -> Result<(), ExperimentError> {
        let encode = |error: serde_json::Error| ExperimentError::Encode { what: "times", reason: error.to_string() };
        let text = serde_json::to_vec(self).map_err(encode)?;
        let written = file.write_all(&text).and_then(|()| file.commit_soon());
        Ok(written.map_err(|source| PartyError::from(WireError::of_writing(path, source)))?)
    }
}

/// Plans a trial and writes into `directory` what the server evaluates and what it gives to clients. Returns where the latter is.
///
/// # Errors
/// [`ExperimentError::NotEncrypted`], a refusal of the plan, [`ExperimentError::Memory`], [`ExperimentError::OtherPlan`], [`ExperimentError::Party`] for files that cannot be written.
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
        // Before a client makes keys for what cannot be evaluated here.
        task.check_memory(task.memory_bytes(&prepared.plan))?;
        events.progress(Stage::Preparation, 1, 1, "");
        Ok(write_plan((spec, &prices), &prepared, &task, directory, events)?.0)
    })
}

/// Writes into `directory` what the server evaluates and what it gives to clients: where the latter is, and what it says.
///
/// # Errors
/// [`ExperimentError::OutputNotWritable`], [`ExperimentError::OtherPlan`], [`ExperimentError::Party`].
pub(super) fn write_plan(
    (spec, prices): (&TrialSpec, &KnownPrices),
    prepared: &Prepared,
    task: &Task,
    directory: &Path,
    events: &mut dyn EventSink,
) -> Result<(PathBuf, ClientBundle), ExperimentError> {
    let bundle = ClientBundle {
        id: id_of(prepared)?,
        plan: prepared.plan.client.clone(),
        normalisation: prepared.card.normalisation,
        dataset: prepared.card.dataset,
        logit_deviation: logit_deviation(prepared, task, events)?,
    };
    let unwritable = |source| ExperimentError::OutputNotWritable { path: directory.to_owned(), source };
    fs::create_dir_all(directory).map_err(unwritable)?;
    let header = bundle.id.header(Kind::Server, [0; 16]);
    let of_another = |there: Container| there.check_plan(&header).is_err();
    if Container::open_kind(&directory.join(PLAN), &[Kind::Server]).is_ok_and(of_another) {
        return Err(ExperimentError::OtherPlan { path: directory.to_owned() });
    }
    let meta = Meta { spec: spec.clone(), prices: prices.clone(), chosen: Some(prepared.plan.choices()) };
    let writer = Writer::create(&directory.join(PLAN), header, &meta, 0);
    writer.and_then(Writer::finish).map_err(PartyError::from)?;
    let path = directory.join(BUNDLE);
    bundle.write(&path)?;
    Ok((path, bundle))
}

fn id_of(prepared: &Prepared) -> Result<PlanId, PartyError> {
    PlanId::of(&prepared.plan, &prepared.card.normalisation, prepared.card.dataset)
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
        let prepared = Prepared::again(&meta.spec, &task, &meta.prices.prices, meta.chosen.clone());
        let prepared = prepared.map_err(|error| match error {
            ExperimentError::Changed { what } => ExperimentError::ServedChanged { what },
            error => error,
        })?;
        let id = id_of(&prepared)?;
        container.check_plan(&id.header(Kind::Server, [0; 16])).map_err(PartyError::from)?;
        Ok(Self { task, prepared, id })
    }
}

fn read(directory: &Path) -> Result<(Container, Meta), ExperimentError> {
    let path = directory.join(PLAN);
    if !path.exists() {
        return Err(ExperimentError::NotPrepared { path: directory.to_owned() });
    }
    let container = Container::open_kind(&path, &[Kind::Server]).map_err(PartyError::from)?;
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
        let (path, total) = (directory.join(KEYS), prepared.plan.client.keys() as u64);
        prepare_keys(keys, &path, &id, &prepared.plan.client, |written| {
            events.progress(Stage::KeyGeneration, written as u64, total, "");
        })?;
        Ok(path)
    })
}

/// The keys that a directory has.
fn own_keys(directory: &Path) -> Result<PathBuf, ExperimentError> {
    let keys = directory.join(KEYS);
    if keys.exists() { Ok(keys) } else { Err(ExperimentError::NoKeys { path: directory.to_owned() }) }
}

/// Evaluates encrypted images.
///
/// # Errors
/// [`ExperimentError::Party`] for files that are not of the directory's plan or of one client, and those that cannot be written; what the
/// executor refuses.
pub fn serve(request: &ServerRequest, events: &mut dyn EventSink) -> Result<(), ExperimentError> {
    let start = Instant::now();
    // Begun first: a place that cannot be written is known before the evaluation.
    let begin =
        |path: &Path| WholeFile::create(path, Guard::Open).map_err(|source| WireError::of_writing(path, source));
    let times_file = request.times.as_deref().map(begin).transpose().map_err(PartyError::from)?;
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
        let mut times = ServerTimes { plan_seconds: start.elapsed().as_secs_f64(), ..ServerTimes::default() };
        let keys = match &request.keys {
            Some(keys) => keys.clone(),
            None => own_keys(&request.directory)?,
        };
        let total = plan.client.keys() as u64;
        let server = Server::open(plan, served.id, &keys, |read| {
            events.progress(Stage::KeyGeneration, read as u64, total, "");
        })?;
        let (layers, kept) = (plan.layers.len(), task.weight_bytes(plan));
        times.keys_seconds = start.elapsed().as_secs_f64() - times.plan_seconds;
        server.evaluate(
            &request.upload,
            &request.result,
            kept,
            &mut |EvaluatedLayer { done, images, layer, scale, seconds }| {
                if layer == 0 {
                    if times.batches.is_empty() {
                        times.load_seconds = start.elapsed().as_secs_f64() - seconds.total();
                    }
                    times.batches.push(Vec::with_capacity(layers));
                }
                times
                    .batches
                    .last_mut()
                    .into_iter()
                    .for_each(|batch| batch.push(LayerOutcome { seconds, scale, probe: None }));
                let name = plan.layers.get(layer).map_or("", |layer| layer.name.as_str());
                events.progress(Stage::Images, done as u64, images as u64, "");
                events.progress(Stage::Layers, layer as u64 + 1, layers as u64, name);
            },
        )?;
        if let Some((path, file)) = request.times.as_deref().zip(times_file) {
            times.peak_memory_bytes = host::peak_memory_bytes();
            times.write(file, path)?;
        }
        Ok(())
    })
}

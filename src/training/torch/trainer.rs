//! Epoch after epoch.

use std::path::{Path, PathBuf};
use std::time::Instant;

use sha2::{Digest, Sha256};
use tch::Device;

use super::answers::Answers;
use super::batch::Batches;
use super::checkpoint::{self, Progress};
use super::evaluation::{Evaluation, evaluate, exploding_site, first_exploding_site};
use super::output::{CardFacts, Kept, Origin, conclude_kept, write_history, write_model};
use super::progress::Observer;
use super::state::State;
use super::step::{StepPlan, StepSums, step};
use super::teacher::Teacher;
use crate::dataset::{Dataset, Normalisation};
use crate::network::Model;
use crate::network::card::Card;
use crate::network::graph::Graph;
use crate::network::plain::EXPLODING;
use crate::training::draws::{Draws, ImageDraws, Purpose};
use crate::training::{EpochRow, Keep, Recipe, Split, TrainedActivation, TrainingError};
use crate::wire::hex;

/// File name of the checkpoint in the output directory.
const CHECKPOINT: &str = "checkpoint.safetensors";

/// Where to train and what to write.
#[derive(Debug, Clone)]
pub struct TrainOptions {
    /// Directory for checkpoint, history and weights; a checkpoint of the same training there is gone on with.
    pub directory: PathBuf,
    /// Weights of the teachers, where the recipe has some.
    pub teachers: Vec<PathBuf>,
    /// Weights to begin with, where the recipe has some.
    pub initial_weights: Option<PathBuf>,
    /// Threads of the processor, shared by the parts of a batch.
    pub threads: usize,
    /// What the card says of program and machine.
    pub facts: CardFacts,
}

/// How a training ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// The rows of all epochs done.
    pub rows: Vec<EpochRow>,
    /// The kept weights; none before the end of the first epoch.
    pub kept: Option<Kept>,
    /// Whether it was asked to end before its last epoch; its checkpoint goes on.
    pub interrupted: bool,
}

/// Whether trainings run on a CUDA device: on the first one, if there is one.
#[must_use]
pub fn uses_cuda() -> bool {
    Device::cuda_if_available().is_cuda()
}

/// Trains a network on `images`, which are the training images of a data set, all of them; the recipe says how many are held out for
/// validation. Runs on the first CUDA device if there is one.
///
/// # Errors
/// [`TrainingError`]: too few images, a checkpoint of another training, a run that diverged, what files and libtorch report.
pub fn train(
    recipe: &Recipe,
    images: &Dataset,
    options: &TrainOptions,
    observer: &mut dyn Observer,
) -> Result<Trained, TrainingError> {
    let mut trainer = Trainer::new(recipe, images, options)?;
    let mut progress = trainer.resume()?;
    loop {
        // Also where it ended with this error before.
        trainer.check_exploding(&progress)?;
        if progress.epoch >= recipe.epochs {
            return trainer.trained(progress, false);
        }
        if !trainer.epoch(&mut progress, observer)? {
            trainer.write_checkpoint(&progress)?;
            return trainer.trained(progress, true);
        }
    }
}

struct Trainer<'a> {
    recipe: &'a Recipe,
    options: &'a TrainOptions,
    graph: Graph,
    batches: Batches<'a>,
    split: Split,
    /// How pixels become inputs.
    normalisation: Normalisation,
    state: State,
    teacher: Option<Teacher>,
    answers: Option<Answers>,
    initial: Option<Card>,
    fingerprint: String,
    checkpoint: PathBuf,
}

impl<'a> Trainer<'a> {
    fn new(recipe: &'a Recipe, images: &'a Dataset, options: &'a TrainOptions) -> Result<Self, TrainingError> {
        let split = Split::of(images, recipe.validation_images, recipe.split_seed);
        let split = if recipe.train_on_held_out { split.training_on_all() } else { split };
        if split.training.len() < recipe.batch {
            let (validation, batch) = (recipe.validation_images, recipe.batch);
            return Err(TrainingError::TooFewImages { images: images.len(), validation, batch });
        }
        let architecture = recipe.architecture()?;
        let graph = architecture.graph()?;
        let device = Device::cuda_if_available();
        tch::set_num_threads((options.threads / recipe.batch_parts).max(1) as i32);
        let initial = options.initial_weights.as_deref().map(|path| initial(recipe, path)).transpose()?;
        // What began with other inputs goes on with them.
        let own = initial.as_ref().filter(|model| model.card.dataset == recipe.dataset);
        let normalisation = own.map_or_else(|| Normalisation::of(recipe.dataset), |model| model.card.normalisation);
        let teacher = Teacher::of(recipe, &options.teachers, &normalisation, device)?;
        let mut state = State::new(recipe, &graph, device);
        if let Some(model) = &initial {
            let epsilon = model.card.batch_norm_eps - architecture.batch_norm_epsilon;
            state.begin_with(&model.network, epsilon, &graph, recipe.seed)?;
        }
        let initial = initial.map(|model| model.card);
        create(&options.directory)?;
        let answers = teacher.as_ref().map(|teacher| Answers::open(recipe, images, teacher, &options.directory));
        let answers = answers.transpose()?.flatten();
        Ok(Self {
            recipe,
            options,
            batches: Batches::new(images, &normalisation, device),
            split,
            normalisation,
            state,
            graph,
            fingerprint: fingerprint(recipe, images, teacher.as_ref(), initial.as_ref()),
            teacher,
            answers,
            initial,
            checkpoint: options.directory.join(CHECKPOINT),
        })
    }

    fn resume(&mut self) -> Result<Progress, TrainingError> {
        if self.checkpoint.exists() {
            return checkpoint::read(&self.checkpoint, &mut self.state, &self.fingerprint);
        }
        // Weights without the checkpoint of their training are somebody's.
        let weights = self.options.directory.join(self.recipe.model_name() + ".safetensors");
        if weights.exists() || Card::path_beside(&weights).exists() {
            return Err(TrainingError::OtherWeights { path: weights });
        }
        let progress = Progress { fingerprint: self.fingerprint.clone(), ..Progress::default() };
        // Before the first weights, so that those of a training that a kill ends are never without it.
        self.write_checkpoint(&progress)?;
        Ok(progress)
    }

    fn write_checkpoint(&mut self, progress: &Progress) -> Result<(), TrainingError> {
        if let Some(answers) = &mut self.answers {
            answers.write()?;
        }
        checkpoint::write(&self.checkpoint, &self.state, progress)
    }

    fn trained(&self, progress: Progress, interrupted: bool) -> Result<Trained, TrainingError> {
        let kept =
            progress.kept.map(|_| conclude_kept(&self.options.directory, self.recipe, !interrupted)).transpose()?;
        Ok(Trained { rows: progress.rows, kept, interrupted })
    }

    /// The rest of an epoch; `false` if it was asked to end before.
    fn epoch(&mut self, progress: &mut Progress, observer: &mut dyn Observer) -> Result<bool, TrainingError> {
        let (recipe, epoch) = (self.recipe, progress.epoch);
        let mut order = self.split.training.clone();
        Draws::new(recipe.seed, Purpose::Order, u64::from(epoch)).shuffle(&mut order);
        // The images of an incomplete batch wait for another epoch.
        let steps = (order.len() / recipe.batch) as u64;
        let all_steps = steps * u64::from(recipe.epochs);
        let plan = StepPlan::new(recipe, epoch);
        let variant = recipe.variant(epoch);
        let (start, before, mut sums) = (Instant::now(), progress.epoch_seconds, unpack(progress.sums));
        let done_before = sums.images;
        let mut learning_rate = 0.0;
        while progress.step < steps {
            if observer.interrupted() {
                return Ok(false);
            }
            let place = u64::from(epoch) * steps + progress.step;
            learning_rate = recipe.optimizer.learning_rate * recipe.schedule.share(place, all_steps, recipe.epochs);
            let indices = &order[progress.step as usize * recipe.batch..][..recipe.batch];
            let mut draws = variant.map_or_else(
                || ImageDraws::of_step(recipe.seed, place),
                |variant| ImageDraws::of_variant(recipe.seed, variant),
            );
            let batch = self.batches.batch(indices, Some((&recipe.augmentation, &mut draws)))?;
            let taught = match (&mut self.teacher, &mut self.answers, variant) {
                (Some(teacher), Some(answers), Some(variant)) => {
                    Some(answers.logits(teacher, &batch.images, indices, variant)?)
                }
                (Some(teacher), ..) => Some(teacher.logits(&batch.images)?),
                (None, ..) => None,
            };
            let found = step(&mut self.state, &batch, taught.as_ref(), &plan, learning_rate)?;
            if !found.loss.is_finite() {
                let site = first_exploding_site(&self.state.networks[0], &batch.images, &plan.measuring())?;
                return Err(TrainingError::Diverged { epoch: epoch + 1, site, limit: EXPLODING });
            }
            sums.add(found);
            progress.step += 1;
            let seconds = start.elapsed().as_secs_f64();
            progress.sums = pack(sums);
            progress.epoch_seconds = before + seconds;
            let rate = (sums.images - done_before) as f64 / seconds.max(1e-9);
            let images = sums.images as f64;
            observer.step(epoch + 1, progress.step, steps, sums.loss / images, sums.penalty / images, rate);
        }
        self.finish_epoch(progress, learning_rate, observer)?;
        Ok(true)
    }

    /// What follows the last step of an epoch.
    fn finish_epoch(
        &mut self,
        progress: &mut Progress,
        learning_rate: f64,
        observer: &mut dyn Observer,
    ) -> Result<(), TrainingError> {
        let (sums, training_seconds, start) = (unpack(progress.sums), progress.epoch_seconds, Instant::now());
        let found = self.evaluate(None)?;
        let clamped = match self.recipe.activation {
            TrainedActivation::Penalty { fit, .. } => Some(self.evaluate(Some(fit.interval))?.accuracy_percent()),
            _ => None,
        };
        let sites = self.state.networks[0].sites().to_vec();
        let (site, largest) = found.largest();
        let images = sums.images.max(1) as f64;
        let seconds = training_seconds + start.elapsed().as_secs_f64();
        progress.epoch += 1;
        let row = EpochRow {
            epoch: progress.epoch,
            learning_rate,
            loss: sums.loss / images,
            cross_entropy: sums.cross_entropy / images,
            penalty: sums.penalty / images,
            training_accuracy_percent: 100.0 * sums.correct as f64 / images,
            validation_accuracy_percent: found.accuracy_percent(),
            validation_accuracy_clamped_percent: clamped,
            exploding_images: found.exploding,
            largest_activation: largest,
            largest_site: sites.get(site).cloned().unwrap_or_default(),
            images_per_second: images / training_seconds.max(1e-9),
            seconds,
        };
        progress.seconds += seconds;
        progress.step = 0;
        progress.sums = pack(StepSums::default());
        progress.epoch_seconds = 0.0;
        progress.rows.push(row);
        progress.largest.push(found.largest.clone());
        self.keep(progress)?;
        self.count_exploding(progress, &found);
        // Before the checkpoint, after which a training that a kill ends does not come here again.
        write_history(&self.options.directory, &sites, progress)?;
        self.write_checkpoint(progress)?;
        let by_site: Vec<(String, f64)> = sites.into_iter().zip(found.largest).collect();
        if let Some(row) = progress.rows.last() {
            observer.epoch(row, &by_site);
        }
        Ok(())
    }

    fn evaluate(&mut self, clamp: Option<f64>) -> Result<Evaluation, TrainingError> {
        evaluate(&mut self.state.networks, &self.batches, &self.split.validation, clamp)
    }

    /// Writes the weights if they are to be kept.
    fn keep(&self, progress: &mut Progress) -> Result<(), TrainingError> {
        let last = progress.rows.len() - 1;
        let best = progress.kept.map(|kept| &progress.rows[kept]);
        let row = &progress.rows[last];
        let better = best.is_none_or(|best| {
            self.recipe.keep == Keep::Last
                || row.exploding_images < best.exploding_images
                || (row.exploding_images == best.exploding_images
                    && row.validation_accuracy_percent >= best.validation_accuracy_percent)
        });
        if better {
            let origin = Origin {
                recipe: self.recipe,
                graph: &self.graph,
                split: &self.split,
                facts: &self.options.facts,
                normalisation: &self.normalisation,
                teachers: self.teacher.as_ref().map_or(&[], Teacher::cards),
                initial: self.initial.as_ref(),
            };
            write_model(&self.options.directory, &origin, &self.state.networks[0], progress)?;
            progress.kept = Some(last);
        }
        Ok(())
    }

    /// Counts epochs at whose end too many held out images exploded.
    fn count_exploding(&self, progress: &mut Progress, found: &Evaluation) {
        let percent = 100.0 * found.exploding as f64 / found.images.max(1) as f64;
        progress.exploding_epochs =
            if percent > self.recipe.stop_exploding_percent { progress.exploding_epochs + 1 } else { 0 };
    }

    /// An error after too many such epochs.
    fn check_exploding(&self, progress: &Progress) -> Result<(), TrainingError> {
        let (Some(row), Some(largest)) = (progress.rows.last(), progress.largest.last()) else { return Ok(()) };
        if progress.exploding_epochs < self.recipe.stop_exploding_epochs {
            return Ok(());
        }
        Err(TrainingError::Exploding {
            exploding: row.exploding_images,
            images: self.split.validation.len(),
            evaluated: self.recipe.evaluated_images(),
            epochs: progress.exploding_epochs,
            site: exploding_site(self.state.networks[0].sites(), largest),
        })
    }
}

/// Why a network may not take part in a training: it saw images that this one holds out, so that their accuracy would be too good.
pub(super) fn seen_problem(recipe: &Recipe, card: &Card) -> Option<String> {
    let asked = Some(card).filter(|card| card.dataset == recipe.dataset && !recipe.train_on_held_out)?;
    let (images, seed) = asked.other_held_out(recipe.validation_images, recipe.split_seed)?;
    Some(match images {
        0 => "its training held out no image, and saw those that the recipe holds out; write `train_on_held_out: true` and `keep: last` in the \
              recipe, or name weights that were trained on less"
            .to_owned(),
        _ => format!(
            "its training held out {images} images of seed {seed}, and saw some of those that the recipe holds out; write `validation_images: \
             {images}` and `split_seed: {seed}` in the recipe"
        ),
    })
}

/// The weights that a training begins with.
fn initial(recipe: &Recipe, path: &Path) -> Result<Model, TrainingError> {
    let model = Model::load(path)?;
    if let Some(problem) = seen_problem(recipe, &model.card) {
        return Err(TrainingError::InitialWeights { path: path.to_owned(), problem });
    }
    let (shortcut, pool) = (model.card.shortcut, model.card.pool);
    if (shortcut, pool) == (recipe.shortcut, recipe.pool) {
        return Ok(model);
    }
    let problem = format!(
        "its card says shortcut {} and pool {}; write `shortcut: {}` and `pool: {}` in the recipe",
        shortcut.as_str(),
        pool.as_str(),
        shortcut.as_str(),
        pool.as_str()
    );
    Err(TrainingError::InitialWeights { path: path.to_owned(), problem })
}

fn create(directory: &Path) -> Result<(), TrainingError> {
    std::fs::create_dir_all(directory).map_err(|source| TrainingError::File { path: directory.to_owned(), source })
}

/// What decides the course of a training: recipe, images, teachers and initial weights.
fn fingerprint(recipe: &Recipe, images: &Dataset, teacher: Option<&Teacher>, initial: Option<&Card>) -> String {
    let mut hash = Sha256::new();
    hash.update(serde_yaml::to_string(recipe).unwrap_or_default());
    hash.update(&images.labels);
    images.images.iter().for_each(|image| hash.update(image.values));
    teacher.into_iter().flat_map(Teacher::cards).for_each(|card| hash.update(&card.sha256));
    if let Some(card) = initial {
        hash.update(&card.sha256);
    }
    hex(&hash.finalize())
}

fn pack(sums: StepSums) -> (usize, f64, f64, f64, usize) {
    (sums.images, sums.loss, sums.cross_entropy, sums.penalty, sums.correct)
}

fn unpack((images, loss, cross_entropy, penalty, correct): (usize, f64, f64, f64, usize)) -> StepSums {
    StepSums { images, loss, cross_entropy, penalty, correct }
}

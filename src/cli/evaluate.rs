//! `leveled evaluate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::CliError;
use super::harness::{Limits, Work};
use super::output::print;
use crate::experiment::accuracy::{AccuracyRequest, experiment};
use crate::experiment::model_choice::given;
use crate::experiment::notice::tell;
use crate::experiment::prices::KnownPrices;
use crate::experiment::records::{ImageSet, TrialRow};
use crate::experiment::store::{RunDirectory, trial_rows};
use crate::network::cluster::ClusterMode;
use crate::report::accuracy_text::accuracy_text;

/// Accuracy in the clear on a whole set of images: single networks, ensembles, clustered weights.
#[derive(Debug, Args)]
pub struct Evaluate {
    /// Weights, all for one data set: safetensors files with their cards beside them, or names in `models/`.
    #[arg(required = true)]
    models: Vec<PathBuf>,
    /// Directory of the data set's official binary archive, or the one that holds it [default: the shipped test images].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Which images: the test set, or the training images that were held out.
    #[arg(long, value_enum, default_value_t = Images::Test)]
    images: Images,
    /// Sizes of ensembles; the best networks of one kind (ReLU, or any quadratic), by their held out images, are the members.
    #[arg(long, value_name = "M,...", value_delimiter = ',')]
    ensembles: Vec<usize>,
    /// Numbers of clusters.
    #[arg(long, value_name = "K,...", value_delimiter = ',')]
    clusters: Vec<usize>,
    /// What shares the clusters; joint is for ensembles, the others for single networks.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "full,slice,joint", requires = "clusters")]
    modes: Vec<ClusterMode>,
    /// Number of clustering seeds.
    #[arg(long, default_value_t = 1, requires = "clusters")]
    cluster_seeds: u64,
    /// Directory for the rows, as `leveled run` writes them; they are appended to those that are there, and what is recorded is not
    /// evaluated again.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Images {
    Test,
    Validation,
}

impl Evaluate {
    /// Evaluates and prints the tables.
    ///
    /// # Errors
    /// See [`CliError`].
    pub fn execute(self) -> Result<(), CliError> {
        let request = AccuracyRequest {
            modes: self.modes,
            models: self.models.into_iter().map(given).collect::<Result<_, _>>()?,
            data: self.data,
            images: match self.images {
                Images::Test => ImageSet::Test,
                Images::Validation => ImageSet::Validation,
            },
            ensembles: self.ensembles,
            clusters: self.clusters,
            cluster_seeds: self.cluster_seeds,
        };
        let (experiment, notes) = experiment(&request)?;
        notes.iter().for_each(|note| tell(&format!("{note}\n")));
        let out = self.out.as_deref();
        if let Some(out) = out {
            RunDirectory::check(out)?;
        }
        // Nothing is planned, so that no price matters; what failed before is tried again.
        let limits = Limits { jobs: 1, memory: None, fail_fast: true };
        let work = Work::of(experiment, out, KnownPrices::stored(), &[], true, limits)?;
        let recorded = work.selection.done.len();
        let recorded = match recorded {
            0 => String::new(),
            _ => format!("{recorded} of {} rows are recorded already\n", work.experiment.trials.len()),
        };
        let temporary = std::env::temp_dir().join("leveled-evaluate");
        let ended = work.run(out.unwrap_or(&temporary), out.is_none(), &recorded)?;
        let mut rows = trial_rows(&ended.directory)?;
        let rows: Vec<TrialRow> = work.experiment.trials.iter().filter_map(|spec| rows.remove(&spec.id)).collect();
        print(&accuracy_text(&rows))?;
        let again = || format!("the same command with --out {}", ended.directory.display());
        work.conclude(&ended, again, again)?;
        if out.is_none() {
            // Of a directory that nobody asked for nothing stays, unless its rows say what went wrong.
            let _ = std::fs::remove_dir_all(&ended.directory);
        }
        Ok(())
    }
}

//! `leveled evaluate`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::CliError;
use super::output::print;
use crate::experiment::accuracy::{AccuracyRequest, ImageSet, evaluate};
use crate::network::cluster::ClusterMode;
use crate::report::accuracy_text::accuracy_text;

/// Accuracy in the clear on a whole set of images: single networks, ensembles, clustered weights.
#[derive(Debug, Args)]
pub struct Evaluate {
    /// Weights: safetensors files with their cards beside them, all for one data set.
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
    #[arg(long, value_enum, value_delimiter = ',', default_value = "full,slice,joint")]
    modes: Vec<Mode>,
    /// Number of clustering seeds.
    #[arg(long, default_value_t = 1)]
    cluster_seeds: u64,
    /// Directory for the rows, accuracy.csv.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Images {
    Test,
    Validation,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Mode {
    Full,
    Slice,
    Joint,
}

impl Evaluate {
    /// Evaluates and prints the tables.
    ///
    /// # Errors
    /// See [`CliError`].
    pub fn execute(self) -> Result<(), CliError> {
        let mode = |mode: &Mode| match mode {
            Mode::Full => ClusterMode::Full,
            Mode::Slice => ClusterMode::Slice,
            Mode::Joint => ClusterMode::Joint,
        };
        let request = AccuracyRequest {
            modes: self.modes.iter().map(mode).collect(),
            models: self.models,
            data: self.data,
            images: match self.images {
                Images::Test => ImageSet::Test,
                Images::Validation => ImageSet::Validation,
            },
            ensembles: self.ensembles,
            clusters: self.clusters,
            cluster_seeds: self.cluster_seeds,
            out: self.out,
        };
        print(&accuracy_text(&evaluate(&request)?))
    }
}

//! `leveled infer`.

use std::path::PathBuf;

use clap::Args;

use super::CliError;
use super::output::{print, print_json};
use crate::experiment::bars::Bars;
use crate::experiment::evaluate::infer;
use crate::experiment::inference::InferenceRequest;
use crate::report::inference_text::inference_text;

/// Encrypt one image, evaluate it, decrypt the answer, and set it beside the clear-text answer.
#[derive(Debug, Args)]
pub struct Infer {
    /// Weights: a safetensors file with its card beside it.
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// A PNG of the network's input size, or the index of a shipped image.
    #[arg(long, value_name = "PNG|INDEX")]
    image: String,
    /// log2 of the ring dimension N.
    #[arg(long, default_value_t = 15)]
    log_n: u32,
    /// Parameter set: the name of a file in configs/parameters.
    #[arg(long, default_value = "default")]
    parameters: String,
    /// Allow parameters that are not 128-bit secure; the output says so.
    #[arg(long)]
    insecure: bool,
    /// Number of threads [default: all cores].
    #[arg(long)]
    threads: Option<u32>,
    /// Seed of keys and noise, for reproducible experiments only [default: the operating system's entropy].
    #[arg(long)]
    seed: Option<u64>,
    /// Do not compare each layer with clear-text evaluation.
    #[arg(long)]
    no_probe: bool,
    /// Print everything as JSON, logits included.
    #[arg(long)]
    json: bool,
}

impl Infer {
    /// Runs one encrypted inference in this process.
    ///
    /// # Errors
    /// See [`CliError`].
    pub fn execute(self) -> Result<(), CliError> {
        let json = self.json;
        let view = infer(&self.request(), &mut Bars::new("encrypted inference"))?;
        if json { print_json(&view) } else { print(&inference_text(&view)) }
    }

    fn request(self) -> InferenceRequest {
        InferenceRequest {
            model: self.model,
            image: self.image,
            log_n: self.log_n,
            parameters: self.parameters,
            insecure: self.insecure,
            threads: self.threads,
            seed: self.seed,
            probe: !self.no_probe,
        }
    }
}

//! `leveled tune`.

use std::ops::Range;
use std::path::{Path, PathBuf};

use clap::Args;

use super::CliError;
use super::output::{print, print_json};
use crate::ckks::KeySwitching;
use crate::experiment::ExperimentError;
use crate::experiment::block::{Block, folder_above};
use crate::experiment::config::Experiment;
use crate::experiment::evaluate::Planner;
use crate::experiment::notice::tell;
use crate::experiment::parameter_set::ParameterSet;
use crate::experiment::prices::KnownPrices;
use crate::experiment::run::Interrupt;
use crate::experiment::setting::Recorded;
use crate::experiment::tune::{Criterion, Grid, Planned, Simulations, Subject, TuneOutcome, search, write};
use crate::report::run_text::recovery_text;
use crate::report::tune_text::{candidate_label, look_text, tune_text};

/// Find the fastest parameters whose simulated accuracy on held out training images stays close to clear text, and write them with the
/// evidence. The same command goes on with a search that was stopped.
#[derive(Debug, Args)]
pub struct Tune {
    /// Experiment file with encrypted trials, such as experiments/quickstart.yaml; its parameters are a candidate, too.
    file: PathBuf,
    /// Directory of the data set's official binary archive; the images are those that the training held out, by the network's card.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Held out images that a candidate is judged on [default: 2000, or all if there are fewer].
    #[arg(long, value_name = "N")]
    images: Option<usize>,
    /// Points of accuracy that a candidate may lose against clear text on these images.
    #[arg(long, value_name = "POINTS", default_value = "0.1", value_parser = points)]
    tolerance: f64,
    /// Values of log2 of the data scale.
    #[arg(long, value_name = "BITS,...", value_delimiter = ',', default_value = "16,17,18,19,20,21,22")]
    scale_bits: Vec<f64>,
    /// Values of log2 of the weight scale.
    #[arg(long, value_name = "BITS,...", value_delimiter = ',', default_value = "13,14,15,16,17,18,19,20")]
    weight_bits: Vec<f64>,
    /// Values of the bits of the base prime above the data scale; with 6, logits may reach 2^5.
    #[arg(long, value_name = "BITS,...", value_delimiter = ',', default_value = "5,6,7", value_parser = clap::value_parser!(u32).range(2..=40))]
    headroom: Vec<u32>,
    /// Numbers of rotated copies of the image that the client encrypts [default: the experiment's].
    #[arg(long, value_name = "N,...", value_delimiter = ',')]
    input_copies: Vec<usize>,
    /// Whether real and imaginary parts hold two halves of the channels [default: the experiment's].
    #[arg(long, value_name = "BOOL,...", value_delimiter = ',', value_parser = clap::value_parser!(bool))]
    complex_packing: Vec<bool>,
    /// Numbers of special primes at every level, or auto [default: the experiment's].
    #[arg(long, value_name = "N|auto,...", value_delimiter = ',', value_parser = key_switching)]
    special_primes: Vec<KeySwitching>,
    /// File for the parameter set [default: configs/parameters/tuned_NAME.yaml]; simulations go to a directory beside it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over a file that is there.
    #[arg(long)]
    force: bool,
    /// Print JSON: for each network every candidate.
    #[arg(long)]
    json: bool,
}

fn points(text: &str) -> Result<f64, String> {
    let points = text.parse::<f64>().map_err(|error| error.to_string())?;
    if (0.0..=100.0).contains(&points) { Ok(points) } else { Err("give 0 to 100 points".to_owned()) }
}

fn key_switching(text: &str) -> Result<KeySwitching, String> {
    if text == "auto" {
        return Ok(KeySwitching::Automatic);
    }
    text.parse().map(KeySwitching::SpecialPrimes).map_err(|_| "give numbers, or `auto`".to_owned())
}

impl Tune {
    /// Searches for every network of the experiment and writes the sets.
    ///
    /// # Errors
    /// See [`CliError`].
    pub fn execute(self) -> Result<(), CliError> {
        let command = self.command();
        let experiment = Experiment { command: Some(command), ..Experiment::read(&self.file)? };
        let subjects = Subject::all(&experiment, self.data.as_deref(), self.images)?;
        let files = self.files(&experiment, subjects.len())?;
        let prices = KnownPrices::here()?;
        let interrupt = Interrupt::listen()?;
        let mut outcomes = Vec::with_capacity(subjects.len());
        for (subject, file) in subjects.iter().zip(&files) {
            outcomes.push(self.search(&experiment, subject, file, &prices, &interrupt)?);
        }
        // After all searches: a file that is there would keep an interrupted command from going on. A network without a good set costs the
        // others nothing.
        let mut written = Ok(());
        for (outcome, file) in outcomes.iter().zip(&files) {
            if !self.json {
                print(&tune_text(outcome))?;
            }
            match write(file, outcome, &self.command()) {
                Ok(()) => tell(&format!("wrote {}\n", file.display())),
                Err(error) => written = written.and(Err(error)),
            }
        }
        if self.json {
            print_json(&outcomes)?;
        }
        Ok(written?)
    }

    fn search(
        &self,
        experiment: &Experiment,
        subject: &Subject,
        file: &Path,
        prices: &KnownPrices,
        interrupt: &Interrupt,
    ) -> Result<TuneOutcome, CliError> {
        let sets = self.grid().sets(&subject.spec.parameters);
        tell(&format!("planning {} candidates\n", sets.len()));
        let (planned, refused) = Planned::all(subject, sets, &mut Planner::new(prices))?;
        let (mut simulations, recovery) =
            Simulations::open(&file.with_extension("rows"), experiment, prices, interrupt)?;
        tell(&recovery_text(&recovery));
        let criterion = Criterion { tolerance: self.tolerance, images: subject.spec.settings.images.count() };
        let sets: Vec<ParameterSet> = planned.iter().map(|planned| planned.parameters.clone()).collect();
        let measure = |index: usize, images: Range<usize>| {
            let label = format!("{}, images {} to {}", candidate_label(&sets[index]), images.start, images.end - 1);
            let measured = simulations.measure(&subject.simulated(&sets[index], images), &label)?;
            measured.ok_or_else(|| CliError::SearchInterrupted)
        };
        let found = search(&sets, criterion, measure, |index, measured, verdict| {
            tell(&look_text(&sets[index], planned[index].plan.seconds, measured, verdict));
        })?;
        Ok(TuneOutcome::of(subject, criterion, planned, found, refused))
    }

    fn grid(&self) -> Grid {
        Grid {
            scale_bits: self.scale_bits.clone(),
            weight_bits: self.weight_bits.clone(),
            headroom_bits: self.headroom.clone(),
            input_copies: self.input_copies.clone(),
            complex_packing: self.complex_packing.clone(),
            key_switching: self.special_primes.clone(),
        }
    }

    /// A file for each network; none of them is there, or may be written over.
    fn files(&self, experiment: &Experiment, networks: usize) -> Result<Vec<PathBuf>, ExperimentError> {
        let refuse = |problem: String| Err(ExperimentError::Argument { name: "--out", problem });
        let files = match &self.out {
            Some(_) if networks > 1 => {
                return refuse(format!(
                    "the experiment has {networks} networks, and one file is for one; leave it out"
                ));
            }
            // An experiment finds sets by the ending.
            Some(out) if out.extension().is_none_or(|extension| extension != "yaml") => {
                return refuse(format!("{} is no name of a parameter set; let it end in .yaml", out.display()));
            }
            Some(out) => vec![out.clone()],
            None => {
                let directory = std::path::absolute(&self.file).unwrap_or_else(|_| self.file.clone());
                let folder = folder_above(directory.parent().unwrap_or(Path::new(".")), ParameterSet::FOLDER);
                let folder = folder.unwrap_or_else(|| PathBuf::from(ParameterSet::FOLDER));
                let name = |number: usize| {
                    let number = if networks > 1 { format!("_{number}") } else { String::new() };
                    format!("tuned_{}{number}.yaml", experiment.name)
                };
                (1..=networks).map(|number| folder.join(name(number))).collect()
            }
        };
        match files.iter().find(|file| file.exists() && !self.force) {
            Some(file) => {
                refuse(format!("{} is there; --force writes over it, or choose another file", file.display()))
            }
            None => Ok(files),
        }
    }

    /// The command line, without directories of this machine.
    fn command(&self) -> String {
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut words = vec![format!("leveled tune {}", name(&self.file))];
        if self.data.is_some() {
            words.push("--data DIR".to_owned());
        }
        words.extend(self.images.map(|images| format!("--images {images}")));
        words.push(format!("--tolerance {}", self.tolerance));
        let mut list = |name: &str, values: Vec<String>| {
            if !values.is_empty() {
                words.push(format!("{name} {}", values.join(",")));
            }
        };
        list("--scale-bits", self.scale_bits.iter().map(f64::to_string).collect());
        list("--weight-bits", self.weight_bits.iter().map(f64::to_string).collect());
        list("--headroom", self.headroom.iter().map(u32::to_string).collect());
        list("--input-copies", self.input_copies.iter().map(usize::to_string).collect());
        list("--complex-packing", self.complex_packing.iter().map(bool::to_string).collect());
        list("--special-primes", self.special_primes.iter().map(Recorded::cell).collect());
        words.join(" ")
    }
}

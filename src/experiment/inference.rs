//! One image, encrypted: what `leveled infer` asks for.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::ExperimentError;
use super::block::{self, Found};
use super::combination::check_parameters;
use super::locate::Problem;
use super::parameter_set::ParameterSet;
use super::setting::{Check, ImageSelection, LogN, Probe, SecurityPolicy, Seed, Threads};
use super::settings::{Missing, PartialSettings, Settings};

/// What is asked for; nothing in it has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InferenceRequest {
    /// Weights (safetensors).
    pub model: PathBuf,
    /// A PNG file or the index of a shipped image.
    pub image: String,
    /// log2 of the ring dimension.
    pub log_n: u32,
    /// Name of a parameter set.
    pub parameters: String,
    /// Whether parameters that are not 128-bit secure are allowed.
    pub insecure: bool,
    /// Number of threads; none: all cores.
    pub threads: Option<u32>,
    /// Seed; none: the operating system's entropy.
    pub seed: Option<u64>,
    /// Whether each layer is compared with clear-text evaluation.
    pub probe: bool,
}

/// The image of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageSource {
    /// Index among the images that ship with the project.
    Shipped(usize),
    /// A PNG file.
    Png(PathBuf),
}

/// A request whose values are possible and whose files are there.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedRequest {
    /// Weights (safetensors).
    pub model: PathBuf,
    /// The image.
    pub image: ImageSource,
    /// Sizes of scales and primes.
    pub parameters: ParameterSet,
    /// Everything else.
    pub settings: Settings,
}

impl InferenceRequest {
    /// Checks the request.
    ///
    /// # Errors
    /// [`ExperimentError::Argument`] for an impossible value, [`ExperimentError::Read`] for a missing file.
    pub fn check(&self) -> Result<CheckedRequest, ExperimentError> {
        let argument =
            |name: &'static str| move |problem: Problem| ExperimentError::Argument { name, problem: problem.text };
        let (log_n, threads) = (LogN(self.log_n), Threads(self.threads));
        log_n.check().map_err(argument("--log-n"))?;
        threads.check().map_err(argument("--threads"))?;
        let settings = PartialSettings {
            images: Some(ImageSelection::First(1)),
            log_n: Some(log_n),
            security: Some(if self.insecure { SecurityPolicy::None } else { SecurityPolicy::Bits128 }),
            seed: Some(Seed(self.seed)),
            threads: Some(threads),
            probe: Some(Probe(self.probe)),
            ..PartialSettings::default()
        };
        let settings = settings.plain().map_err(|Missing(name)| argument(name)(Problem::new("it must be given")))?;
        let here = std::env::current_dir().unwrap_or_default();
        let found = block::named::<ParameterSet>(&self.parameters, &here)?;
        let Found { block: parameters, yaml } =
            found.map_err(|advice| argument("--parameters")(Problem::new(advice)))?;
        check_parameters(&settings, &parameters).map_err(|problem| yaml.problem(&[], &problem))?;
        File::open(&self.model).map_err(|source| ExperimentError::Read { path: self.model.clone(), source })?;
        Ok(CheckedRequest { model: self.model.clone(), image: self.image_source()?, parameters, settings })
    }

    fn image_source(&self) -> Result<ImageSource, ExperimentError> {
        if let Ok(index) = self.image.parse() {
            return Ok(ImageSource::Shipped(index));
        }
        let path = Path::new(&self.image);
        std::fs::metadata(path).map_err(|source| ExperimentError::Read { path: path.to_owned(), source })?;
        Ok(ImageSource::Png(path.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> InferenceRequest {
        InferenceRequest {
            model: "Cargo.toml".into(),
            image: "7".into(),
            log_n: 15,
            parameters: "default".into(),
            insecure: false,
            threads: Some(1),
            seed: None,
            probe: true,
        }
    }

    #[test]
    fn impossible_arguments_name_themselves() {
        assert_eq!(request().check().unwrap().image, ImageSource::Shipped(7));
        let wrong = InferenceRequest { log_n: 32768, ..request() }.check().unwrap_err().to_string();
        assert!(wrong.starts_with("--log-n: 32768 is not possible") && wrong.contains("write 15"), "{wrong}");
        let wrong = InferenceRequest { threads: Some(0), ..request() }.check().unwrap_err().to_string();
        assert!(wrong.starts_with("--threads:"), "{wrong}");
        let wrong = InferenceRequest { parameters: "defualt".into(), ..request() }.check().unwrap_err().to_string();
        assert!(wrong.contains("did you mean `default`?"), "{wrong}");
        let wrong =
            InferenceRequest { model: "absent.safetensors".into(), ..request() }.check().unwrap_err().to_string();
        assert!(wrong.starts_with("cannot read absent.safetensors"), "{wrong}");
        let wrong = InferenceRequest { image: "absent.png".into(), ..request() }.check().unwrap_err().to_string();
        assert!(wrong.starts_with("cannot read absent.png"), "{wrong}");
    }
}

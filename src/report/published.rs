//! Numbers that other systems published, for comparison: `data/published.csv`, each with its source.

use serde::Deserialize;

use super::ReportError;

/// The file, part of the program.
const FILE: &str = include_str!("../../data/published.csv");

/// One published measurement.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// Name of the system, and who measured it if that was somebody else.
    pub system: String,
    /// Network, as articles write it.
    pub network: String,
    /// Channels of the first stage; none: the source does not say.
    pub width: Option<u32>,
    /// Data set, as articles write it.
    pub dataset: String,
    /// Accuracy under encryption, percent.
    pub accuracy_percent: Option<f64>,
    /// Wall time of an evaluation; none: the source has amortised seconds only.
    pub latency_seconds: Option<f64>,
    /// The same over the images in it.
    pub amortised_seconds: Option<f64>,
    /// Images in an evaluation; none: the source does not say.
    pub images: Option<u32>,
    /// The machine.
    pub hardware: String,
    /// Threads that worked; none: the source does not say.
    pub threads: Option<u32>,
    /// log2 of the ring dimension.
    pub log_n: Option<u32>,
    /// Memory.
    pub memory_gb: Option<f64>,
    /// `yes` or `no`.
    pub bootstrapping: String,
    /// Year of the source.
    pub year: u32,
    /// Where it stands.
    pub source: String,
}

/// How its seconds compare with those of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// One thread worked.
    OneThread,
    /// Wall time while several worked.
    SeveralThreads,
    /// Wall time on a graphics processor.
    Gpu,
    /// Wall time, and the source does not say of how many threads.
    Unknown,
}

impl Clock {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::OneThread => "one thread",
            Self::SeveralThreads => "wall time, several threads",
            Self::Gpu => "wall time, GPU",
            Self::Unknown => "wall time, threads not stated",
        }
    }
}

impl Published {
    /// Seconds of an image; of a batch over its images, if the source measured one.
    #[must_use]
    pub fn seconds_per_image(&self) -> Option<f64> {
        self.amortised_seconds.or(self.latency_seconds)
    }

    /// Whether those are of a batch over its images.
    #[must_use]
    pub fn is_batched(&self) -> bool {
        self.amortised_seconds.is_some() && self.amortised_seconds != self.latency_seconds
    }

    /// How its seconds compare with those of others.
    #[must_use]
    pub fn clock(&self) -> Clock {
        match self.threads {
            _ if self.hardware.contains("GPU") || self.hardware.contains("NVIDIA") => Clock::Gpu,
            Some(1) => Clock::OneThread,
            Some(_) => Clock::SeveralThreads,
            None => Clock::Unknown,
        }
    }
}

/// All published measurements.
///
/// # Errors
/// [`ReportError::Compute`] if the file in the program is damaged.
pub fn published() -> Result<Vec<Published>, ReportError> {
    let wrong = |error: csv::Error| ReportError::Compute { what: "published results", reason: error.to_string() };
    csv::Reader::from_reader(FILE.as_bytes()).deserialize().collect::<Result<_, _>>().map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_a_source_and_a_clock() {
        let all = published().unwrap();
        assert!(all.len() > 15);
        for one in &all {
            assert!(!one.source.is_empty() && !one.hardware.is_empty() && one.seconds_per_image().is_some(), "{one:?}");
        }
        let clock = |system: &str| all.iter().find(|one| one.system.starts_with(system)).unwrap().clock();
        assert_eq!(
            ["ACE", "AutoFHE", "Cheddar", "FHEON"].map(clock),
            [Clock::OneThread, Clock::SeveralThreads, Clock::Gpu, Clock::Unknown]
        );
    }
}

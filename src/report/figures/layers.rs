//! The layers of one trial, as figures need them.

use crate::report::ReportError;
use crate::report::columns::trial;
use crate::report::groups::Group;
use crate::report::rows::Rows;
use crate::report::security;
use crate::report::table::Table;
use crate::report::words;

/// The layers of one trial in evaluation order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LayerSeries {
    /// Which configuration it is, such as `ResNet-20 (width 16) on CIFAR-10, N = 2¹⁵, packed layout`.
    pub title: String,
    /// Names of the layers.
    pub names: Vec<String>,
    /// Level before the layer.
    pub level_in: Vec<Option<f64>>,
    /// Level after the layer.
    pub level_out: Vec<Option<f64>>,
    /// log2 of the scale after the layer's rescale.
    pub scale_bits: Vec<Option<f64>>,
    /// Median seconds.
    pub seconds: Vec<Option<f64>>,
    /// Of these, encoding diagonals.
    pub encode_seconds: Vec<Option<f64>>,
    /// The linear transform with its rescale, and the bias.
    pub linear_seconds: Vec<Option<f64>>,
    /// Squaring and relinearization.
    pub square_seconds: Vec<Option<f64>>,
    /// Packing into complex slots.
    pub pack_seconds: Vec<Option<f64>>,
}

impl LayerSeries {
    /// The layers of a trial.
    ///
    /// # Errors
    /// [`ReportError::Column`].
    pub fn of(title: String, layers: &Table) -> Result<Self, ReportError> {
        Ok(Self {
            title,
            names: layers.text("name")?,
            level_in: layers.numbers("level_in")?,
            level_out: layers.numbers("level_out")?,
            scale_bits: layers.numbers("scale_bits")?,
            seconds: layers.numbers("seconds")?,
            encode_seconds: layers.numbers("encode_seconds")?,
            linear_seconds: layers.numbers("linear_seconds")?,
            square_seconds: layers.numbers("square_seconds")?,
            pack_seconds: layers.numbers("pack_seconds")?,
        })
    }

    /// Whether two trials have the same course of levels and scales.
    #[must_use]
    pub fn has_levels_of(&self, other: &Self) -> bool {
        let of = |series: &Self| (series.names.clone(), series.level_in.clone(), series.level_out.clone());
        of(self) == of(other) && self.scale_bits == other.scale_bits
    }
}

/// What a figure about the layers of some trials says of them: what they share of the settings in which figures `differ`, of ring and
/// layout, and, if all have the same, of their security. Threads matter to seconds alone, and are in `differ` where they are said.
#[must_use]
pub fn heading(rows: &Rows, trials: &[usize], differ: &[&'static str]) -> String {
    let Some(first) = trials.first() else { return String::new() };
    let mut names = vec![trial::LOG_N, trial::LAYOUT];
    names.extend(differ.iter().filter(|name| ![trial::LOG_N, trial::LAYOUT].contains(*name)));
    names.retain(|name| trials.iter().all(|row| rows.text(name, *row) == rows.text(name, *first)));
    let mut parts = vec![words::network_on_dataset(rows, *first)];
    parts.push(words::settings(rows, &Group { rows: vec![*first] }, &names));
    let security = security::word(rows, *first);
    if trials.iter().all(|row| security::word(rows, *row) == security) {
        parts.push(security.to_owned());
    }
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::rows::tests::rows;

    #[test]
    fn a_heading_says_what_its_trials_share() {
        let rows = rows(
            "trial_id,status,network,width,dataset,log_n,layout,clusters,threads,security_2018,security_2024\n\
             a,ok,resnet20,16,cifar10,15,channel,4,2,secure,secure\nb,ok,resnet20,16,cifar10,15,channel,64,2,secure,insecure\n",
        );
        let network = "ResNet-20 (width 16) on CIFAR-10, N = 2¹⁵, channel layout";
        assert_eq!(heading(&rows, &[0, 1], &[trial::CLUSTERS]), network);
        let one = heading(&rows, &[1], &[trial::CLUSTERS, trial::THREADS]);
        assert_eq!(one, format!("{network}, K = 64, 2 threads, insecure (2024 line)"));
    }
}

//! What is clustered, into how many values, and how.

use crate::choice::choice;
use crate::network::error::NetworkError;

choice! {
    /// Which convolution weights share one set of values.
    #[cfg_attr(feature = "harness", derive(clap::ValueEnum))]
    pub enum ClusterMode {
        /// All weights and biases of a member's convolutions.
        Full = "full",
        /// The weights of one kernel column of one convolution of a member. Biases stay.
        #[default]
        Slice = "slice",
        /// As `slice`, but for all members together: what shares a vector of values, one for each member, are positions of
        /// weights. Biases stay.
        Joint = "joint",
    }
}

choice! {
    /// How the values are found.
    pub enum ClusterAlgorithm {
        /// k-means++ (Arthur and Vassilvitskii 2007) and Lloyd's iteration: a local optimum, which the seed decides.
        #[default]
        Lloyd = "lloyd",
        /// The optimum of one-dimensional k-means, by regularisation (Grønlund et al. 2017); not for joint clustering.
        Exact = "exact",
    }
}

/// Options of [`cluster`](super::cluster).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClusterOptions {
    /// K, the largest number of distinct values (or vectors of values) that is left in each group.
    pub clusters: usize,
    /// What a group is.
    pub mode: ClusterMode,
    /// How its values are found.
    pub algorithm: ClusterAlgorithm,
    /// Seed of k-means++; the exact algorithm draws nothing.
    pub seed: u64,
    /// Most iterations of Lloyd.
    pub max_iterations: usize,
}

impl Default for ClusterOptions {
    /// 64 clusters per slice, by at most 1000 iterations of Lloyd.
    fn default() -> Self {
        Self {
            clusters: 64,
            mode: ClusterMode::default(),
            algorithm: ClusterAlgorithm::default(),
            seed: 0,
            max_iterations: 1000,
        }
    }
}

impl ClusterOptions {
    /// Checks the options on their own, without networks.
    ///
    /// # Errors
    /// [`NetworkError::Clusters`], [`NetworkError::ClusterIterations`] or [`NetworkError::JointExact`].
    pub const fn check(&self) -> Result<(), NetworkError> {
        if self.clusters < 2 {
            return Err(NetworkError::Clusters { found: self.clusters });
        }
        if self.max_iterations == 0 {
            return Err(NetworkError::ClusterIterations);
        }
        match (self.mode, self.algorithm) {
            (ClusterMode::Joint, ClusterAlgorithm::Exact) => Err(NetworkError::JointExact),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_records() {
        let modes = ClusterMode::ALL.map(ClusterMode::as_str);
        assert_eq!(
            (modes, ClusterAlgorithm::ALL.map(ClusterAlgorithm::as_str)),
            (["full", "slice", "joint"], ["lloyd", "exact"])
        );
        let text = serde_yaml::from_str::<ClusterMode>("layer").unwrap_err().to_string();
        assert!(text.contains("expected one of `full`, `slice`, `joint`"), "{text}");
    }

    #[test]
    fn impossible_options_are_refused() {
        let sound = ClusterOptions::default();
        sound.check().unwrap();
        let text = |options: ClusterOptions| options.check().unwrap_err().to_string();
        for clusters in [0, 1] {
            let found = text(ClusterOptions { clusters, ..sound });
            assert_eq!(found, format!("{clusters} clusters are not possible: choose 2 or more, such as 64"));
        }
        let found = text(ClusterOptions { max_iterations: 0, ..sound });
        assert!(found.starts_with("0 iterations of Lloyd leave"), "{found}");
        let joint = ClusterOptions { mode: ClusterMode::Joint, algorithm: ClusterAlgorithm::Exact, ..sound };
        assert!(text(joint).contains("choose algorithm lloyd, or mode slice or full"));
    }
}

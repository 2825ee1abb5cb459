//! A graph with its weights.

use std::path::Path;

use super::architecture::Architecture;
use super::error::NetworkError;
use super::graph::Graph;
use super::weights::{Weights, WeightsFile};

/// A graph and weights that fit it.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    graph: Graph,
    weights: Weights,
}

impl Network {
    /// Puts a graph and its weights together.
    ///
    /// # Errors
    /// Those of [`Weights::check`].
    pub fn new(graph: Graph, weights: Weights) -> Result<Self, NetworkError> {
        weights.check(&graph, "weights in memory")?;
        Ok(Self { graph, weights })
    }

    /// A network with random weights, reproducible from `seed`; see [`Weights::random`].
    ///
    /// # Errors
    /// Those of [`Architecture::graph`].
    pub fn random(architecture: &Architecture, seed: u64) -> Result<Self, NetworkError> {
        let graph = architecture.graph()?;
        let weights = Weights::random(&graph, seed)?;
        Ok(Self { graph, weights })
    }

    /// Reads the weights of `architecture` from a safetensors file; also returns the file's SHA-256.
    ///
    /// # Errors
    /// Those of [`Architecture::graph`] and [`WeightsFile::read`].
    pub fn read(architecture: &Architecture, path: &Path) -> Result<(Self, String), NetworkError> {
        let graph = architecture.graph()?;
        let WeightsFile { weights, sha256 } = WeightsFile::read(path, &graph)?;
        Ok((Self { graph, weights }, sha256))
    }

    /// The graph.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The weights.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// The weights, to be changed in place. Evaluation reports tensors that no longer fit the graph.
    #[cfg(test)]
    pub(super) fn weights_mut(&mut self) -> &mut Weights {
        &mut self.weights
    }
}

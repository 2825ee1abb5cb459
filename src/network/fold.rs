//! Batch normalisation into the convolution before it (method section 3, node fusing).

use super::error::NetworkError;
use super::graph::{Graph, Operation};
use super::instance::Network;
use super::plain::batch_norm;
use super::weights::{Tensor, Weights};

impl Network {
    /// The same function without batch normalisation: each convolution has a bias, and tensors `NAME.weight` and
    /// `NAME.bias`. With `scale = gamma / sqrt(var + epsilon)`, weights are multiplied by `scale` per output channel
    /// and the bias is `bias * scale + beta - mean * scale`. Computed in double precision.
    ///
    /// # Errors
    /// [`NetworkError::NotLowerable`] for a batch normalisation that follows no convolution;
    /// [`NetworkError::TensorValue`] if a folded weight is too large for double precision.
    pub fn folded(&self) -> Result<Self, NetworkError> {
        let old = self.graph();
        let mut graph = Graph::new(old.input());
        let mut weights = Weights::new();
        // The new index of each old node.
        let mut places = vec![0];
        for node in &old.nodes()[1..] {
            let inputs: Vec<usize> = node.inputs.iter().map(|&input| places[input]).collect();
            if let Operation::BatchNorm { epsilon } = node.operation {
                let convolution = &graph.nodes()[inputs[0]];
                if !matches!(convolution.operation, Operation::Convolution { .. }) {
                    let reason = "batch normalisation can be folded only into a convolution right before it";
                    return Err(NetworkError::NotLowerable { node: node.name.clone(), reason });
                }
                let affine = batch_norm(self.weights(), &node.name, epsilon)?;
                fuse(&mut weights, &convolution.name, &affine);
                places.push(inputs[0]);
                continue;
            }
            for parameter in node.parameters() {
                if let Some(tensor) = self.weights().get(&parameter.name) {
                    weights.insert(parameter.name, tensor.clone());
                }
            }
            let mut operation = node.operation;
            if let Operation::Convolution { bias, out_channels, .. } = &mut operation
                && !*bias
            {
                *bias = true;
                weights.insert(format!("{}.bias", node.name), Tensor::from_fn(vec![*out_channels], |_| 0.0));
            }
            places.push(graph.push(node.name.clone(), operation, inputs, node.shape));
        }
        Self::new(graph, weights)
    }
}

/// Applies `[scale, shift]` per output channel to the convolution `name`.
fn fuse(weights: &mut Weights, name: &str, affine: &[[f64; 2]]) {
    if let Some(kernel) = weights.get_mut(&format!("{name}.weight")) {
        let values = kernel.values_mut();
        let rows = values.chunks_exact_mut((values.len() / affine.len()).max(1));
        for (row, [scale, _]) in rows.zip(affine) {
            row.iter_mut().for_each(|weight| *weight *= scale);
        }
    }
    if let Some(bias) = weights.get_mut(&format!("{name}.bias")) {
        for (value, [scale, shift]) in bias.values_mut().iter_mut().zip(affine) {
            *value = *value * scale + shift;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::plain::PlainNetwork;
    use crate::network::random::tests::tiny;

    #[test]
    fn folding_changes_no_value() {
        for seed in 0..5 {
            let network = tiny(seed);
            let folded = network.folded().unwrap();
            assert!(folded.graph().nodes().iter().all(|node| !matches!(node.operation, Operation::BatchNorm { .. })));
            let image: Vec<f64> = (0..folded.graph().input().len()).map(|i| (i as f64 * 0.7).sin()).collect();
            let before = PlainNetwork::new(&network).unwrap().forward(&image).unwrap();
            let after = PlainNetwork::new(&folded).unwrap().forward(&image).unwrap();
            let pairs = before.logits.iter().zip(&after.logits).chain(before.largest.iter().zip(&after.largest));
            pairs.for_each(|(a, b): (&f64, &f64)| assert!((a - b).abs() < 1e-12, "{a} {b}"));
            assert_eq!(folded.folded().unwrap(), folded);
        }
    }
}

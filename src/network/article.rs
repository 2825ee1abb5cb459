//! Operations of the article's algorithm, counted from a network's graph (method section 5): one ciphertext for each channel,
//! hoisted rotations of every input, one product for each weight or, clustered, for each distinct weight of a kernel column.

use serde::{Deserialize, Serialize};

use super::graph::{Graph, Node, Operation};

/// Operations on ciphertexts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ArticleOperations {
    /// Rotations.
    pub rotations: u64,
    /// Ciphertexts that are rotated: all rotations of one share a decomposition.
    pub hoisting_groups: u64,
    /// Squarings.
    pub squarings: u64,
    /// Additions of two ciphertexts.
    pub additions: u64,
    /// Products of ciphertext and plaintext, one for each weight.
    pub classical_products: u64,
    /// Products of ciphertext and plaintext with clustered weights.
    pub clustered_products: u64,
}

impl ArticleOperations {
    /// Adds to each number that of `other`.
    pub const fn add(&mut self, other: &Self) {
        self.rotations += other.rotations;
        self.hoisting_groups += other.hoisting_groups;
        self.squarings += other.squarings;
        self.additions += other.additions;
        self.classical_products += other.classical_products;
        self.clustered_products += other.clustered_products;
    }

    /// The sum over layers.
    #[must_use]
    pub fn total(layers: &[ArticleLayer]) -> Self {
        layers.iter().fold(Self::default(), |mut sum, layer| {
            sum.add(&layer.operations);
            sum
        })
    }
}

/// A layer as [`Network::lower`](super::Network::lower) names it, with its shortcut, its activation, or the pool before the
/// classifier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArticleLayer {
    /// Name, such as `layer1.0.conv2`.
    pub name: String,
    /// What it takes.
    pub operations: ArticleOperations,
}

/// The layers of `graph`, for `clusters` distinct weights in each kernel column of a convolution.
#[must_use]
pub fn article_operations(graph: &Graph, clusters: usize) -> Vec<ArticleLayer> {
    let mut layers = Vec::new();
    let mut sum = ArticleOperations::default();
    let mut name: Option<&str> = None;
    for node in graph.nodes() {
        if matches!(node.operation, Operation::Convolution { .. }) {
            name.get_or_insert(&node.name);
        }
        sum.add(&of_node(graph, node, clusters));
        if matches!(node.operation, Operation::Activation(_) | Operation::Linear { .. }) {
            let name = name.take().unwrap_or(&node.name).to_owned();
            layers.push(ArticleLayer { name, operations: std::mem::take(&mut sum) });
        }
    }
    layers
}

fn of_node(graph: &Graph, node: &Node, clusters: usize) -> ArticleOperations {
    let channels = node.shape.channels as u64;
    let none = ArticleOperations::default();
    let counts = match node.operation {
        Operation::Convolution { in_channels, out_channels, kernel, .. } => {
            let taps = kernel * kernel;
            // A product for each cluster that a column may hold.
            let distinct = clusters.min(in_channels * kernel);
            let rotated = if taps > 1 { in_channels } else { 0 };
            [(taps - 1) * rotated, rotated, 0, out_channels * (in_channels * taps - 1)]
                .into_iter()
                .chain([out_channels * in_channels * taps, out_channels * kernel * distinct])
                .map(|count| count as u64)
                .collect::<Vec<u64>>()
        }
        // x^2 + c x: a squaring, a product and an addition.
        Operation::Activation(_) => vec![0, 0, channels, channels, channels, channels],
        // An identity comes at another scale than a convolution's output; a product by one makes up for it.
        Operation::Add => {
            let identity = |&input: &usize| matches!(graph.nodes()[input].operation, Operation::Activation(_));
            let products = channels * node.inputs.iter().filter(|input| identity(input)).count() as u64;
            // Channels of zeros are not added.
            let zeros = |&input: &usize| match graph.nodes()[input].operation {
                Operation::PadChannels(placement) => (placement.before + placement.after) as u64,
                _ => 0,
            };
            let zeros: u64 = node.inputs.iter().map(zeros).sum();
            vec![0, 0, 0, channels - zeros, products, products]
        }
        Operation::PadChannels(_) => {
            let products = graph.nodes()[node.inputs[0]].shape.channels as u64;
            vec![0, 0, 0, 0, products, products]
        }
        Operation::AveragePool { height, width } => {
            let others = (height * width) as u64 - 1;
            vec![channels * others, if others > 0 { channels } else { 0 }, 0, channels * others, 0, 0]
        }
        Operation::Linear { outputs, .. } => {
            // The pool's windows of a channel share a ciphertext; their products are summed by rotations.
            let from = graph.nodes()[node.inputs[0]].shape;
            let (windows, outputs) = ((from.height * from.width) as u64, outputs as u64);
            let inputs = from.channels as u64;
            let rotated = if windows > 1 { outputs } else { 0 };
            let additions = outputs * (inputs - 1 + windows - 1);
            vec![outputs * (windows - 1), rotated, 0, additions, outputs * inputs, outputs * inputs]
        }
        Operation::Input | Operation::BatchNorm { .. } => return none,
    };
    let [rotations, hoisting_groups, squarings, additions, classical_products, clustered_products] = counts[..] else {
        return none;
    };
    ArticleOperations { rotations, hoisting_groups, squarings, additions, classical_products, clustered_products }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Architecture, Network, Pool, Shortcut};

    /// Millions with two decimals, as method.md prints them.
    fn millions(count: u64) -> String {
        format!("{:.2}", count as f64 / 1e6)
    }

    #[test]
    fn totals_are_those_of_the_method() {
        let expected = [
            ("resnet18", [34_840, 3_907, 3_904], ["11.17", "11.17", "0.81"]),
            ("resnet20", [23_862, 2_765, 2_752], ["4.33", "4.33", "0.55"]),
            ("resnet32", [38_198, 4_557, 4_544], ["7.42", "7.42", "0.90"]),
        ];
        for (name, counts, in_millions) in expected {
            let graph = Architecture::named(name, 64, 10).unwrap().graph().unwrap();
            let total = ArticleOperations::total(&article_operations(&graph, 64));
            assert_eq!([total.rotations, total.hoisting_groups, total.squarings], counts, "{name}");
            let found = [total.additions, total.classical_products, total.clustered_products].map(millions);
            assert_eq!(found, in_millions, "{name}");
        }
    }

    #[test]
    fn layers_are_those_of_the_lowered_network() {
        let architecture = Architecture::named("resnet20", 2, 10).unwrap();
        let layers = article_operations(&architecture.graph().unwrap(), 64);
        let lowered = Network::random(&architecture, 0).unwrap().lower().unwrap();
        let names = |all: Vec<&String>| all.into_iter().cloned().collect::<Vec<_>>();
        assert_eq!(
            names(layers.iter().map(|layer| &layer.name).collect()),
            names(lowered.layers.iter().map(|layer| &layer.name).collect())
        );
        // By hand: 3 inputs in 9 taps to 2 outputs, two activations.
        let expected = ArticleOperations {
            rotations: 24,
            hoisting_groups: 3,
            squarings: 2,
            additions: 2 * 26 + 2,
            classical_products: 54 + 2,
            clustered_products: 54 + 2,
        };
        assert_eq!(layers[0].operations, expected);
        // A shortcut that pads 2 channels to 4: a product for each of the two, and two additions fewer.
        let last = |shortcut| {
            let graph = Architecture::named("resnet20", 2, 10).unwrap().with(shortcut, Pool::Standard).graph().unwrap();
            let layers = article_operations(&graph, 64);
            layers.into_iter().find(|layer| layer.name == "layer2.0.conv2").unwrap().operations
        };
        let (projection, pad) = (last(Shortcut::Projection), last(Shortcut::Pad));
        assert_eq!(projection.classical_products - pad.classical_products, 4 * 2 - 2);
        assert_eq!(projection.additions - pad.additions, 4 + 2);
    }
}

//! Levels that a network consumes with each optimisation switched on or off, from its graph alone (method sections 3 and 4).

use serde::{Deserialize, Serialize};

use super::stages::Stage;
use crate::network::ActivationForm;
use crate::network::graph::{Graph, Node, Operation};

/// The optimisations that decide how many levels a network consumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LevelSwitches {
    /// Whether batch normalisation is merged into convolutions, and the average pool's divisor into the classifier.
    pub node_fusing: bool,
    /// Where the activations' coefficients are.
    pub activation_form: ActivationForm,
    /// Whether one prime pays for a linear map and the squaring after it.
    pub tower_reuse: bool,
}

impl LevelSwitches {
    /// All combinations; the first has no optimisation, the last all of them.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let combination =
            |node_fusing, activation_form, tower_reuse| Self { node_fusing, activation_form, tower_reuse };
        let forms =
            |fusing| ActivationForm::ALL.map(|form| [false, true].map(|reuse| combination(fusing, form, reuse)));
        [false, true].into_iter().flat_map(forms).flatten().collect()
    }
}

/// What levels are spent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct LevelCosts {
    /// Convolutions.
    pub convolution: usize,
    /// Batch normalisation.
    pub batch_norm: usize,
    /// Squarings.
    pub squaring: usize,
    /// Leading coefficients of activations.
    pub coefficient: usize,
    /// Divisor of the average pool.
    pub pool: usize,
    /// The classifier.
    pub classifier: usize,
}

impl LevelCosts {
    /// The sum.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.convolution + self.batch_norm + self.squaring + self.coefficient + self.pool + self.classifier
    }

    const fn plus(self, other: Self) -> Self {
        Self {
            convolution: self.convolution + other.convolution,
            batch_norm: self.batch_norm + other.batch_norm,
            squaring: self.squaring + other.squaring,
            coefficient: self.coefficient + other.coefficient,
            pool: self.pool + other.pool,
            classifier: self.classifier + other.classifier,
        }
    }

    /// What one node costs: the stages that nothing else pays for. An affine map that is not merged with a neighbour is a linear
    /// layer of its own. A plaintext product of the activation's linear coefficient stands beside the squaring, not after it,
    /// and costs no level more.
    fn of(node: &Node, switches: LevelSwitches) -> Self {
        let linear = Stage::Linear.levels();
        let unmerged = if switches.node_fusing { 0 } else { linear };
        match node.operation {
            Operation::Convolution { .. } => Self { convolution: linear, ..Self::default() },
            Operation::BatchNorm { .. } => Self { batch_norm: unmerged, ..Self::default() },
            Operation::Activation(_) => {
                let (leading, multiple) = match switches.activation_form {
                    ActivationForm::Full => (true, true),
                    ActivationForm::Monic => (false, true),
                    ActivationForm::Square => (false, false),
                };
                let mut costs = Self::default();
                for stage in Stage::of_activation(leading, multiple, switches.tower_reuse) {
                    match stage {
                        Stage::Leading => costs.coefficient += stage.levels(),
                        _ => costs.squaring += stage.levels(),
                    }
                }
                costs
            }
            Operation::AveragePool { .. } => Self { pool: unmerged, ..Self::default() },
            Operation::Linear { .. } => Self { classifier: linear, ..Self::default() },
            Operation::Input | Operation::Add | Operation::PadChannels(_) => Self::default(),
        }
    }
}

/// A node of a graph and its levels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeLevels {
    /// Name of the node, such as `layer1.0.conv2`.
    pub name: String,
    /// Levels of this node alone.
    pub own: LevelCosts,
    /// Levels from the image to this node's value, on the way that costs the most.
    pub spent: LevelCosts,
}

/// The nodes of `graph` in order; the last has what the network consumes.
#[must_use]
pub fn levels(graph: &Graph, switches: LevelSwitches) -> Vec<NodeLevels> {
    let mut all: Vec<NodeLevels> = Vec::with_capacity(graph.nodes().len());
    for node in graph.nodes() {
        let own = LevelCosts::of(node, switches);
        let before = node.inputs.iter().map(|&input| all[input].spent).max_by_key(LevelCosts::total);
        all.push(NodeLevels { name: node.name.clone(), own, spent: before.unwrap_or_default().plus(own) });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Architecture;

    fn graph(name: &str) -> Graph {
        Architecture::named(name, 64, 10).unwrap().graph().unwrap()
    }

    fn total(graph: &Graph, node_fusing: bool, activation_form: ActivationForm, tower_reuse: bool) -> usize {
        let switches = LevelSwitches { node_fusing, activation_form, tower_reuse };
        levels(graph, switches).last().unwrap().spent.total()
    }

    #[test]
    fn each_switch_costs_what_the_method_derives() {
        use ActivationForm::{Full, Monic, Square};
        // A activations in a row: A convolutions and the classifier cost A + 1 levels (method section 4).
        for (name, activations) in [("resnet18", 17), ("resnet20", 19), ("resnet32", 31)] {
            let graph = graph(name);
            let best = total(&graph, true, Square, true);
            assert_eq!(best, activations + 1, "{name}");
            for form in [Full, Monic, Square] {
                for fusing in [false, true] {
                    // One prime more for each squaring.
                    let reused = total(&graph, fusing, form, true);
                    assert_eq!(total(&graph, fusing, form, false), reused + activations, "{name}");
                }
                for reuse in [false, true] {
                    // One multiplication more for each batch normalisation on the way, and the divisor.
                    let fused = total(&graph, true, form, reuse);
                    assert_eq!(total(&graph, false, form, reuse), fused + activations + 1, "{name}");
                }
            }
            for (fusing, reuse) in [(false, false), (false, true), (true, false), (true, true)] {
                // A full polynomial costs its leading coefficient; the monic one costs no more than a square.
                let square = total(&graph, fusing, Square, reuse);
                assert_eq!(total(&graph, fusing, Monic, reuse), square, "{name}");
                assert_eq!(total(&graph, fusing, Full, reuse), square + activations, "{name}");
            }
            let none = total(&graph, false, Full, false);
            assert_eq!(none, 4 * activations + 2, "{name}");
        }
    }

    #[test]
    fn averages_cost_a_level_each_unless_they_are_merged() {
        use ActivationForm::{Full, Square};
        let graph = graph("vgg16");
        // Thirteen convolutions, two connected layers and the classifier.
        assert_eq!(total(&graph, true, Square, true), 16);
        assert_eq!(total(&graph, false, Square, true), 16 + 15 + 5);
        assert_eq!(total(&graph, false, Full, false), 16 + 15 + 5 + 2 * 15);
    }

    #[test]
    fn the_costliest_way_counts() {
        let graph = graph("resnet20");
        let none = LevelSwitches { node_fusing: false, activation_form: ActivationForm::Full, tower_reuse: false };
        let table = levels(&graph, none);
        let spent = |name: &str| table.iter().find(|node| node.name == name).unwrap().spent.total();
        // Two convolutions, batch normalisations and one activation; the projection beside them costs two.
        assert_eq!(spent("layer2.0.add"), spent("layer1.2.act2") + 2 * 2 + 2);
        assert_eq!(spent("layer2.0.shortcut.bn"), spent("layer1.2.act2") + 2);
        let last = table.last().unwrap().spent;
        let expected =
            LevelCosts { convolution: 19, batch_norm: 19, squaring: 19, coefficient: 19, pool: 1, classifier: 1 };
        assert_eq!(last, expected);
        let combinations = LevelSwitches::all();
        assert_eq!((combinations.len(), combinations[0]), (12, none));
        assert_eq!(levels(&graph, combinations[11]).last().unwrap().spent.total(), 20);
    }
}

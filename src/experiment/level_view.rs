//! The table of levels: what every network consumes under every combination of the optimisations.

use serde::{Deserialize, Serialize};

use super::ExperimentError;
use crate::inference::levels::{LevelCosts, LevelSwitches, NodeLevels, levels};
use crate::network::Architecture;
use crate::network::registry::{NamedArchitecture, REGISTRY};

/// Levels do not depend on it, nor on the width.
const CLASSES: usize = 10;

/// One network under one combination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelView {
    /// Architecture.
    pub network: String,
    /// The combination.
    #[serde(flatten)]
    pub switches: LevelSwitches,
    /// Levels from the image to the logits.
    pub levels: usize,
    /// What they are spent on, on the way that costs the most.
    pub costs: LevelCosts,
    /// Every node in order.
    pub nodes: Vec<NodeLevels>,
}

/// A line of the table by layers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelRow {
    /// Architecture.
    pub network: String,
    /// Whether batch normalisation and the pool's divisor are merged into their neighbours.
    pub node_fusing: bool,
    /// Form of the activations.
    pub activation_form: &'static str,
    /// Whether one prime pays for a linear map and the squaring after it.
    pub tower_reuse: bool,
    /// Name of the node.
    pub node: String,
    /// Levels that it consumes.
    pub levels: usize,
    /// Levels from the image to its value.
    pub spent: usize,
}

/// All networks under all combinations, the one without any optimisation first.
///
/// # Errors
/// None for the networks that there are.
pub fn level_views() -> Result<Vec<LevelView>, ExperimentError> {
    let mut views = Vec::new();
    for &NamedArchitecture { name: network, standard_width, .. } in REGISTRY {
        let graph = Architecture::named(network, standard_width, CLASSES)?.graph()?;
        views.extend(LevelSwitches::all().into_iter().map(|switches| {
            let nodes = levels(&graph, switches);
            let costs = nodes.last().map(|node| node.spent).unwrap_or_default();
            LevelView { network: network.to_owned(), switches, levels: costs.total(), costs, nodes }
        }));
    }
    Ok(views)
}

/// The lines of the table by layers.
#[must_use]
pub fn level_rows(views: &[LevelView]) -> Vec<LevelRow> {
    let rows = |view: &LevelView| {
        let LevelView { network, switches, nodes, .. } = view.clone();
        nodes.into_iter().map(move |node| LevelRow {
            network: network.clone(),
            node_fusing: switches.node_fusing,
            activation_form: switches.activation_form.as_str(),
            tower_reuse: switches.tower_reuse,
            node: node.name,
            levels: node.own.total(),
            spent: node.spent.total(),
        })
    };
    views.iter().flat_map(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_holds_every_combination() {
        let views = level_views().unwrap();
        assert_eq!(views.len(), REGISTRY.len() * 12);
        let totals: Vec<usize> = views.iter().filter(|v| v.network == "resnet20").map(|v| v.levels).collect();
        assert_eq!((totals[0], totals[11]), (78, 20));
        assert!(totals.iter().all(|total| (20..=78).contains(total)));
        let rows = level_rows(&views);
        assert_eq!(rows.len(), views.iter().map(|view| view.nodes.len()).sum::<usize>());
        let last = rows.iter().rfind(|row| row.network == "resnet32");
        assert_eq!(last.map(|row| (row.node.as_str(), row.spent)), Some(("linear", 32)));
    }
}

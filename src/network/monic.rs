//! Where the leading coefficients go in the monic form (method section 3).
//!
//! An activation whose input carries a factor f leaves the scale c2 / f^2 to what reads it. A convolution takes any scale
//! into its weights. An identity shortcut has none: what it joins must have the factor f' = f^2 / c2 in its input, so that
//! both agree. From the last activation of a chain of shortcuts, whose factor is 1, that gives `f = sqrt(c2 f')` for the
//! one before; with one coefficient everywhere, c2^(1 - 2^-k) for the one k blocks before the end.

use super::error::NetworkError;
use super::graph::{Graph, Operation};
use super::instance::Network;

/// For each activation, in order, the factor of every channel of its input.
pub(super) fn factors(network: &Network) -> Result<Vec<Vec<f64>>, NetworkError> {
    let graph = network.graph();
    let sites = sites(graph);
    let next = joined(graph, &sites);
    let mut leading = Vec::with_capacity(sites.len());
    for &site in &sites {
        let name = &graph.nodes()[site].name;
        let coefficients = network.weights().values(name, "coefficients")?;
        leading.push(coefficients.as_chunks::<3>().0.iter().map(|c| c[2]).collect::<Vec<f64>>());
    }
    // Magnitudes from the end of each chain, then signs from its start: f' has the sign of c2, since f^2 is positive.
    let mut factors: Vec<Vec<f64>> = leading.iter().map(|c2| vec![1.0; c2.len()]).collect();
    for site in (0..sites.len()).rev() {
        if let Some(next) = next[site] {
            let pairs = leading[site].iter().zip(&factors[next]);
            factors[site] = pairs.map(|(c2, factor)| (c2.abs() * factor).sqrt()).collect();
        }
    }
    for site in 0..sites.len() {
        if let Some(next) = next[site] {
            let signs = factors[next].iter_mut().zip(&leading[site]);
            signs.for_each(|(factor, c2)| *factor = factor.abs() * c2.signum());
        }
    }
    Ok(factors)
}

/// The activations.
fn sites(graph: &Graph) -> Vec<usize> {
    let is_site = |&index: &usize| matches!(graph.nodes()[index].operation, Operation::Activation(_));
    (0..graph.nodes().len()).filter(is_site).collect()
}

/// For each activation the one, by its place in `sites`, whose input it joins through an identity shortcut.
fn joined(graph: &Graph, sites: &[usize]) -> Vec<Option<usize>> {
    let mut next = vec![None; sites.len()];
    for (reader, &site) in sites.iter().enumerate() {
        let sum = &graph.nodes()[graph.nodes()[site].inputs[0]];
        if sum.operation == Operation::Add {
            let through = sum.inputs.iter().filter_map(|input| sites.iter().position(|site| site == input));
            // Of several, one is free of products; the others take a factor.
            through.take(1).for_each(|from| next[from] = Some(reader));
        }
    }
    next
}

//! Operation counts of the article's algorithm, alone or beside those of a plan.

use serde::{Deserialize, Serialize};

use super::ExperimentError;
use super::plan_view::{OperationCounts, PlanView};
use crate::dataset::{DatasetError, DatasetName};
use crate::network::Architecture;
use crate::network::article::{ArticleLayer, ArticleOperations, article_operations};
use crate::network::registry::{NamedArchitecture, REGISTRY};

/// Clusters of the article's main tables.
pub const CLUSTERS: usize = 64;

/// A network in the article's algorithm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArticleView {
    /// Architecture.
    pub network: String,
    /// Channels of the first stage.
    pub width: u32,
    /// Distinct weights of a kernel column that the clustered products are counted for.
    pub clusters: u64,
    /// The sum.
    pub total: ArticleOperations,
    /// By layer.
    pub layers: Vec<ArticleLayer>,
}

/// One layer in both algorithms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparedLayer {
    /// Name of the layer.
    pub name: String,
    /// In the article's algorithm.
    pub article: ArticleOperations,
    /// In this plan.
    pub ours: OperationCounts,
}

/// A trial's network in both algorithms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparedView {
    /// The trial.
    pub trial_id: String,
    /// Architecture.
    pub network: String,
    /// Channels of the first stage.
    pub width: u32,
    /// Distinct weights of a kernel column that the article's clustered products are counted for.
    pub clusters: u64,
    /// The layers of the plan; the article's algorithm has none for those that are there only without node fusing.
    pub layers: Vec<ComparedLayer>,
}

fn article(architecture: &Architecture, clusters: u64) -> Result<ArticleView, ExperimentError> {
    let layers = article_operations(&architecture.graph()?, usize::try_from(clusters).unwrap_or(usize::MAX));
    let total = ArticleOperations::total(&layers);
    let (network, width) = (architecture.name.clone(), architecture.stem_channels as u32);
    Ok(ArticleView { network, width, clusters, total, layers })
}

/// The article's networks, for CIFAR-10.
///
/// # Errors
/// None for the networks that there are.
pub fn article_views() -> Result<Vec<ArticleView>, ExperimentError> {
    let of_width = |known: &NamedArchitecture| Some((known.name, known.paper_width?));
    let networks = REGISTRY.iter().filter_map(of_width);
    let classes = DatasetName::Cifar10.classes();
    networks.map(|(name, width)| article(&Architecture::named(name, width, classes)?, CLUSTERS as u64)).collect()
}

/// A plan beside the article's algorithm, for as many clusters as the plan has, or 64.
///
/// # Errors
/// [`ExperimentError::Network`] for a network that is not known.
pub fn compared_view(plan: &PlanView) -> Result<ComparedView, ExperimentError> {
    let clusters = plan.clusters.as_ref().map_or(CLUSTERS as u64, |clusters| clusters.clusters);
    let dataset: DatasetName = plan.dataset.parse().map_err(DatasetError::from)?;
    let architecture = Architecture::named(&plan.network, plan.width as usize, dataset.classes())?;
    let article = article(&architecture.with(plan.shortcut, plan.pool), clusters)?;
    let of_layer = |name: &str| article.layers.iter().find(|layer| layer.name == name).map(|layer| layer.operations);
    let layers = plan.layers.iter().map(|layer| ComparedLayer {
        name: layer.name.clone(),
        article: of_layer(&layer.name).unwrap_or_default(),
        ours: layer.operations,
    });
    Ok(ComparedView {
        trial_id: plan.trial_id.clone(),
        network: plan.network.clone(),
        width: plan.width,
        clusters,
        layers: layers.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::plan_view::tests::sample_plan;
    use crate::network::Shortcut;

    #[test]
    fn a_plan_stands_beside_the_article() {
        let compared = compared_view(&sample_plan()).unwrap();
        assert_eq!((compared.clusters, compared.layers.len()), (64, 2));
        assert_eq!((compared.layers[0].article.hoisting_groups, compared.layers[0].ours.rotations), (3, 22));
        assert!(compared.layers[1].article.classical_products > 0);
        let padded = compared_view(&PlanView { shortcut: Shortcut::Pad, ..sample_plan() }).unwrap();
        assert_eq!(padded.layers[0], compared.layers[0]);
        assert_eq!(article_views().unwrap()[1].total.rotations, 23_862);
    }
}

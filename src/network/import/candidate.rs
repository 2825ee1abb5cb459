//! Tensors under one prefix, and how they fit a network.

use std::collections::BTreeMap;

use super::checkpoint::Checkpoint;
use super::names::renamed;
use super::stored_tensor::StoredTensor;
use super::wanted::Wanted;
use crate::dataset::DatasetName;
use crate::network::architecture::{Architecture, Pool, Shortcut};
use crate::network::error::NetworkError;
use crate::network::graph::{ActivationKind, Graph};
use crate::network::weights::Element;

/// Our name of the first convolution's weights, by which networks are found.
const STEM: &str = "conv1.weight";

/// Parts that a name of the first convolution's weights has at most, before it is renamed.
const STEM_PARTS: usize = 4;

/// Our name of the classifier's weights.
const CLASSIFIER: &str = "linear.weight";

/// Ends of names that no evaluation needs: PyTorch counts batches.
const COUNTER: &str = ".num_batches_tracked";

/// Names that a text lists at most.
const LISTED: usize = 4;

/// Tensors whose names begin alike.
pub(super) struct Candidate<'a> {
    /// How they begin; empty, or with a dot at its end.
    pub prefix: &'a str,
    /// By our name: theirs, the renamings that were applied, and the tensor.
    pub named: BTreeMap<String, Named<'a>>,
    /// Two tensors that would have one name.
    doubled: Option<String>,
}

pub(super) struct Named<'a> {
    pub theirs: &'a str,
    pub renamings: Vec<usize>,
    pub tensor: &'a StoredTensor,
}

/// A network whose tensors all are there.
pub(super) struct Fit {
    pub dataset: DatasetName,
    pub architecture: Architecture,
    pub width: usize,
    pub pool: Pool,
    pub graph: Graph,
}

/// Tensors that are not those of a network.
pub(super) struct Misfit {
    /// How many are.
    pub fitting: usize,
    /// What is wrong, in words.
    pub problem: String,
}

/// Most bytes of a tensor's name that is looked at, and most prefixes: far above every checkpoint.
const MOST_NAME: usize = 512;
const MOST_PREFIXES: usize = 256;
/// Most names that are looked at, each once below each prefix.
const MOST_NAMES: usize = 1 << 18;

/// All prefixes under which a first convolution lies.
pub(super) fn candidates(checkpoint: &Checkpoint) -> Vec<Candidate<'_>> {
    let mut prefixes: Vec<&str> = Vec::new();
    for name in checkpoint.tensors.keys().filter(|name| name.len() <= MOST_NAME) {
        let dots = name.rmatch_indices('.').map(|(at, _)| at + 1);
        let starts = dots.chain(std::iter::once(0)).take(STEM_PARTS);
        prefixes.extend(starts.filter(|at| renamed(&name[*at..]).0 == STEM).map(|at| &name[..at]));
    }
    prefixes.sort_unstable();
    prefixes.dedup();
    prefixes.truncate(MOST_PREFIXES.min(MOST_NAMES / checkpoint.tensors.len().max(1)).max(1));
    prefixes.into_iter().map(|prefix| Candidate::new(checkpoint, prefix)).collect()
}

impl<'a> Candidate<'a> {
    fn new(checkpoint: &'a Checkpoint, prefix: &'a str) -> Self {
        let (mut named, mut doubled) = (BTreeMap::<String, Named<'a>>::new(), None);
        for (theirs, tensor) in &checkpoint.tensors {
            let Some(rest) = theirs.strip_prefix(prefix).filter(|rest| rest.len() <= MOST_NAME) else { continue };
            let (ours, renamings) = renamed(rest);
            match named.get(&ours) {
                Some(known) => doubled = Some(format!("both `{}` and `{theirs}` would be `{ours}`", known.theirs)),
                None => _ = named.insert(ours, Named { theirs, renamings, tensor }),
            }
        }
        Self { prefix, named, doubled }
    }

    /// The prefix in words.
    pub fn place(&self) -> String {
        match self.prefix {
            "" => "without a prefix".to_owned(),
            prefix => format!("under `{prefix}`"),
        }
    }

    /// Whether the prefix says that these are averages over a training.
    pub fn is_average(&self) -> bool {
        let average = |word: &str| ["ema", "swa", "shadow", "teacher"].contains(&word) || word.starts_with("average");
        self.prefix.to_ascii_lowercase().split(['.', '_']).any(average)
    }

    /// The network called `network` among these tensors.
    ///
    /// # Errors
    /// [`Misfit`] with what is wrong: two tensors of one name, no classifier, classes that no data set has, an architecture that is refused,
    /// tensors that are missing or have other shapes.
    pub fn fit(&self, network: &str, wanted: &Wanted) -> Result<Fit, Misfit> {
        let none = |problem: String| Misfit { fitting: 0, problem };
        if let Some(doubled) = &self.doubled {
            return Err(none(format!("{doubled}; remove one of them")));
        }
        let shape = |name: &str| self.named.get(name).map(|named| named.tensor.shape.as_slice());
        let (Some(&[width, ..]), Some(&[classes, inputs])) = (shape(STEM), shape(CLASSIFIER)) else {
            return Err(none("there is no classifier `linear` or `fc` with weights for each class".to_owned()));
        };
        let dataset = match wanted.dataset {
            Some(dataset) => dataset,
            None => [DatasetName::Cifar10, DatasetName::Cifar100]
                .into_iter()
                .find(|dataset| dataset.classes() == classes)
                .ok_or_else(|| {
                    none(format!(
                        "it has {classes} classes, but the data sets here have 10 (cifar10) and 100 (cifar100)"
                    ))
                })?,
        };
        let projects = self.named.keys().any(|name| name.contains(".shortcut.conv."));
        let shortcut = wanted.shortcut.unwrap_or(if projects { Shortcut::Projection } else { Shortcut::Pad });
        let of = |error: NetworkError| none(error.to_string());
        let graph = |pool| -> Result<(Architecture, Graph), Misfit> {
            let named = Architecture::named(network, width, dataset.classes()).map_err(of)?;
            let mut architecture = named.with(shortcut, pool);
            if !self.named.contains_key("act1.coefficients") {
                architecture.activation = ActivationKind::Relu;
            }
            let graph = architecture.graph().map_err(of)?;
            Ok((architecture, graph))
        };
        let sees = |graph: &Graph| graph.parameters().into_iter().find(|p| p.name == CLASSIFIER).map(|p| p.shape[1]);
        let (mut pool, mut built) = (Pool::Standard, graph(Pool::Standard)?);
        if sees(&built.1) != Some(inputs) {
            let global = graph(Pool::Global)?;
            if sees(&global.1) == Some(inputs) {
                (pool, built) = (Pool::Global, global);
            }
        }
        let (architecture, graph) = built;
        self.check(network, width, &graph)?;
        Ok(Fit { dataset, architecture, width, pool, graph })
    }

    /// Whether all tensors of `graph` are there.
    fn check(&self, network: &str, width: usize, graph: &Graph) -> Result<(), Misfit> {
        let (mut missing, mut misshapen, mut fitting) = (Vec::new(), Vec::new(), 0);
        let parameters = graph.parameters();
        for parameter in &parameters {
            match self.named.get(&parameter.name) {
                None => missing.push(format!("`{}`", parameter.name)),
                Some(named) if named.tensor.shape != parameter.shape => {
                    misshapen.push(format!("`{}` {:?} for {:?}", named.theirs, named.tensor.shape, parameter.shape));
                }
                Some(_) => fitting += 1,
            }
        }
        if fitting == parameters.len() {
            return Ok(());
        }
        let mut problem =
            format!("{fitting} of the {} tensors of a {network} of width {width} are there", parameters.len());
        for (what, names) in [("missing", missing), ("of another shape", misshapen)] {
            if !names.is_empty() {
                problem += &format!("; {what}: {}", some(&names));
            }
        }
        Err(Misfit { fitting, problem })
    }

    /// Tensors that are no part of `graph`: those that no evaluation needs, and all others. `copies` are the prefixes of further networks
    /// in the file.
    pub fn surplus(&self, graph: &Graph, copies: &[&str]) -> (Vec<&'a str>, Vec<String>) {
        let parameters = graph.parameters();
        let (mut idle, mut others) = (Vec::new(), Vec::new());
        for (ours, Named { theirs, tensor, .. }) in &self.named {
            if parameters.iter().any(|parameter| parameter.name == *ours) {
                continue;
            }
            let count = matches!(tensor.element, Element::Whole(_)) && tensor.shape.iter().product::<usize>() == 1;
            let copied = copies.iter().any(|copy| copy.len() > self.prefix.len() && theirs.starts_with(copy));
            if theirs.ends_with(COUNTER) || count || copied {
                idle.push(*theirs);
            } else {
                others.push(format!("`{theirs}` {:?}", tensor.shape));
            }
        }
        (idle, others)
    }
}

/// The first of some names, and how many more there are.
pub(super) fn some(names: &[String]) -> String {
    let listed = names[..names.len().min(LISTED)].join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => listed,
        more => format!("{listed} and {more} more"),
    }
}

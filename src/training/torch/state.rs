//! The tensors of a training: one network that learns, and its replicas on other threads.

use std::sync::{Mutex, PoisonError};

use tch::{Device, Tensor};

use super::network::TorchNetwork;
use super::sgd::Sgd;
use super::stored::single_precision;
use super::tensors::{Named, Parameter};
use crate::network::graph::{Graph, Node, Operation};
use crate::network::{Network, Weights, widened};
use crate::training::{Recipe, TrainingError};

/// Networks that share their parameters, one for each part of a batch. Each has running statistics of its own, which are averaged
/// after every step.
#[derive(Debug)]
pub(super) struct State {
    /// The first one's parameters are those that the optimizer changes.
    pub(super) networks: Vec<TorchNetwork>,
    pub(super) sgd: Sgd,
}

impl State {
    /// Random initial weights from the recipe's seed.
    pub(super) fn new(recipe: &Recipe, graph: &Graph, device: Device) -> Self {
        // libtorch has one generator for the whole process.
        static GENERATOR: Mutex<()> = Mutex::new(());
        let generator = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
        tch::manual_seed(recipe.seed as i64);
        let first = TorchNetwork::build(graph, &recipe.activation, &mut |_, shape, init, trained| {
            init.tensor(shape).to(device).set_requires_grad(trained)
        });
        drop(generator);
        let mut networks = vec![first];
        for _ in 1..recipe.batch_parts {
            let first = &networks[0];
            let (mut parameters, mut statistics) = (first.parameters.iter(), first.statistics.iter());
            let replica = TorchNetwork::build(graph, &recipe.activation, &mut |_, shape, init, trained| {
                // A network asks for its tensors in one order, always.
                let shared = if trained { parameters.next().map(|p| &p.named) } else { statistics.next() };
                match shared.map(|named| named.tensor.detach()) {
                    Some(tensor) if trained => tensor.set_requires_grad(true),
                    Some(tensor) => tensor.copy(),
                    None => init.tensor(shape).to(device),
                }
            });
            networks.push(replica);
        }
        let sgd = Sgd::new(recipe.optimizer, &networks[0].parameters);
        Self { networks, sgd }
    }

    /// Takes over what `trained` has of the parameters and running statistics, by name and shape, widened if it has fewer channels.
    /// Blocks that it lacks begin as the identity, so that a deeper network begins as the one that was trained (Net2Net, Chen et al.,
    /// arXiv 1511.05641, section 2.3). `epsilon`: by how much the number that its batch normalisations add to a variance is larger than here;
    /// the running variances have it then. `seed` draws what tells the copies of a channel apart.
    ///
    /// # Errors
    /// [`TrainingError::Network`] if `trained` is wider or of a width that does not divide this one's; what libtorch reports.
    pub(super) fn begin_with(
        &mut self,
        trained: &Network,
        epsilon: f64,
        graph: &Graph,
        seed: u64,
    ) -> Result<(), TrainingError> {
        let weights = &widened(trained, graph, seed)?;
        let moments = trained.activation_moments()?;
        let silent = silent_norms(graph, weights);
        tch::no_grad(|| {
            for network in &mut self.networks {
                let parameters = network.parameters.iter_mut().map(|parameter| &mut parameter.named);
                for Named { name, tensor } in parameters.chain(&mut network.statistics) {
                    if let Some(mut known) = single_precision(weights, name, &tensor.size()) {
                        if name.ends_with(".running_var") {
                            known = known.f_add_scalar(epsilon)?.f_clamp_min(0.0)?;
                        }
                        tensor.f_copy_(&known)?;
                    } else if silent.contains(name) {
                        let _ = tensor.f_zero_()?;
                    }
                }
                network.begin_activations(weights, &moments)?;
            }
            Ok(())
        })
    }

    /// Gives every network the average of all running statistics.
    ///
    /// # Errors
    /// What libtorch reports.
    pub(super) fn average_statistics(&mut self) -> Result<(), tch::TchError> {
        if self.networks.len() == 1 {
            return Ok(());
        }
        tch::no_grad(|| {
            for index in 0..self.networks[0].statistics.len() {
                let all: Vec<&Tensor> = self.networks.iter().map(|network| &network.statistics[index].tensor).collect();
                let mean = Tensor::f_stack(&all, 0)?.f_mean_dim([0].as_slice(), false, None)?;
                for network in &mut self.networks {
                    network.statistics[index].tensor.f_copy_(&mean)?;
                }
            }
            Ok(())
        })
    }

    /// Every tensor that a checkpoint holds, with its name there.
    pub(super) fn tensors(&self) -> Vec<(String, Tensor)> {
        let first = &self.networks[0];
        let parameters = first.parameters.iter().map(|Parameter { named, .. }| entry("parameter", named));
        let statistics = first.statistics.iter().map(|named| entry("statistic", named));
        let momentum = first
            .parameters
            .iter()
            .zip(&self.sgd.momentum)
            .map(|(parameter, tensor)| (format!("momentum/{}", parameter.named.name), tensor.shallow_clone()));
        parameters.chain(statistics).chain(momentum).collect()
    }

    /// Takes over every tensor, by its name in a checkpoint.
    ///
    /// # Errors
    /// What `value` says of a tensor, or what libtorch reports.
    pub(super) fn restore<E: From<tch::TchError>>(
        &mut self,
        mut value: impl FnMut(&str, &[i64]) -> Result<Tensor, E>,
    ) -> Result<(), E> {
        tch::no_grad(|| {
            for (name, mut tensor) in self.tensors() {
                tensor.f_copy_(&value(&name, &tensor.size())?)?;
            }
            let (first, others) = self.networks.split_at_mut(1);
            for network in others {
                for (to, from) in network.statistics.iter_mut().zip(&first[0].statistics) {
                    to.tensor.f_copy_(&from.tensor)?;
                }
            }
            Ok(())
        })
    }
}

/// The scales of the norms that end a block which `weights` lack, where the block adds to its own input.
fn silent_norms(graph: &Graph, weights: &Weights) -> Vec<String> {
    let nodes = graph.nodes();
    let of_sum = |sum: &Node| {
        let inputs: Vec<&Node> = sum.inputs.iter().map(|&input| &nodes[input]).collect();
        let norm = |node: &&&Node| matches!(node.operation, Operation::BatchNorm { .. });
        // A projected shortcut ends with a norm too, and is no identity.
        let ends_block = inputs.iter().filter(norm).count() == 1;
        let scale = inputs.iter().find(norm).map(|node| format!("{}.weight", node.name));
        scale.filter(|scale| ends_block && weights.get(scale).is_none())
    };
    nodes.iter().filter(|node| node.operation == Operation::Add).filter_map(of_sum).collect()
}

fn entry(kind: &str, named: &Named) -> (String, Tensor) {
    (format!("{kind}/{}", named.name), named.tensor.detach())
}

//! Trained tensors as weights of a network.

use tch::{Device, Kind};

use super::network::TorchNetwork;
use crate::network::Weights;
use crate::network::graph::{Graph, ParameterRole};
use crate::network::weights::Tensor;

/// The weights that `graph` needs, with activations' coefficients made explicit.
///
/// # Errors
/// What libtorch reports.
pub(super) fn weights(network: &TorchNetwork, graph: &Graph) -> Result<Weights, tch::TchError> {
    let mut weights = Weights::new();
    let named = network.parameters.iter().map(|parameter| &parameter.named).chain(&network.statistics);
    let needed = graph.parameters();
    for named in named {
        let role = needed.iter().find(|parameter| parameter.name == named.name).map(|parameter| parameter.role);
        // What an activation learns reaches the weights through its coefficients.
        if role.is_some_and(|role| role != ParameterRole::Coefficients) {
            weights.insert(named.name.clone(), tensor(&named.tensor)?);
        }
    }
    for (name, site) in network.activations() {
        if let Some(coefficients) = site.coefficients() {
            weights.insert(format!("{name}.coefficients"), tensor(&coefficients)?);
        }
    }
    Ok(weights)
}

fn tensor(tensor: &tch::Tensor) -> Result<Tensor, tch::TchError> {
    let shape = tensor.size().iter().map(|&size| size as usize).collect();
    let flat = tensor.detach().f_to_device(Device::Cpu)?.f_to_kind(Kind::Double)?.f_flatten(0, -1)?;
    let values = Vec::<f64>::try_from(flat)?;
    Tensor::new(shape, values).ok_or_else(|| tch::TchError::Shape("a tensor's length is not its shape's".to_owned()))
}

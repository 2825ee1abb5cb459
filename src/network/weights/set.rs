//! All weights of a network.

use std::collections::BTreeMap;

use super::tensor::Tensor;
use crate::network::error::NetworkError;
use crate::network::graph::{Graph, ParameterRole};

/// Tensors by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Weights {
    tensors: BTreeMap<String, Tensor>,
}

impl Weights {
    /// No tensors.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a tensor.
    pub fn insert(&mut self, name: String, tensor: Tensor) {
        self.tensors.insert(name, tensor);
    }

    /// The tensor `name`.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name)
    }

    /// The tensor `name`, to be changed in place.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Tensor> {
        self.tensors.get_mut(name)
    }

    /// Names and tensors, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.tensors.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// Checks that these are the weights of `graph`: every tensor there, of the right shape, finite, variances not
    /// negative, and none besides. `origin` begins the error texts: the file, or where else the weights come from.
    ///
    /// # Errors
    /// [`NetworkError::MissingTensor`], [`NetworkError::TensorShape`], [`NetworkError::TensorValue`] or
    /// [`NetworkError::UnexpectedTensor`], for the first tensor that is wrong.
    pub fn check(&self, graph: &Graph, origin: &str) -> Result<(), NetworkError> {
        let parameters = graph.parameters();
        for parameter in &parameters {
            let tensor = self.get(&parameter.name).ok_or_else(|| NetworkError::MissingTensor {
                origin: origin.to_owned(),
                tensor: parameter.name.clone(),
                expected: parameter.shape.clone(),
            })?;
            if tensor.shape() != parameter.shape {
                return Err(NetworkError::TensorShape {
                    origin: origin.to_owned(),
                    tensor: parameter.name.clone(),
                    expected: parameter.shape.clone(),
                    found: tensor.shape().to_vec(),
                });
            }
            check_values(&parameter.name, tensor, parameter.role, origin)?;
        }
        if self.tensors.len() == parameters.len() {
            return Ok(());
        }
        let known: std::collections::BTreeSet<&str> =
            parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        match self.iter().find(|(name, _)| !known.contains(name)) {
            None => Ok(()),
            Some((name, tensor)) => Err(NetworkError::UnexpectedTensor {
                origin: origin.to_owned(),
                tensor: name.to_owned(),
                found: tensor.shape().to_vec(),
            }),
        }
    }

    /// The values of tensor `node.suffix`.
    pub(in crate::network) fn values(&self, node: &str, suffix: &str) -> Result<&[f64], NetworkError> {
        let name = format!("{node}.{suffix}");
        match self.tensors.get(&name) {
            Some(tensor) => Ok(tensor.values()),
            None => {
                Err(NetworkError::MissingTensor { origin: "weights".to_owned(), tensor: name, expected: Vec::new() })
            }
        }
    }
}

fn check_values(name: &str, tensor: &Tensor, role: ParameterRole, origin: &str) -> Result<(), NetworkError> {
    let variance = role == ParameterRole::Variance;
    let bad = |&(_, &value): &(usize, &f64)| !value.is_finite() || (variance && value < 0.0);
    match tensor.values().iter().enumerate().find(bad) {
        None => Ok(()),
        Some((index, &found)) => Err(NetworkError::TensorValue {
            origin: origin.to_owned(),
            tensor: name.to_owned(),
            index,
            found,
            expected: if variance { "a finite variance, at least 0" } else { "a finite number" },
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::random::tests::tiny;

    /// Checks weights of the tiny network after `damage`; returns the error's text.
    fn after(damage: impl FnOnce(&mut Weights)) -> String {
        let network = tiny(1);
        let mut weights = network.weights().clone();
        damage(&mut weights);
        weights.check(network.graph(), "x.safetensors").unwrap_err().to_string()
    }

    #[test]
    fn each_kind_of_damage_is_named() {
        let text = after(|weights| _ = weights.tensors.remove("linear.bias"));
        assert!(text.starts_with("x.safetensors: tensor `linear.bias` of shape [3] is missing"), "{text}");

        let text = after(|weights| weights.insert("fc.bias".to_owned(), Tensor::from_fn(vec![7], |_| 0.0)));
        assert!(text.starts_with("x.safetensors: tensor `fc.bias` of shape [7] belongs to no layer"), "{text}");

        let text = after(|weights| weights.insert("linear.bias".to_owned(), Tensor::from_fn(vec![7], |_| 0.0)));
        assert!(text.contains("`linear.bias` has shape [7], expected [3]"), "{text}");

        let text = after(|weights| weights.get_mut("conv1.weight").unwrap().values_mut()[5] = f64::NAN);
        assert!(text.contains("`conv1.weight` holds NaN at index 5, expected a finite number"), "{text}");

        let text = after(|weights| weights.get_mut("bn1.running_var").unwrap().values_mut()[1] = -1.0);
        assert!(text.contains("`bn1.running_var` holds -1 at index 1, expected a finite variance"), "{text}");
    }
}

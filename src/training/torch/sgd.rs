//! Stochastic gradient descent with momentum, as PyTorch's `SGD`.

use tch::{TchError, Tensor};

use super::tensors::Parameter;
use crate::training::OptimizerSettings;

/// Changes parameters by gradients. Not libtorch's own, whose momentum cannot be saved.
#[derive(Debug)]
pub(super) struct Sgd {
    settings: OptimizerSettings,
    /// The momentum of each parameter.
    pub(super) momentum: Vec<Tensor>,
}

impl Sgd {
    pub(super) fn new(settings: OptimizerSettings, parameters: &[Parameter]) -> Self {
        let momentum = parameters.iter().map(|parameter| parameter.named.tensor.detach().zeros_like()).collect();
        Self { settings, momentum }
    }

    /// One step at `learning_rate`.
    ///
    /// # Errors
    /// What libtorch reports.
    pub(super) fn step(
        &mut self,
        parameters: &mut [Parameter],
        gradients: &[Tensor],
        learning_rate: f64,
    ) -> Result<(), TchError> {
        tch::no_grad(|| {
            let factor = self.clip_factor(gradients)?;
            for ((parameter, gradient), momentum) in parameters.iter_mut().zip(gradients).zip(&mut self.momentum) {
                let decays = parameter.is_weight || self.settings.decay_norms;
                let tensor = &mut parameter.named.tensor;
                let mut gradient = gradient * factor;
                if decays && self.settings.weight_decay > 0.0 {
                    gradient += &*tensor * self.settings.weight_decay;
                }
                let _ = momentum.f_mul_scalar_(self.settings.momentum)?.f_add_(&gradient)?;
                if self.settings.nesterov {
                    gradient += &*momentum * self.settings.momentum;
                } else {
                    gradient = momentum.shallow_clone();
                }
                let _ = tensor.f_sub_(&(gradient * learning_rate))?;
            }
            Ok(())
        })
    }

    /// What all gradients are multiplied with so that their norm stays within `clip_norm`.
    fn clip_factor(&self, gradients: &[Tensor]) -> Result<f64, TchError> {
        let Some(limit) = self.settings.clip_norm else {
            return Ok(1.0);
        };
        let norms: Vec<Tensor> = gradients.iter().map(Tensor::f_norm).collect::<Result<_, _>>()?;
        let norm = Tensor::f_stack(&norms, 0)?.f_norm()?.f_double_value(&[])?;
        Ok(if norm > limit { limit / norm } else { 1.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::torch::tensors::Named;

    /// Two steps on one parameter of value 1 with gradients 2 and 1, by hand.
    #[test]
    fn two_steps_by_hand() {
        let settings = |nesterov, clip_norm| OptimizerSettings {
            learning_rate: 0.1,
            momentum: 0.5,
            nesterov,
            weight_decay: 0.25,
            decay_norms: false,
            clip_norm,
        };
        let run = |settings: OptimizerSettings, is_weight| {
            let named = Named { name: "w".to_owned(), tensor: Tensor::from_slice(&[1.0_f64]) };
            let mut parameters = vec![Parameter { named, is_weight }];
            let mut sgd = Sgd::new(settings, &parameters);
            for gradient in [2.0_f64, 1.0] {
                sgd.step(&mut parameters, &[Tensor::from_slice(&[gradient])], 0.1).unwrap();
            }
            parameters[0].named.tensor.double_value(&[0])
        };
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
        // No decay: momentum 2, then 2; the parameter loses 0.1 times that.
        close(run(settings(false, None), false), 0.6);
        // Decay: 2.25, w = 0.775; 1.125 + 1.19375 = 2.31875.
        close(run(settings(false, None), true), 0.775 - 0.231_875);
        // Nesterov: gradient + momentum / 2: 3, then 1 + 1 = 2.
        close(run(settings(true, None), false), 1.0 - 0.3 - 0.2);
        // Clipped to 0.5: 0.5, then 0.25 + 0.5 = 0.75.
        close(run(settings(false, Some(0.5)), false), 1.0 - 0.05 - 0.075);
    }
}

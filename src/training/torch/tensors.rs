//! The tensors of a network that is being built, and how they begin.

use tch::{Device, Kind, Tensor};

/// How much of the running statistics a batch replaces.
const STATISTICS_MOMENTUM: f64 = 0.1;

/// How a tensor begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Init {
    /// Normally distributed with this deviation.
    Normal(f64),
    /// Uniform in plus or minus this.
    Uniform(f64),
    /// A constant.
    Constant(f64),
    /// This row in every row.
    Row([f64; 3]),
}

impl Init {
    /// A tensor of `shape` on the processor, so that one seed gives the same numbers on every device.
    pub(super) fn tensor(self, shape: &[i64]) -> Tensor {
        let options = (Kind::Float, Device::Cpu);
        match self {
            Self::Normal(deviation) => Tensor::randn(shape, options) * deviation,
            Self::Uniform(bound) => (Tensor::rand(shape, options) * 2.0 - 1.0) * bound,
            Self::Constant(value) => Tensor::full(shape, value, options),
            Self::Row(row) => Tensor::from_slice(&row).to_kind(Kind::Float).expand(shape, false).contiguous(),
        }
    }
}

/// A tensor by name.
#[derive(Debug)]
pub(super) struct Named {
    /// Name, such as `layer1.0.bn1.weight`.
    pub(super) name: String,
    /// The tensor; clones share its storage.
    pub(super) tensor: Tensor,
}

/// A tensor that gradient descent changes.
#[derive(Debug)]
pub(super) struct Parameter {
    /// Name and tensor.
    pub(super) named: Named,
    /// Whether it is a weight of a convolution or of the classifier, so that it always decays.
    pub(super) is_weight: bool,
}

/// Where tensors come from while a network is built: name, shape, how it would begin, whether it has a gradient.
pub(super) type Source<'a> = dyn FnMut(&str, &[i64], Init, bool) -> Tensor + 'a;

/// Collects the tensors of a network that is being built.
pub(super) struct Tensors<'a> {
    pub(super) source: &'a mut Source<'a>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) statistics: Vec<Named>,
}

impl Tensors<'_> {
    /// A trained tensor.
    pub(super) fn parameter(&mut self, name: String, shape: &[i64], init: Init, is_weight: bool) -> Tensor {
        let tensor = (self.source)(&name, shape, init, true);
        let kept = tensor.shallow_clone();
        self.parameters.push(Parameter { named: Named { name, tensor: kept }, is_weight });
        tensor
    }

    /// A tensor that batches average into.
    pub(super) fn statistic(&mut self, name: String, channels: i64, init: f64) -> Tensor {
        let tensor = (self.source)(&name, &[channels], Init::Constant(init), false);
        self.statistics.push(Named { name, tensor: tensor.shallow_clone() });
        tensor
    }
}

/// Running mean and variance.
#[derive(Debug)]
pub(super) struct Statistics {
    pub(super) mean: Tensor,
    pub(super) variance: Tensor,
}

impl Statistics {
    pub(super) fn new(tensors: &mut Tensors<'_>, mean: String, variance: String, channels: i64) -> Self {
        Self { mean: tensors.statistic(mean, channels, 0.0), variance: tensors.statistic(variance, channels, 1.0) }
    }

    /// Batch normalisation of `x` with these statistics, by the batch's own in training.
    pub(super) fn normalise(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: Option<&Tensor>,
        training: bool,
        epsilon: f64,
    ) -> Result<Tensor, tch::TchError> {
        let cudnn = true;
        let (mean, variance) = (Some(&self.mean), Some(&self.variance));
        x.f_batch_norm(Some(weight), bias, mean, variance, training, STATISTICS_MOMENTUM, epsilon, cudnn)
    }
}

//! Activations as they are trained.

use tch::{Kind, Tensor};

use super::tensors::{Init, Statistics, Tensors};
use crate::network::Moments;
use crate::network::polyfit::relu_fit;
use crate::training::TrainedActivation;

/// What batch normalisation inside HerPN adds to the variances.
const EPSILON: f64 = 1e-5;

/// ReLU's coefficients in the basis of normalised Hermite polynomials (AESPA, arXiv 2201.06699):
/// `1/sqrt(2 pi)`, `1/2`, `1/sqrt(4 pi)`.
const HERMITE: [f64; 3] = [0.398_942_280_401_432_7, 0.5, 0.282_094_791_773_878_14];

/// One activation.
#[derive(Debug)]
pub(super) enum Site {
    /// `max(x, 0)`.
    Relu,
    /// One quadratic for all channels.
    Fixed { coefficients: [f64; 3], channels: i64 },
    /// Hermite basis, each polynomial batch-normalised, then scale and shift.
    Herpn { weight: Tensor, bias: Tensor, first: Statistics, second: Statistics },
    /// A quadratic for each channel: `[channels, 3]`, order c0, c1, c2.
    Learned { coefficients: Tensor },
}

impl Site {
    pub(super) fn new(name: &str, channels: i64, activation: &TrainedActivation, tensors: &mut Tensors<'_>) -> Self {
        let tensor = |suffix: &str| format!("{name}.{suffix}");
        match *activation {
            TrainedActivation::Relu => Self::Relu,
            TrainedActivation::Penalty { fit, .. } => {
                let coefficients = relu_fit(fit.interval, fit.samples, fit.bits);
                Self::Fixed { coefficients, channels }
            }
            TrainedActivation::Herpn => Self::Herpn {
                weight: tensors.parameter(tensor("weight"), &[channels], Init::Constant(1.0), false),
                bias: tensors.parameter(tensor("bias"), &[channels], Init::Constant(0.0), false),
                first: Statistics::new(tensors, tensor("mean1"), tensor("var1"), channels),
                second: Statistics::new(tensors, tensor("mean2"), tensor("var2"), channels),
            },
            TrainedActivation::Learned { fit } => {
                let row = Init::Row(relu_fit(fit.interval, fit.samples, fit.bits));
                Self::Learned { coefficients: tensors.parameter(tensor("coefficients"), &[channels, 3], row, false) }
            }
        }
    }

    /// Begins as the quadratics `coefficients`, `[channels, 3]`, on inputs whose `moments` those of a channel are, or of the channel that
    /// it is a copy of. HerPN says the same by scale, shift and statistics; channels for which it cannot begin as they are.
    ///
    /// # Errors
    /// What libtorch reports.
    pub(super) fn begin_as(&mut self, coefficients: &[f64], moments: &[Moments]) -> Result<(), tch::TchError> {
        let Self::Herpn { weight, bias, first, second } = self else { return Ok(()) };
        let tensors = [weight, bias, &mut first.mean, &mut first.variance, &mut second.mean, &mut second.variance];
        for (channel, (c, moments)) in coefficients.as_chunks().0.iter().zip(moments.iter().cycle()).enumerate() {
            for (tensor, value) in tensors.iter().zip(hermite_form(*c, *moments).into_iter().flatten()) {
                let _ = tensor.f_select(0, channel as i64)?.f_fill_(value)?;
            }
        }
        Ok(())
    }

    /// The activation of `x`, `[images, channels, rows, columns]`.
    ///
    /// # Errors
    /// What libtorch reports.
    pub(super) fn apply(&self, x: &Tensor, training: bool) -> Result<Tensor, tch::TchError> {
        match self {
            Self::Relu => x.f_relu(),
            Self::Fixed { coefficients: [c0, c1, c2], .. } => Ok(x * (x * *c2 + *c1) + *c0),
            Self::Herpn { weight, bias, first, second } => {
                // The second polynomial is (x^2 - 1)/sqrt(2); normalised, that is x^2 with twice the epsilon.
                let bias = bias + weight * HERMITE[0];
                let linear = first.normalise(x, &(weight * HERMITE[1]), Some(&bias), training, EPSILON)?;
                let square = x.f_mul(x)?;
                Ok(linear + second.normalise(&square, &(weight * HERMITE[2]), None, training, 2.0 * EPSILON)?)
            }
            Self::Learned { coefficients } => {
                let kind = x.kind();
                let column = |index| coefficients.select(1, index).view([1, -1, 1, 1]).to_kind(kind);
                Ok(x * (x * column(2) + column(1)) + column(0))
            }
        }
    }

    /// The coefficients c0, c1, c2 of each channel in evaluation, `[channels, 3]` in double precision; `None` for ReLU.
    pub(super) fn coefficients(&self) -> Option<Tensor> {
        match self {
            Self::Relu => None,
            Self::Fixed { coefficients, channels, .. } => {
                Some(Tensor::from_slice(coefficients).expand([*channels, 3], false).contiguous())
            }
            Self::Herpn { weight, bias, first, second } => {
                let double = |tensor: &Tensor| tensor.detach().to_kind(Kind::Double);
                let (weight, bias) = (double(weight), double(bias));
                let slope = &weight * HERMITE[1] / (double(&first.variance) + EPSILON).sqrt();
                let curve = &weight * HERMITE[2] / (double(&second.variance) + 2.0 * EPSILON).sqrt();
                let shift = bias + &weight * HERMITE[0] - &slope * double(&first.mean) - &curve * double(&second.mean);
                Some(Tensor::stack(&[shift, slope, curve], 1))
            }
            Self::Learned { coefficients } => Some(coefficients.detach().to_kind(Kind::Double)),
        }
    }
}

/// Scale, shift, mean and variance of x, mean and variance of x^2 with which HerPN is `c0 + c1 x + c2 x^2`; `None` if it cannot be.
fn hermite_form([c0, c1, c2]: [f64; 3], Moments { mean, variance }: Moments) -> Option<[f64; 6]> {
    let weight = c1 * (variance + EPSILON).sqrt() / HERMITE[1];
    let deviation = weight * HERMITE[2] / c2;
    let (mean_square, square_variance) = (variance + mean * mean, deviation * deviation - 2.0 * EPSILON);
    let bias = c0 - weight * HERMITE[0] + c1 * mean + c2 * mean_square;
    let form = [weight, bias, mean, variance, mean_square, square_variance];
    // Both polynomials have one scale, so c1 and c2 have one sign.
    (deviation > 0.0 && square_variance > 0.0 && form.iter().all(|value| value.is_finite())).then_some(form)
}

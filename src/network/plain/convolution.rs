//! Convolution as one matrix product on unrolled patches.

use super::element::Element;
use super::matmul::multiply_add;
use crate::network::lowered::Shape;
use crate::network::window::inside;

/// A convolution with its weights.
#[derive(Debug, Clone)]
pub(in crate::network) struct Convolution<T> {
    /// Row-major `[out, in, kernel, kernel]`.
    pub(super) weights: Vec<T>,
    /// One value per output channel.
    pub(super) bias: Vec<T>,
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) padding: usize,
    pub(super) input: Shape,
    pub(super) output: Shape,
}

impl<T: Element> Convolution<T> {
    /// Writes the convolution of `input` to `output`; `columns` is scratch space of any length.
    pub(super) fn apply(&self, input: &[T], output: &mut [T], columns: &mut Vec<T>) {
        let pixels = self.output.height * self.output.width;
        for (plane, &bias) in output.chunks_exact_mut(pixels).zip(&self.bias) {
            plane.fill(bias);
        }
        self.apply_add(input, output, columns);
    }

    /// Adds the convolution of `input`, without bias, to `output`.
    pub(super) fn apply_add(&self, input: &[T], output: &mut [T], columns: &mut Vec<T>) {
        let pixels = self.output.height * self.output.width;
        let patch = self.input.channels * self.kernel * self.kernel;
        columns.resize(patch * pixels, T::ZERO);
        self.unroll(input, columns);
        multiply_add(output, &self.weights, columns, [self.output.channels, patch, pixels]);
    }

    /// Row `(c, ky, kx)` of `columns` holds, for each output pixel, the input value that this tap reads.
    fn unroll(&self, input: &[T], columns: &mut [T]) {
        let Shape { height, width, .. } = self.input;
        let rows = columns.chunks_exact_mut(self.output.height * self.output.width);
        let taps = self.kernel * self.kernel;
        for (index, row) in rows.enumerate() {
            let (channel, tap) = (index / taps, index % taps);
            let plane = &input[channel * height * width..][..height * width];
            let (ky, kx) = (tap / self.kernel, tap % self.kernel);
            let inside = inside(kx, width, self.output.width, self.stride, self.padding);
            for (y, line) in row.chunks_exact_mut(self.output.width).enumerate() {
                let source_y = (y * self.stride + ky).wrapping_sub(self.padding);
                if source_y >= height || inside.is_empty() {
                    line.fill(T::ZERO);
                    continue;
                }
                let source = &plane[source_y * width..][..width];
                line[..inside.start].fill(T::ZERO);
                line[inside.end..].fill(T::ZERO);
                let first = inside.start * self.stride + kx - self.padding;
                let line = &mut line[inside.clone()];
                if self.stride == 1 {
                    line.copy_from_slice(&source[first..first + line.len()]);
                } else {
                    let strided = source[first..].iter().step_by(self.stride);
                    line.iter_mut().zip(strided).for_each(|(value, &from)| *value = from);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, tap by tap.
    fn definition(convolution: &Convolution<f64>, input: &[f64]) -> Vec<f64> {
        let Convolution { kernel, stride, padding, input: from, output: to, .. } = *convolution;
        let mut output = Vec::new();
        for o in 0..to.channels {
            for y in 0..to.height {
                for x in 0..to.width {
                    let mut sum = convolution.bias[o];
                    for c in 0..from.channels {
                        for ky in 0..kernel {
                            for kx in 0..kernel {
                                let row = (y * stride + ky) as isize - padding as isize;
                                let column = (x * stride + kx) as isize - padding as isize;
                                let inside = (0..from.height as isize).contains(&row)
                                    && (0..from.width as isize).contains(&column);
                                if inside {
                                    let weight =
                                        convolution.weights[((o * from.channels + c) * kernel + ky) * kernel + kx];
                                    let at = (c * from.height + row as usize) * from.width + column as usize;
                                    sum += weight * input[at];
                                }
                            }
                        }
                    }
                    output.push(sum);
                }
            }
        }
        output
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]
        #[test]
        fn it_is_the_definition(
            [in_channels, out_channels, height, width] in [1_usize..4, 1..4, 1..8, 1..8],
            half in 0_usize..3,
            stride in 1_usize..4,
        ) {
            let kernel = 2 * half + 1;
            let value = |i: usize| ((i * 7919 + 13) % 101) as f64 - 50.0;
            let convolution = Convolution {
                weights: (0..out_channels * in_channels * kernel * kernel).map(value).collect(),
                bias: (0..out_channels).map(value).collect(),
                kernel,
                stride,
                padding: half,
                input: Shape::new(in_channels, height, width),
                output: Shape::new(out_channels, height.div_ceil(stride), width.div_ceil(stride)),
            };
            let input: Vec<f64> = (0..convolution.input.len()).map(|i| value(i + 5)).collect();
            let mut output = vec![f64::NAN; convolution.output.len()];
            let mut scratch = vec![f64::NAN; 3];
            convolution.apply(&input, &mut output, &mut scratch);
            prop_assert_eq!(output, definition(&convolution, &input));
        }
    }
}

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
    pub(super) patches: Patches,
}

impl<T: Element> Convolution<T> {
    /// Writes the convolution of `input` to `output`; `columns` is scratch space of any length.
    pub(super) fn apply(&self, input: &[T], output: &mut [T], columns: &mut Vec<T>) {
        let Shape { height, width, .. } = self.patches.output;
        for (plane, &bias) in output.chunks_exact_mut(height * width).zip(&self.bias) {
            plane.fill(bias);
        }
        self.apply_add(input, output, columns);
    }

    /// Adds the convolution of `input`, without bias, to `output`.
    pub(super) fn apply_add(&self, input: &[T], output: &mut [T], columns: &mut Vec<T>) {
        self.patches.multiply_add(&self.weights, input, output, columns);
    }
}

/// What a convolution's outputs read.
#[derive(Debug, Clone, Copy)]
pub(in crate::network) struct Patches {
    pub(in crate::network) kernel: usize,
    pub(in crate::network) stride: usize,
    pub(in crate::network) padding: usize,
    /// Groups of channels; divides those of input and output.
    pub(in crate::network) groups: usize,
    pub(in crate::network) input: Shape,
    pub(in crate::network) output: Shape,
}

impl Patches {
    /// Adds the products of the patches of `input` and `weights`, row-major `[out, in / groups, kernel, kernel]`, to `output`; `columns` is
    /// scratch space of any length.
    pub(in crate::network) fn multiply_add<T: Element>(
        &self,
        weights: &[T],
        input: &[T],
        output: &mut [T],
        columns: &mut Vec<T>,
    ) {
        let of_group = |shape: Shape| Shape { channels: shape.channels / self.groups, ..shape };
        let (from, to) = (of_group(self.input), of_group(self.output));
        let pixels = to.height * to.width;
        let patch = from.channels * self.kernel * self.kernel;
        columns.resize(patch * pixels, T::ZERO);
        let weights = weights.chunks_exact((to.channels * patch).max(1));
        let values = input.chunks_exact(from.len().max(1)).zip(output.chunks_exact_mut(to.len().max(1)));
        for (weights, (input, output)) in weights.zip(values) {
            self.unroll(input, columns);
            multiply_add(output, weights, columns, [to.channels, patch, pixels]);
        }
    }

    /// Row `(c, ky, kx)` of `columns` holds, for each output pixel, the value that this tap reads of the channels of a group.
    fn unroll<T: Element>(&self, input: &[T], columns: &mut [T]) {
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
        let Patches { kernel, stride, padding, groups, input: from, output: to } = convolution.patches;
        let (read, made) = (from.channels / groups, to.channels / groups);
        let mut output = Vec::new();
        for o in 0..to.channels {
            for y in 0..to.height {
                for x in 0..to.width {
                    let mut sum = convolution.bias[o];
                    for c in 0..read {
                        for ky in 0..kernel {
                            for kx in 0..kernel {
                                let row = (y * stride + ky) as isize - padding as isize;
                                let column = (x * stride + kx) as isize - padding as isize;
                                let inside = (0..from.height as isize).contains(&row)
                                    && (0..from.width as isize).contains(&column);
                                if inside {
                                    let weight = convolution.weights[((o * read + c) * kernel + ky) * kernel + kx];
                                    let channel = o / made * read + c;
                                    let at = (channel * from.height + row as usize) * from.width + column as usize;
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
            [read, made, height, width] in [1_usize..4, 1..4, 1..8, 1..8],
            groups in 1_usize..4,
            half in 0_usize..3,
            stride in 1_usize..4,
        ) {
            let kernel = 2 * half + 1;
            let value = |i: usize| ((i * 7919 + 13) % 101) as f64 - 50.0;
            let convolution = Convolution {
                weights: (0..made * groups * read * kernel * kernel).map(value).collect(),
                bias: (0..made * groups).map(value).collect(),
                patches: Patches {
                    kernel,
                    stride,
                    padding: half,
                    groups,
                    input: Shape::new(read * groups, height, width),
                    output: Shape::new(made * groups, height.div_ceil(stride), width.div_ceil(stride)),
                },
            };
            let input: Vec<f64> = (0..convolution.patches.input.len()).map(|i| value(i + 5)).collect();
            let mut output = vec![f64::NAN; convolution.patches.output.len()];
            let mut scratch = vec![f64::NAN; 3];
            convolution.apply(&input, &mut output, &mut scratch);
            prop_assert_eq!(output, definition(&convolution, &input));
        }
    }
}

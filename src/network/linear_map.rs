//! What a linear map of a lowered network does.

use std::ops::Range;

use super::lowered::{LinearMap, Placement, Shape};
use super::plain::{Element, Patches};

impl LinearMap {
    /// Shape of the map's output for a source of shape `source`; `None` if its sizes fit no such source.
    pub fn output_shape(&self, source: Shape) -> Option<Shape> {
        match self {
            Self::Convolution { weights, out_channels, in_channels, kernel, stride, padding, groups } => {
                if *groups == 0 || in_channels % groups != 0 || out_channels % groups != 0 {
                    return None;
                }
                let sizes = [*out_channels, in_channels / groups, *kernel, *kernel];
                let length = sizes.iter().try_fold(1_usize, |a, &b| a.checked_mul(b));
                let outputs = |size: usize| {
                    let padded = padding.checked_mul(2)?.checked_add(size)?;
                    Some(padded.checked_sub(*kernel)?.checked_div(*stride)? + 1)
                };
                let fits = length == Some(weights.len()) && *in_channels == source.channels && *kernel > 0;
                let shape = Shape::new(*out_channels, outputs(source.height)?, outputs(source.width)?);
                fits.then_some(shape)
            }
            Self::ChannelScale { factors, placement } => {
                placement.output_shape(source).filter(|_| factors.len() == source.channels)
            }
            Self::Dense { weights, outputs } => {
                (outputs.checked_mul(source.len()) == Some(weights.len())).then_some(Shape::new(*outputs, 1, 1))
            }
        }
    }

    /// The channels, of `channels` in all, that output channel `output` reads; none for a channel of zeros.
    pub fn inputs_of(&self, output: usize, channels: usize) -> Range<usize> {
        match self {
            Self::Convolution { out_channels, in_channels, groups, .. } => {
                let (outputs, inputs) = ((out_channels / groups).max(1), in_channels / groups);
                let first = output / outputs * inputs;
                first..first + inputs
            }
            Self::ChannelScale { placement, .. } => placement.input_of(output, channels),
            Self::Dense { .. } => 0..channels,
        }
    }

    /// Adds the map of `values`, of shape `source`, to `output`, of shape `shape`. Both are row-major
    /// `[channels, height, width]`, and `shape` is [`output_shape`](Self::output_shape) of `source`. `columns` is scratch space of any
    /// length.
    pub fn apply_add(&self, values: &[f64], source: Shape, output: &mut [f64], shape: Shape, columns: &mut Vec<f64>) {
        match self {
            Self::Convolution { weights, kernel, stride, padding, groups, .. } => {
                let (kernel, stride, padding, groups) = (*kernel, *stride, *padding, *groups);
                let patches = Patches { kernel, stride, padding, groups, input: source, output: shape };
                patches.multiply_add(weights, values, output, columns);
            }
            Self::ChannelScale { factors, placement } => {
                placement.scale_add(factors, values, source, output, shape);
            }
            Self::Dense { weights, .. } => {
                for (row, to) in weights.chunks_exact(values.len().max(1)).zip(output) {
                    *to += row.iter().zip(values).map(|(weight, x)| weight * x).sum::<f64>();
                }
            }
        }
    }

    /// The map followed by averages over squares of so many rows and columns, which its output's plane is a multiple of; none: no
    /// convolution.
    ///
    /// Outputs of one square are `stride` inputs apart, so the square sees a kernel of `kernel + (size - 1) stride`, in which every weight
    /// counts once for each of its outputs.
    pub(super) fn averaged(&self, size: usize) -> Option<Self> {
        let Self::Convolution { weights, out_channels, in_channels, kernel, stride, padding, groups } = self else {
            return None;
        };
        let wide = kernel + (size - 1) * stride;
        let share = 1.0 / (size * size) as f64;
        let mut averaged = Vec::with_capacity(weights.len() / (kernel * kernel) * wide * wide);
        for square in weights.chunks_exact(kernel * kernel) {
            let first = averaged.len();
            averaged.resize(first + wide * wide, 0.0);
            for output in 0..size * size {
                let corner = first + (output / size * wide + output % size) * stride;
                for (tap, weight) in square.iter().enumerate() {
                    averaged[corner + tap / kernel * wide + tap % kernel] += share * weight;
                }
            }
        }
        Some(Self::Convolution {
            weights: averaged,
            out_channels: *out_channels,
            in_channels: *in_channels,
            kernel: wide,
            stride: stride * size,
            padding: *padding,
            groups: *groups,
        })
    }

    /// Multiplies the map by a factor per output channel.
    pub(super) fn scale_output(&mut self, factors: &[f64]) {
        let weights = match self {
            Self::Convolution { weights, .. } | Self::Dense { weights, .. } => weights,
            Self::ChannelScale { factors: own, placement } => {
                for (output, factor) in factors.iter().enumerate() {
                    let read = placement.input_of(output, own.len());
                    own[read].iter_mut().for_each(|own| *own *= factor);
                }
                return;
            }
        };
        let block = (weights.len() / factors.len().max(1)).max(1);
        for (row, factor) in weights.chunks_exact_mut(block).zip(factors) {
            row.iter_mut().for_each(|weight| *weight *= factor);
        }
    }

    /// Multiplies the map by a factor per channel of its source.
    pub(super) fn scale_source(&mut self, factors: &[f64], source: Shape) {
        let outputs = self.output_shape(source).map_or(0, |shape| shape.channels);
        let read: Vec<Range<usize>> = (0..outputs).map(|output| self.inputs_of(output, source.channels)).collect();
        let (weights, per_channel) = match self {
            Self::Convolution { weights, kernel, .. } => (weights, *kernel * *kernel),
            Self::ChannelScale { factors: own, .. } => (own, 1),
            Self::Dense { weights, .. } => (weights, source.height * source.width),
        };
        let blocks = weights.chunks_exact_mut(per_channel.max(1));
        for (block, channel) in blocks.zip(read.into_iter().flatten()) {
            block.iter_mut().for_each(|weight| *weight *= factors[channel]);
        }
    }
}

impl Placement {
    /// Shape of what becomes of a value of shape `source`; `None` if its channels fall to no groups, or for sizes beyond all bounds.
    pub fn output_shape(self, source: Shape) -> Option<Shape> {
        let Self { stride, before, after, groups } = self;
        let zeros = before.checked_add(after)?.checked_mul(groups)?;
        let channels =
            source.channels.checked_add(zeros).filter(|_| groups > 0 && source.channels.is_multiple_of(groups))?;
        let outputs = |size: usize| Some(size.checked_sub(1)?.checked_div(stride)? + 1);
        Some(Shape::new(channels, outputs(source.height)?, outputs(source.width)?))
    }

    /// The channel, of `channels` in all, that goes to channel `output`; none goes to a channel of zeros.
    pub(super) fn input_of(self, output: usize, channels: usize) -> Range<usize> {
        let inputs = channels / self.groups;
        let outputs = self.before + inputs + self.after;
        match (output % outputs).checked_sub(self.before).filter(|channel| *channel < inputs) {
            Some(channel) => {
                let channel = output / outputs * inputs + channel;
                channel..channel + 1
            }
            None => 0..0,
        }
    }

    /// Adds the channels of `values`, of shape `source`, times their factors to `output`, of shape `shape`.
    pub(super) fn scale_add<T: Element>(
        self,
        factors: &[T],
        values: &[T],
        source: Shape,
        output: &mut [T],
        shape: Shape,
    ) {
        let (from_plane, to_plane) = ((source.height * source.width).max(1), (shape.height * shape.width).max(1));
        for (channel, to) in output.chunks_exact_mut(to_plane).enumerate() {
            for from in self.input_of(channel, source.channels) {
                let taken = self.taken(&values[from * from_plane..][..from_plane], source.width);
                to.iter_mut().zip(taken).for_each(|(y, x)| *y += factors[from] * x);
            }
        }
    }

    /// What is taken of a plane of rows of `width` values.
    pub(super) fn taken<T: Copy>(self, plane: &[T], width: usize) -> impl Iterator<Item = T> {
        let rows = plane.chunks_exact(width.max(1)).step_by(self.stride);
        rows.flat_map(move |row| row.iter().step_by(self.stride)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn convolution(stride: usize, padding: usize) -> LinearMap {
        LinearMap::Convolution {
            weights: (1..=9).map(f64::from).collect(),
            out_channels: 1,
            in_channels: 1,
            kernel: 3,
            stride,
            padding,
            groups: 1,
        }
    }

    #[test]
    fn a_convolution_by_hand() {
        let source = Shape::new(1, 3, 3);
        let mut output = vec![100.0; 4];
        convolution(2, 1).apply_add(&[1.0; 9], source, &mut output, Shape::new(1, 2, 2), &mut Vec::new());
        // Corners see four taps each: 5 6 8 9, 4 5 7 8, 2 3 5 6, 1 2 4 5.
        assert_eq!(output, [128.0, 124.0, 116.0, 112.0]);
    }

    #[test]
    fn averages_of_a_convolution_are_a_convolution() {
        for (stride, padding, groups, size) in [(1, 1, 1, 2), (2, 1, 2, 2), (1, 0, 1, 3), (1, 2, 2, 1)] {
            let map = LinearMap::Convolution {
                weights: (0..4 * 2 / groups * 9).map(|i| (i as f64 * 0.7).sin()).collect(),
                out_channels: 4,
                in_channels: 2,
                kernel: 3,
                stride,
                padding,
                groups,
            };
            // Planes that the squares cover.
            let side = (5..).find(|side| (side + 2 * padding - 3) / stride % size == size - 1).unwrap();
            let source = Shape::new(2, side, side);
            let values: Vec<f64> = (0..source.len()).map(|i| (i as f64 * 1.3).cos()).collect();
            let apply = |map: &LinearMap| {
                let shape = map.output_shape(source).unwrap();
                let mut output = vec![0.0; shape.len()];
                map.apply_add(&values, source, &mut output, shape, &mut Vec::new());
                (shape, output)
            };
            let ((shape, plain), (pooled, found)) = (apply(&map), apply(&map.averaged(size).unwrap()));
            assert_eq!(pooled, Shape::new(4, shape.height / size, shape.width / size));
            for (at, found) in found.iter().enumerate() {
                let (channel, y, x) =
                    (at / (pooled.height * pooled.width), at / pooled.width % pooled.height, at % pooled.width);
                let row = |y: usize| &plain[(channel * shape.height + y) * shape.width..][x * size..][..size];
                let mean = (0..size).flat_map(|dy| row(y * size + dy)).sum::<f64>() / (size * size) as f64;
                assert!((mean - found).abs() < 1e-12, "stride {stride}, squares of {size}: {found} for {mean}");
            }
        }
        let scale = LinearMap::ChannelScale { factors: vec![1.0], placement: Placement::IDENTITY };
        assert!(scale.averaged(2).is_none());
    }

    #[test]
    fn shapes_that_fit_and_shapes_that_do_not() {
        assert_eq!(convolution(2, 1).output_shape(Shape::new(1, 8, 7)), Some(Shape::new(1, 4, 4)));
        assert_eq!(convolution(1, 0).output_shape(Shape::new(1, 2, 8)), None, "kernel larger than the plane");
        assert_eq!(convolution(1, 1).output_shape(Shape::new(2, 8, 8)), None);
        assert_eq!(convolution(0, 1).output_shape(Shape::new(1, 8, 8)), None);
        assert_eq!(convolution(1, usize::MAX).output_shape(Shape::new(1, 8, 8)), None);
        let groups = |groups| LinearMap::Convolution {
            weights: vec![0.0; 16],
            out_channels: 4,
            in_channels: 8,
            kernel: 1,
            stride: 1,
            padding: 0,
            groups,
        };
        assert_eq!(groups(2).output_shape(Shape::new(8, 2, 2)), Some(Shape::new(4, 2, 2)));
        assert_eq!([0, 1, 3, 4].map(|count| groups(count).output_shape(Shape::new(8, 2, 2))), [None; 4]);
        assert_eq!([0, 1, 2, 3].map(|output| groups(2).inputs_of(output, 8)), [0..4, 0..4, 4..8, 4..8]);
        let dense = LinearMap::Dense { weights: vec![0.0; 24], outputs: 3 };
        assert_eq!(dense.output_shape(Shape::new(2, 2, 2)), Some(Shape::new(3, 1, 1)));
        assert_eq!(dense.output_shape(Shape::new(2, 2, 1)), None);
    }

    #[test]
    fn scaling_the_source_is_scaling_its_values() {
        let source = Shape::new(2, 2, 3);
        let values: Vec<f64> = (0..source.len()).map(|i| i as f64 - 4.0).collect();
        let factors = [3.0, -0.5];
        let scaled: Vec<f64> = values.iter().enumerate().map(|(i, x)| x * factors[i / 6]).collect();
        let maps = [
            LinearMap::ChannelScale { factors: vec![2.0, 7.0], placement: Placement::IDENTITY },
            LinearMap::ChannelScale {
                factors: vec![2.0, 7.0],
                placement: Placement { stride: 2, before: 1, after: 2, groups: 2 },
            },
            LinearMap::Dense { weights: (0..36).map(f64::from).collect(), outputs: 3 },
            LinearMap::Convolution {
                weights: (0..54).map(f64::from).collect(),
                out_channels: 3,
                in_channels: 2,
                kernel: 3,
                stride: 1,
                padding: 1,
                groups: 1,
            },
            LinearMap::Convolution {
                weights: (0..36).map(f64::from).collect(),
                out_channels: 4,
                in_channels: 2,
                kernel: 3,
                stride: 1,
                padding: 1,
                groups: 2,
            },
        ];
        for map in maps {
            let shape = map.output_shape(source).unwrap();
            let (mut expected, mut found) = (vec![0.0; shape.len()], vec![0.0; shape.len()]);
            map.apply_add(&scaled, source, &mut expected, shape, &mut Vec::new());
            let mut map = map;
            map.scale_source(&factors, source);
            map.apply_add(&values, source, &mut found, shape, &mut Vec::new());
            assert_eq!(found, expected);
        }
    }
}

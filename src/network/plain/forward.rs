//! Evaluation of many images, image by image over all cores.

use rayon::prelude::*;

use super::element::Element;
use super::operation::PreparedOperation;
use super::output::PlainOutput;
use crate::network::error::NetworkError;
use crate::network::graph::Graph;
use crate::network::instance::Network;

/// A network ready for clear-text evaluation; batch normalisation may be folded or not.
#[derive(Debug, Clone)]
pub struct PlainNetwork<T> {
    graph: Graph,
    operations: Vec<PreparedOperation<T>>,
    last_uses: Vec<usize>,
    sites: Vec<String>,
}

impl<T: Element> PlainNetwork<T> {
    /// Converts the weights of `network` to the precision of the evaluation.
    ///
    /// # Errors
    /// [`NetworkError::MissingTensor`]; not for a network that was checked when made.
    pub fn new(network: &Network) -> Result<Self, NetworkError> {
        let graph = network.graph().clone();
        let operations = (0..graph.nodes().len())
            .map(|index| PreparedOperation::new(&graph, index, network.weights()))
            .collect::<Result<_, _>>()?;
        let (last_uses, sites) = (graph.last_uses(), graph.activation_sites());
        Ok(Self { graph, operations, last_uses, sites })
    }

    /// Evaluates images given one after another, each row-major `[channels, height, width]`. Runs on rayon's threads,
    /// one image per thread at a time, so results do not depend on their number.
    ///
    /// # Errors
    /// [`NetworkError::InputLength`] if `images` is empty or no whole number of images.
    pub fn forward(&self, images: &[T]) -> Result<PlainOutput<T>, NetworkError> {
        let expected = self.graph.input().len();
        if images.is_empty() || !images.len().is_multiple_of(expected) {
            return Err(NetworkError::InputLength { expected, found: images.len() });
        }
        let count = images.len() / expected;
        let (classes, sites) = (self.graph.classes(), self.sites.len());
        let mut logits = vec![T::ZERO; count * classes];
        let mut largest = vec![T::ZERO; count * sites];
        images
            .par_chunks_exact(expected)
            .zip(logits.par_chunks_exact_mut(classes))
            .zip(largest.par_chunks_exact_mut(sites))
            .for_each_init(
                || Workspace::new(self.operations.len()),
                |workspace, ((image, logits), largest)| self.evaluate(image, workspace, logits, largest),
            );
        Ok(PlainOutput { sites: self.sites.clone(), classes, logits, largest })
    }

    fn evaluate(&self, image: &[T], workspace: &mut Workspace<T>, logits: &mut [T], largest: &mut [T]) {
        let mut largest = largest.iter_mut();
        for (index, (node, operation)) in self.graph.nodes().iter().zip(&self.operations).enumerate() {
            let mut output = workspace.free.pop().unwrap_or_default();
            output.resize(node.shape.len(), T::ZERO);
            let input = |which: usize| node.inputs.get(which).map_or(image, |&from| &workspace.values[from]);
            let found = operation.apply([input(0), input(1)], &mut output, &mut workspace.columns);
            if let (Some(found), Some(place)) = (found, found.and_then(|_| largest.next())) {
                *place = found;
            }
            for &from in node.inputs.iter().filter(|&&from| self.last_uses[from] == index) {
                workspace.free.push(std::mem::take(&mut workspace.values[from]));
            }
            workspace.values[index] = output;
        }
        if let Some(output) = workspace.values.last_mut() {
            logits.copy_from_slice(output);
            workspace.free.push(std::mem::take(output));
        }
    }
}

/// Buffers of one thread, used again from image to image.
struct Workspace<T> {
    /// What the nodes have computed, until its last use.
    values: Vec<Vec<T>>,
    free: Vec<Vec<T>>,
    columns: Vec<T>,
}

impl<T> Workspace<T> {
    fn new(nodes: usize) -> Self {
        Self { values: (0..nodes).map(|_| Vec::new()).collect(), free: Vec::new(), columns: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::random::tests::tiny;

    #[test]
    fn images_do_not_depend_on_each_other() {
        let network = PlainNetwork::<f32>::new(&tiny(5)).unwrap();
        let length = network.graph.input().len();
        let images: Vec<f32> = (0..7 * length).map(|i| ((i * 37 % 101) as f32 - 50.0) / 25.0).collect();
        let together = network.forward(&images).unwrap();
        for (index, image) in images.chunks_exact(length).enumerate() {
            let alone = network.forward(image).unwrap();
            assert_eq!(together.logits_of(index), alone.logits);
            assert_eq!(together.largest_of(index), alone.largest);
        }
        assert_eq!(together.largest.len(), 7 * together.sites.len());
    }

    #[test]
    fn an_exploding_image_leaves_the_others_alone() {
        let network = PlainNetwork::<f32>::new(&tiny(5)).unwrap();
        let length = network.graph.input().len();
        let mut images = vec![0.25; 3 * length];
        images[length..2 * length].fill(1e30);
        let output = network.forward(&images).unwrap();
        assert_eq!(output.beyond(super::super::EXPLODING), [1]);
        assert_eq!(output.class(1), None);
        assert_eq!(output.logits_of(0), output.logits_of(2));
    }

    #[test]
    fn images_of_another_size_are_refused() {
        let network = PlainNetwork::<f32>::new(&tiny(5)).unwrap();
        let expected = network.graph.input().len();
        for found in [0, 1, expected + 1] {
            let error = network.forward(&vec![0.0; found]).unwrap_err();
            assert!(error.to_string().contains(&format!("has {found} values, expected {expected}")), "{error}");
        }
    }
}

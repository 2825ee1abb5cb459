//! Which encoded weights are kept between images, and in which form.

use super::linear::Work;
use super::program::Program;
use crate::ckks::Parameters;

/// What is kept of a program's weights within some number of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// For each layer the limbs of the inputs for which its diagonals are evaluated; none: they are kept as coefficients, or not at all.
    pub evaluated: Vec<Option<usize>>,
    /// Bytes of all of them.
    pub bytes: u64,
}

impl Kept {
    /// All weights as they are encoded, and as many diagonals evaluated as there is room for, from the first layer on; `rings` has
    /// the parameters of each.
    pub fn within(program: &Program, rings: &[&Parameters], budget: u64) -> Self {
        let mut kept = Self { evaluated: vec![None; program.layers.len()], bytes: program.weight_bytes().sum() };
        for step in program.steps.iter().filter(|step| step.operation.weight_scale().is_some()) {
            let input = program.input(step);
            let (Work::Diagonals(transform), Some(parameters)) =
                (&program.layers[step.layer].map, rings.get(input.ring))
            else {
                continue;
            };
            let bytes = kept.bytes + transform.evaluation_bytes(parameters, input.limbs);
            if bytes <= budget {
                kept.bytes = bytes;
                kept.evaluated[step.layer] = Some(input.limbs);
            }
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ckks::SecurityPolicy;
    use crate::inference::{Plan, PlanOptions};
    use crate::network::lowered::Shape;
    use crate::network::{Architecture, Network, Stage};

    #[test]
    fn as_many_diagonals_are_evaluated_as_there_is_room_for() {
        let architecture = Architecture {
            input: Shape::new(3, 8, 8),
            stages: vec![Stage { blocks: 1, channels: 4, stride: 1 }],
            ..Architecture::named("resnet20", 4, 10).unwrap()
        };
        let network = Arc::new(Network::random(&architecture, 1).unwrap().lower().unwrap());
        let options = PlanOptions { log_n: 9, security: SecurityPolicy::None, ..PlanOptions::default() };
        let plan = Plan::new(network, &options).unwrap();
        let within = |budget| Kept::within(&plan.program, &[&plan.parameters], budget);
        let count = |kept: &Kept| kept.evaluated.iter().flatten().count();
        let (none, all) = (within(0), within(u64::MAX));
        assert_eq!((count(&none), none.bytes), (0, plan.diagonal_bytes()));
        assert_eq!(count(&all), plan.layers.len());
        assert_eq!(within(all.bytes), all);
        let some = within(all.bytes - 1);
        assert_eq!(count(&some), count(&all) - 1);
        assert!(some.bytes < all.bytes && plan.predicted_bytes(1, all.bytes) > plan.predicted_bytes(1, none.bytes));
        // A forecast is for what is kept.
        let slower = Plan::new(plan.network.clone(), &PlanOptions { weight_bytes: Some(0), ..options }).unwrap();
        assert!(slower.predicted_seconds(1) > plan.predicted_seconds(1));
    }
}

//! The number of tiles: by predicted time, within the memory.

use std::sync::Arc;

use super::error::InferenceError;
use super::options::PlanOptions;
use super::plan::Plan;
use super::prices::Prices;
use crate::network::lowered::LoweredNetwork;

/// Numbers of tiles to choose from: squares of powers of two.
pub const TILES: [usize; 6] = [1, 4, 16, 64, 256, 1024];

/// The plan with the number of tiles that is given, or of those whose predicted memory is within the limit the one with the least
/// predicted seconds for an image, by stored prices and on one thread: the same on every machine. If none is, the one that takes the least
/// memory.
pub fn plan(network: Arc<LoweredNetwork>, options: &PlanOptions) -> Result<Plan, InferenceError> {
    let with = |tiles| Plan::of(network.clone(), None, &PlanOptions { tiles: Some(tiles), ..options.clone() });
    if let Some(tiles) = options.tiles {
        return with(tiles);
    }
    let prices = Prices::default();
    let mut refused = None;
    let mut found: Option<(Plan, bool, f64)> = None;
    for tiles in TILES {
        let plan = match with(tiles) {
            Ok(plan) => plan,
            Err(error) => {
                refused = Some(error);
                continue;
            }
        };
        let bytes = plan.predicted_bytes(1, plan.diagonal_bytes());
        let fits = bytes <= options.memory_bytes;
        let cost = if fits { plan.seconds_at(&prices, 1) / plan.client.batch as f64 } else { bytes as f64 };
        if found.as_ref().is_none_or(|(_, best_fits, best)| (fits, -cost) > (*best_fits, -best)) {
            found = Some((plan, fits, cost));
        }
    }
    match (found, refused) {
        (Some((plan, ..)), _) => Ok(plan),
        (None, Some(error)) => Err(error),
        (None, None) => with(1),
    }
}

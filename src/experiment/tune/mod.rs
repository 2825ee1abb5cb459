//! The scales that a network needs (`docs/tuning.md`): of many parameter sets the one whose plan is fastest, if its simulated accuracy on
//! held out training images stays close to clear text.

mod grid;
mod measured;
mod outcome;
mod search;
mod set_file;
mod simulations;
mod subject;

pub use grid::Grid;
pub use measured::Measured;
pub use outcome::{Candidate, Planned, TuneOutcome};
pub use search::{Criterion, Found, Verdict, search};
pub use set_file::write;
pub use simulations::Simulations;
pub use subject::Subject;

//! Training of networks for leveled evaluation (method section 2): ReLU, the article's clamped quadratic with its range penalty,
//! HerPN, and learned quadratics.
//!
//! A [`Recipe`] says what to do. What only plans a training is always built; what needs libtorch ([`torch`]) only with the cargo
//! feature `train`. The trainer sees the training images alone, split by [`Split`]; nothing here can read a test set.

mod activation;
#[cfg_attr(not(feature = "train"), allow(dead_code, reason = "the trainer alone draws and varies images"))]
mod augmentation;
mod distillation;
#[cfg_attr(not(feature = "train"), allow(dead_code, reason = "the trainer alone draws and varies images"))]
mod draws;
mod error;
mod finish;
mod history;
mod optimizer;
mod range_penalty;
mod recipe;
mod schedule;
mod split;
#[cfg(feature = "train")]
pub mod torch;

pub use activation::{ReluFit, TrainedActivation};
pub use augmentation::{Augmentation, Padding};
pub use distillation::Distillation;
pub use error::TrainingError;
pub use finish::Finish;
pub use history::EpochRow;
pub use optimizer::OptimizerSettings;
pub use range_penalty::{PenaltyForm, RangePenalty};
pub use recipe::{Keep, Precision, Recipe, RecipeProblem};
pub use schedule::Schedule;
pub use split::Split;

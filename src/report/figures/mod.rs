//! Figures: SVG and PNG by plotters, from recorded rows.

mod accuracy_by_latency;
mod against;
mod canvas;
mod exporter;
mod layers;
mod level_and_scale;
mod levels_by_optimisation;
mod lines;
mod palette;
mod placement;
mod plot;
mod precision_by_layer;
mod rendered;
mod seconds_by_layer;
mod spots;
mod subtitle;
mod training_history;
mod writer;

pub use exporter::{Figure, export};
pub use layers::LayerSeries;
pub use level_and_scale::LevelAndScale;
pub use rendered::Rendered;
pub use seconds_by_layer::SecondsByLayer;
pub use training_history::write_history_figure;
pub use writer::figures;

//! Figures: SVG and PNG by plotters, from recorded rows.

mod accuracy_by_latency;
mod against;
mod exporter;
mod font;
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

pub use rendered::Rendered;
pub use training_history::write_history_figure;
pub use writer::figures;

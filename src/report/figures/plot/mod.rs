//! What charts are made of: axes, frame, signs, heading and key.

mod axis;
mod chart;
mod clip;
mod dash;
mod drawing;
mod error_bar;
mod frame;
mod legend;
mod marker;
mod sheet;
mod text;

pub use axis::{Axis, Scale};
pub use chart::{Chart, ChartPoint, Reference, Series};
pub use drawing::{Anchor, Drawing, Label, Point, Shape};
pub use error_bar::{CAP, bar_ends, error_bar};
pub use frame::Frame;
pub use legend::{Legend, Sign};
pub use marker::{Form, Marker, SERIES};
pub use sheet::{ROW, Sheet};

//! One page that holds everything and needs no network.

mod page;
mod provenance;
mod table;

pub use page::page;

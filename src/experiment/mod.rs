//! Experiments: what to run, running it, and what was measured.
//!
//! An experiment file ([`config`]) expands to [`trial::TrialSpec`]s; [`run`](mod@run) evaluates each in a child process
//! ([`child`], [`evaluate`]) and appends its [`records`] to a [`store`]; [`provenance`] says what made them.

pub mod accuracy;
pub mod accuracy_provenance;
pub mod bars;
pub mod block;
pub mod byte_size;
pub mod child;
pub mod client;
pub mod clock;
pub mod combination;
pub mod config;
pub mod documentation;
pub mod download;
pub mod error;
pub mod evaluate;
pub mod event;
pub mod expansion;
pub mod experiment_file;
pub mod file_location;
pub mod fingerprint;
pub mod host;
pub mod images;
pub mod import;
pub mod inference;
pub mod inference_view;
pub mod level_view;
mod literal_schema;
pub mod locate;
pub mod memory_left;
pub mod model_choice;
pub mod networks;
mod no_value;
pub mod notice;
pub mod operations_view;
pub mod overrides;
pub mod parameter_set;
mod path_text;
pub mod pause;
pub mod place;
pub mod plan_view;
pub mod preflight;
pub mod prices;
pub mod program;
pub mod provenance;
pub mod records;
pub mod resolver;
pub mod run;
pub mod schema;
pub mod security_view;
pub mod setting;
mod setting_list;
pub mod settings;
pub mod store;
pub mod subprocess;
pub mod suggest;
pub mod training;
pub mod trial;
pub mod tune;
mod wrong_type;

pub use error::ExperimentError;

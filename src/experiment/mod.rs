//! Experiments: configuration, trials, records and provenance.

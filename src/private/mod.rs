//! Encrypted inference: layouts, plan, executor and probe.

//! The generic kernels compiled for the baseline of the target.

super::generic::instantiate!();

//! The generic kernels compiled for AVX2.

super::generic::instantiate!(
    #[target_feature(enable = "avx2")]
);

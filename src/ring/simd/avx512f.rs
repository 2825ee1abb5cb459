//! The kernels in doubles for AVX-512 without IFMA.

use pulp::x86::V4;

pub use super::avx512::permute_blocks;

super::doubles::instantiate!("avx512f,avx512bw,avx512cd,avx512dq,avx512vl,bmi1,bmi2,lzcnt,popcnt,fxsr", V4);

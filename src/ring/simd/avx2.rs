//! The kernels in doubles for AVX2 and FMA.

use pulp::x86::V3;

super::doubles::instantiate!("avx2,fma,bmi1,bmi2,lzcnt,popcnt,fxsr", V3);

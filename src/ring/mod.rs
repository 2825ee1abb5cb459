//! Modular arithmetic, number theoretic transform, RNS polynomials, sampling and the kernels under them.

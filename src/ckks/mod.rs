//! The RNS-CKKS scheme: parameters, keys, encoder and evaluators.

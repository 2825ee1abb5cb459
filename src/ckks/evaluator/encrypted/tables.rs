//! Constants that are computed when first needed: base conversions and automorphisms.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crate::ckks::parameters::Parameters;
use crate::ring::{Automorphism, BaseConversion, Ntt};

/// Sources and targets of a conversion, as prime indices.
type ConversionKey = (Vec<usize>, Vec<usize>);

#[derive(Debug)]
pub(super) struct Tables {
    parameters: Parameters,
    conversions: Mutex<HashMap<ConversionKey, Arc<BaseConversion>>>,
    automorphisms: Mutex<HashMap<usize, Arc<Automorphism>>>,
}

impl Tables {
    pub(super) fn new(parameters: Parameters) -> Self {
        Self { parameters, conversions: Mutex::default(), automorphisms: Mutex::default() }
    }

    /// The conversion between two sets of primes.
    pub(super) fn conversion(&self, sources: &[usize], targets: &[usize]) -> Arc<BaseConversion> {
        let key = (sources.to_vec(), targets.to_vec());
        let mut cache = self.conversions.lock().unwrap_or_else(|e| e.into_inner());
        cache
            .entry(key)
            .or_insert_with(|| {
                let ntts = |list: &[usize]| -> Vec<&Ntt> { list.iter().map(|&i| &self.parameters.ntts()[i]).collect() };
                Arc::new(BaseConversion::new(&ntts(sources), &ntts(targets)))
            })
            .clone()
    }

    /// The automorphism X -> X^`element`.
    pub(super) fn automorphism(&self, element: usize) -> Arc<Automorphism> {
        let mut cache = self.automorphisms.lock().unwrap_or_else(|e| e.into_inner());
        cache.entry(element).or_insert_with(|| Arc::new(Automorphism::new(self.parameters.log_n(), element))).clone()
    }
}

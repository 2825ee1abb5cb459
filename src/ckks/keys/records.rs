//! Switching keys as bytes: as they are sent, with a seed for the uniform halves and the other halves in as many bits as their primes
//! have; and as they are read, packed, so that a mapped file serves as it is.

use rayon::prelude::*;

use super::switching::{SwitchingKey, parts, primes, starts, uniform_half};
use super::words::KeyWords;
use crate::ckks::error::CkksError;
use crate::ckks::parameters::Parameters;
use crate::ring::Limb;
use crate::ring::arena::Pages;
use crate::ring::packed_terms::{are_reduced, pack, unpack_first};
use crate::ring::sampling::Seed;
use crate::wire::{MappedBytes, bits};

/// Bytes of a seed.
const SEED_BYTES: usize = 32;

/// What packed words begin at a multiple of in a file: a line of the cache.
const ALIGNMENT: u64 = 64;

fn refuse<T>(reason: String) -> Result<T, CkksError> {
    Err(CkksError::Key { reason })
}

/// Bytes of a limb modulo prime number `prime` in as many bits as the prime has.
pub(in crate::ckks) fn limb_bytes(parameters: &Parameters, prime: usize) -> usize {
    bits::packed_bytes(parameters.n(), prime_bits(parameters, prime))
}

/// Bits of a residue modulo prime number `prime`.
pub(in crate::ckks) fn prime_bits(parameters: &Parameters, prime: usize) -> u32 {
    u64::BITS - parameters.prime(prime).leading_zeros()
}

impl SwitchingKey {
    fn digits_of(parameters: &Parameters, band: usize, limbs: usize) -> usize {
        parameters.bands()[band].band.shape.digits(limbs)
    }

    /// Bytes of a key as it is sent. The key must be one that a checked [`KeyRequest`](super::KeyRequest) has, here and below.
    pub fn sent_bytes(parameters: &Parameters, band: usize, limbs: usize) -> u64 {
        let limb_bytes = primes(parameters, band, limbs).into_iter().map(|prime| limb_bytes(parameters, prime) as u64);
        SEED_BYTES as u64 + Self::digits_of(parameters, band, limbs) as u64 * limb_bytes.sum::<u64>()
    }

    /// The key as it is sent: the seed of the uniform halves, then for each prime the other half of each digit.
    pub fn to_sent(&self, parameters: &Parameters, band: usize) -> Vec<u8> {
        let halves: Vec<Vec<u8>> = primes(parameters, band, self.limbs)
            .par_iter()
            .enumerate()
            .map(|(index, &prime)| {
                let q = parameters.ntts()[prime].modulus();
                let mut half = Limb::scratch(parameters.n());
                let mut bytes = Vec::with_capacity(self.digits * limb_bytes(parameters, prime));
                for digit in 0..self.digits {
                    unpack_first(self.prime_words(index), digit, self.digits, &mut half, q);
                    bits::pack(&half, prime_bits(parameters, prime), &mut bytes);
                }
                bytes
            })
            .collect();
        let mut bytes = self.uniform.as_bytes().to_vec();
        halves.iter().for_each(|half| bytes.extend(half));
        bytes
    }

    /// The key of what [`SwitchingKey::to_sent`] gave, for ciphertexts of up to `limbs` limbs in band number `band`.
    ///
    /// # Errors
    /// [`CkksError::Key`] for another number of bytes, or a residue that is not below its prime.
    pub fn from_sent(parameters: &Parameters, band: usize, limbs: usize, bytes: &[u8]) -> Result<Self, CkksError> {
        let expected = Self::sent_bytes(parameters, band, limbs);
        let (Some((seed, mut rest)), true) = (bytes.split_first_chunk::<SEED_BYTES>(), bytes.len() as u64 == expected)
        else {
            return refuse(format!("it has {} bytes instead of {expected}", bytes.len()));
        };
        let uniform = Seed::from_bytes(*seed);
        let digits = Self::digits_of(parameters, band, limbs);
        let primes = primes(parameters, band, limbs);
        let starts = starts(parameters, &primes, digits);
        let mut words = Pages::zeros(starts[primes.len()].div_ceil(2));
        let mut halves = Vec::with_capacity(primes.len());
        for &prime in &primes {
            let (own, after) = rest.split_at(digits * limb_bytes(parameters, prime));
            halves.push(own);
            rest = after;
        }
        let parts = parts(&mut words, &starts);
        parts.into_par_iter().zip(&primes).zip(halves).try_for_each(|((part, &prime), half)| {
            let q = parameters.ntts()[prime].modulus();
            let (mut b, mut a) = (Limb::scratch(parameters.n()), Limb::scratch(parameters.n()));
            for (digit, half) in half.chunks_exact(limb_bytes(parameters, prime)).enumerate() {
                if bits::unpack(half, prime_bits(parameters, prime), &mut b) >= q.value() {
                    return refuse(format!("a residue of digit {digit} is not below its prime {}", q.value()));
                }
                uniform_half(&uniform, digit, prime).fill_uniform(&mut a, q);
                pack(part, digit, digits, (&b, &a), q);
            }
            Ok(())
        })?;
        Ok(Self { limbs, digits, uniform, words: words.into(), starts })
    }

    /// Bytes of a key as it is read: a multiple of 64, the seed and what is unused after it included.
    pub fn read_bytes(parameters: &Parameters, band: usize, limbs: usize) -> u64 {
        (Self::predicted_bytes(parameters, band, limbs) + SEED_BYTES as u64).next_multiple_of(ALIGNMENT)
    }

    /// The key as it is read.
    pub fn to_read(&self) -> Vec<u8> {
        let words: &[u8] = bytemuck::cast_slice(self.words.get());
        let mut bytes = [words, self.uniform.as_bytes()].concat();
        bytes.resize(bytes.len().next_multiple_of(ALIGNMENT as usize), 0);
        bytes
    }

    /// The key in what [`SwitchingKey::to_read`] gave, which stays where it is.
    ///
    /// # Errors
    /// [`CkksError::Key`] for another number of bytes, bytes that are not aligned, or a residue that is not below its prime.
    pub fn from_mapped(
        parameters: &Parameters,
        band: usize,
        limbs: usize,
        bytes: &MappedBytes,
    ) -> Result<Self, CkksError> {
        let expected = Self::read_bytes(parameters, band, limbs);
        let end = Self::predicted_bytes(parameters, band, limbs) as usize;
        let words = bytes.part(0..end).filter(|_| bytes.len() as u64 == expected);
        let seed = bytes.get(end..).and_then(|rest| rest.first_chunk::<SEED_BYTES>());
        let (Some(words), Some(seed)) = (words, seed) else {
            return refuse(format!("it has {} bytes instead of {expected}", bytes.len()));
        };
        if bytes[end + SEED_BYTES..].iter().any(|byte| *byte != 0) {
            return refuse("the bytes after its seed are not zero".into());
        }
        if !(words.as_ptr() as u64).is_multiple_of(ALIGNMENT) {
            return refuse("its bytes are not aligned".into());
        }
        let digits = Self::digits_of(parameters, band, limbs);
        let primes = primes(parameters, band, limbs);
        let starts = starts(parameters, &primes, digits);
        let key = Self { limbs, digits, uniform: Seed::from_bytes(*seed), words: KeyWords::Mapped(words), starts };
        let wrong = primes.par_iter().enumerate().find_map_any(|(index, &prime)| {
            let q = parameters.ntts()[prime].modulus();
            (!are_reduced(key.prime_words(index), q)).then(|| q.value())
        });
        match wrong {
            Some(q) => refuse(format!("a residue is not below its prime {q}")),
            None => Ok(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::keys::{KeyKind, KeyRequest, SecretKey};
    use crate::ckks::{EvaluationKeys, ParametersLiteral, SecurityPolicy};
    use crate::ring::simd;

    fn key() -> (SecretKey, usize, SwitchingKey) {
        let parameters = Parameters::new(ParametersLiteral {
            log_n: 6,
            levels: 4,
            scale_bits: 24.0,
            weight_bits: 18.0,
            base_bits: 40,
            security: SecurityPolicy::None,
            ..ParametersLiteral::default()
        });
        let parameters = parameters.unwrap();
        let secret = SecretKey::generate(&parameters).unwrap();
        let mut request = KeyRequest::new();
        request.add(&parameters, KeyKind::Relinearization, 5);
        let mut made = None;
        EvaluationKeys::generate_each(&secret, &request, |_, band, key| {
            made = Some((band, key));
            Ok::<(), CkksError>(())
        })
        .unwrap();
        let (band, key) = made.unwrap();
        (secret, band, key)
    }

    #[test]
    fn keys_are_what_was_sent() {
        let (secret, band, key) = key();
        let parameters = secret.parameters();
        let sent = key.to_sent(parameters, band);
        let back = SwitchingKey::from_sent(parameters, band, 5, &sent).unwrap();
        assert_eq!((back.words.get(), &back.starts), (key.words.get(), &key.starts));
        assert_eq!(back.to_sent(parameters, band), sent);
        assert!(matches!(SwitchingKey::from_sent(parameters, band, 5, &sent[1..]), Err(CkksError::Key { .. })));
        assert!(matches!(SwitchingKey::from_sent(parameters, band, 4, &sent), Err(CkksError::Key { .. })));
        assert!(matches!(SwitchingKey::from_sent(parameters, band, 5, &[]), Err(CkksError::Key { .. })));
    }

    #[test]
    fn errors_do_not_follow_from_what_is_sent() {
        let (secret, band, key) = key();
        let parameters = secret.parameters();
        // Modulo a special prime no digit has a part of the message but P s', which is zero there: b + a s' is the error.
        let prime = parameters.bands()[band].special[0];
        let (ntt, index) = (&parameters.ntts()[prime], 5);
        let q = ntt.modulus();
        for digit in 0..key.digits {
            let (mut error, mut a) = (Limb::scratch(64), Limb::scratch(64));
            unpack_first(key.prime_words(index), digit, key.digits, &mut error, q);
            uniform_half(&key.uniform, digit, prime).fill_uniform(&mut a, q);
            simd::multiply_assign(&mut a, secret.limb(prime), q);
            simd::add_assign(&mut error, &a, q);
            ntt.inverse(&mut error);
            let error: Vec<i64> = error.iter().map(|x| q.centered(*x)).collect();
            assert!(error.iter().any(|x| *x != 0) && error.iter().all(|x| x.abs() < 31), "{error:?}");
            let sent = &key.uniform;
            let seeds = [sent.clone(), sent.derive("digit", &[digit as u64]), uniform_half(sent, digit, prime)];
            for seed in seeds.iter().flat_map(|seed| [seed.clone(), seed.derive("error", &[])]) {
                let drawn: Vec<i64> = seed.gaussian(64).iter().map(|x| i64::from(*x)).collect();
                assert_ne!(drawn, error);
            }
        }
    }
}

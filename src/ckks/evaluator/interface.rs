//! What an encrypted computation may do.

use std::sync::Arc;

use crate::ckks::combination::Combination;
use crate::ckks::encoder::Complex;
use crate::ckks::error::CkksError;
use crate::ckks::linear_transform::LinearTransform;
use crate::ckks::parameters::Parameters;
use crate::ckks::scalar_matrix::ScalarMatrix;

/// Operations on ciphertexts. Every operation checks scales and levels and never adjusts them silently.
///
/// ```
/// use std::sync::Arc;
///
/// use leveled::ckks::*;
///
/// # let parameters = Parameters::new(ParametersLiteral {
/// #     log_n: 8,
/// #     levels: 2,
/// #     scale_bits: 40.0,
/// #     weight_bits: 20.0,
/// #     tower_reuse: false,
/// #     base_bits: 50,
/// #     security: SecurityPolicy::None,
/// #     ..ParametersLiteral::default()
/// # })?;
/// // x^2 + 1, on any evaluator.
/// fn polynomial<E: Evaluator>(evaluator: &E, x: &E::Ciphertext) -> Result<E::Ciphertext, CkksError> {
///     let square = evaluator.rescale(&evaluator.square(x)?)?;
///     evaluator.add_plain(&square, &[Complex::from(1.0); 8])
/// }
///
/// let (limbs, scale) = (parameters.max_limbs(), parameters.input_scale());
/// let encryptor = Encryptor::new(SecretKey::generate(&parameters)?);
/// let mut request = KeyRequest::new();
/// request.add(&parameters, KeyKind::Relinearization, limbs);
/// let keys = EvaluationKeys::generate(encryptor.secret(), &request, |_| ())?;
/// let encrypted = Encrypted::new(parameters.clone(), encryptor.encoder().clone(), Arc::new(keys));
/// let x = encryptor.encrypt(&[Complex::from(0.5); 128], scale, limbs)?.expand();
/// let found = decrypt(encryptor.encoder(), encryptor.secret(), &polynomial(&encrypted, &x)?)?;
/// assert!((found[0] - 1.25).norm() < 1e-6);
///
/// // Counting costs nothing and knows levels and scales.
/// let counting = Counting::new(parameters);
/// let result = polynomial(&counting, &counting.fresh(limbs, scale))?;
/// assert_eq!(counting.limbs(&result), limbs - 1);
/// # Ok::<(), CkksError>(())
/// ```
pub trait Evaluator: Sync {
    /// What stands for a ciphertext.
    type Ciphertext: Clone + Send + Sync;
    /// An encoded linear transform, with the transform that it is an encoding of.
    type Transform: Send + Sync;
    /// An encoded combination, with the combination that it is an encoding of.
    type Combination: Send + Sync;
    /// An encoded scalar matrix, with the matrix that it is an encoding of.
    type ScalarMatrix: Send + Sync;

    /// The parameters.
    fn parameters(&self) -> &Parameters;

    /// Number of limbs of a ciphertext: its level plus one.
    fn limbs(&self, x: &Self::Ciphertext) -> usize;

    /// Scale of a ciphertext.
    fn scale(&self, x: &Self::Ciphertext) -> f64;

    /// x + y.
    ///
    /// # Errors
    /// [`CkksError::ScaleMismatch`], [`CkksError::LevelMismatch`].
    fn add(&self, x: &Self::Ciphertext, y: &Self::Ciphertext) -> Result<Self::Ciphertext, CkksError>;

    /// x - y.
    ///
    /// # Errors
    /// As [`Evaluator::add`].
    fn subtract(&self, x: &Self::Ciphertext, y: &Self::Ciphertext) -> Result<Self::Ciphertext, CkksError>;

    /// -x.
    #[must_use]
    fn negate(&self, x: &Self::Ciphertext) -> Self::Ciphertext;

    /// x + slots, encoded at the scale of x (to 30 bits of the largest slot); `slots` has a power of two of values, 8 or more,
    /// and is repeated.
    ///
    /// # Errors
    /// [`CkksError::PlaintextOverflow`], [`CkksError::TooManySlots`]; [`CkksError::Scale`] for a scale that is no finite
    /// number above zero.
    fn add_plain(&self, x: &Self::Ciphertext, slots: &[Complex]) -> Result<Self::Ciphertext, CkksError>;

    /// x * slots, encoded at `scale`; the scale of the result is the product.
    ///
    /// # Errors
    /// As [`Evaluator::add_plain`].
    fn multiply_plain(
        &self,
        x: &Self::Ciphertext,
        slots: &[Complex],
        scale: f64,
    ) -> Result<Self::Ciphertext, CkksError>;

    /// x * factor; the scale stays.
    #[must_use]
    fn multiply_integer(&self, x: &Self::Ciphertext, factor: i64) -> Self::Ciphertext;

    /// x times the imaginary unit in every slot; exact and free of noise.
    #[must_use]
    fn multiply_imaginary_unit(&self, x: &Self::Ciphertext) -> Self::Ciphertext;

    /// x * y, relinearized; the scale is the product.
    ///
    /// # Errors
    /// [`CkksError::LevelMismatch`], [`CkksError::MissingRelinearizationKey`].
    fn multiply(&self, x: &Self::Ciphertext, y: &Self::Ciphertext) -> Result<Self::Ciphertext, CkksError>;

    /// x^2, relinearized.
    ///
    /// # Errors
    /// [`CkksError::MissingRelinearizationKey`].
    fn square(&self, x: &Self::Ciphertext) -> Result<Self::Ciphertext, CkksError>;

    /// The squares of several ciphertexts of one level, relinearized with one pass over the key for several of them.
    ///
    /// # Errors
    /// As [`Evaluator::square`].
    fn square_all(&self, inputs: &[&Self::Ciphertext]) -> Result<Vec<Self::Ciphertext>, CkksError> {
        inputs.iter().map(|x| self.square(x)).collect()
    }

    /// Divides by the last prime of x; one level less.
    ///
    /// # Errors
    /// [`CkksError::LevelTooLow`].
    fn rescale(&self, x: &Self::Ciphertext) -> Result<Self::Ciphertext, CkksError>;

    /// The same values modulo the first `limbs` primes.
    ///
    /// # Errors
    /// [`CkksError::LevelTooLow`].
    fn drop_to(&self, x: &Self::Ciphertext, limbs: usize) -> Result<Self::Ciphertext, CkksError>;

    /// Slots rotated to the left by `steps`.
    ///
    /// # Errors
    /// [`CkksError::MissingGaloisKey`].
    fn rotate(&self, x: &Self::Ciphertext, steps: i64) -> Result<Self::Ciphertext, CkksError>;

    /// Several rotations of one ciphertext, which is decomposed once.
    ///
    /// # Errors
    /// [`CkksError::MissingGaloisKey`].
    fn rotate_hoisted(&self, x: &Self::Ciphertext, steps: &[i64]) -> Result<Vec<Self::Ciphertext>, CkksError>;

    /// Complex conjugate of every slot.
    ///
    /// # Errors
    /// [`CkksError::MissingGaloisKey`].
    fn conjugate(&self, x: &Self::Ciphertext) -> Result<Self::Ciphertext, CkksError>;

    /// The evaluator of the ring of half the dimension; none: there is no way into it.
    fn smaller_ring(&self) -> Option<&Self>;

    /// The evaluators of all rings: this one, and the smaller ones in order.
    fn rings(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |ring| ring.smaller_ring())
    }

    /// Moves a ciphertext into the ring of half the dimension, where slot j is the mean of slots j and j + N / 4; the scale stays.
    ///
    /// # Errors
    /// [`CkksError::NoRingSwitch`] without a switch for as many limbs, [`CkksError::RingSwitch`] where the switch is between other rings.
    fn switch_ring(&self, x: &Self::Ciphertext) -> Result<Self::Ciphertext, CkksError>;

    /// Encodes the diagonals of a transform at `scale`.
    ///
    /// # Errors
    /// [`CkksError::PlaintextOverflow`], [`CkksError::Scale`] and what the source of the diagonals reports.
    fn encode_transform(&self, transform: &Arc<LinearTransform>, scale: f64) -> Result<Self::Transform, CkksError>;

    /// The same transform with all that can be computed beforehand for inputs of `limbs` limbs: the diagonals modulo each of their primes.
    /// It takes [`LinearTransform::evaluation_bytes`] more memory, and is applied to other inputs as before.
    fn evaluate_transform(&self, encoded: Self::Transform, _limbs: usize) -> Self::Transform {
        encoded
    }

    /// Bytes of an encoded transform.
    fn transform_bytes(&self, encoded: &Self::Transform) -> u64;

    /// Applies a transform and rescales: the scale of the result is scale(x) * scale(encoded) / last prime.
    ///
    /// # Errors
    /// [`CkksError::Inputs`], [`CkksError::LevelMismatch`], [`CkksError::ScaleMismatch`] between inputs,
    /// [`CkksError::LevelTooLow`], [`CkksError::MissingGaloisKey`].
    fn apply_transform(
        &self,
        inputs: &[&Self::Ciphertext],
        encoded: &Self::Transform,
    ) -> Result<Vec<Self::Ciphertext>, CkksError>;

    /// Encodes the plaintexts of a combination at `scale`.
    ///
    /// # Errors
    /// [`CkksError::PlaintextOverflow`], [`CkksError::TooManySlots`], [`CkksError::Scale`].
    fn encode_combination(&self, combination: &Arc<Combination>, scale: f64) -> Result<Self::Combination, CkksError>;

    /// Bytes of an encoded combination.
    fn combination_bytes(&self, encoded: &Self::Combination) -> u64;

    /// Applies a combination and rescales: the scale of the result is scale(x) * scale(encoded) / last prime. Rotated
    /// inputs take at most `working_bytes` at a time.
    ///
    /// # Errors
    /// As [`Evaluator::apply_transform`]; [`CkksError::WorkingMemory`] if the rotations of one input take more.
    fn apply_combination(
        &self,
        inputs: &[&Self::Ciphertext],
        encoded: &Self::Combination,
        working_bytes: u64,
    ) -> Result<Vec<Self::Ciphertext>, CkksError>;

    /// Encodes a matrix at `scale`: weights without a mask as the nearest whole numbers, the others with their masks as plaintexts.
    ///
    /// # Errors
    /// [`CkksError::PlaintextOverflow`], [`CkksError::TooManySlots`], [`CkksError::Scale`].
    fn encode_scalar_matrix(&self, matrix: &Arc<ScalarMatrix>, scale: f64) -> Result<Self::ScalarMatrix, CkksError>;

    /// Bytes of an encoded matrix.
    fn scalar_matrix_bytes(&self, encoded: &Self::ScalarMatrix) -> u64;

    /// Applies a matrix and rescales: the scale of the result is scale(x) * scale(encoded) / last prime. Rotated inputs take at most
    /// `working_bytes` at a time.
    ///
    /// # Errors
    /// As [`Evaluator::apply_combination`].
    fn apply_scalar_matrix(
        &self,
        inputs: &[&Self::Ciphertext],
        encoded: &Self::ScalarMatrix,
        working_bytes: u64,
    ) -> Result<Vec<Self::Ciphertext>, CkksError>;
}

//! The optimisations of method section 3, each of which can be switched off.

use super::scalar::switch;

switch! {
    /// Whether batch normalisation is folded into the convolution before it; `false`: it is a multiplication of its own.
    NodeFusing = true
}

switch! {
    /// Whether one prime pays for a convolution and the squaring after it; `false`: each multiplication has its own.
    TowerReuse = true
}

//! What a data set holds, as text.

use crate::dataset::Verified;

/// A line for each part, and one for each remark.
#[must_use]
pub fn verified_text(verified: &Verified) -> String {
    let mut text = format!(
        "{} training images, sha256 {}\n{} test images, sha256 {}\n",
        verified.training_images, verified.training_sha256, verified.test_images, verified.test_sha256
    );
    for remark in &verified.remarks {
        text += &format!("note: {remark}\n");
    }
    if !verified.has_manifest {
        text += "note: there is no manifest.sha256 of an import, so that a mixture of two sets would go unnoticed\n";
    }
    if verified.remarks.is_empty() {
        text += "as published: 50000 and 10000 images, the same number of each class, none in both parts\n";
    }
    text
}

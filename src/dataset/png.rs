//! One PNG file as an image.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use image::codecs::png::PngDecoder;
use image::{DynamicImage, ImageDecoder};

use super::error::DatasetError;
use super::image::{Image, PIXELS, SIDE, VALUES};
use crate::user_file::Format;

/// Reads a PNG of exactly 32 x 32 pixels. Grey is repeated in the three channels, 16-bit values are reduced to
/// 8 bits and an alpha channel is dropped.
///
/// # Errors
/// [`DatasetError::Read`], [`DatasetError::Decode`], [`DatasetError::OtherFormat`], or [`DatasetError::ImageSize`] with the size found.
pub fn read_png(path: &Path) -> Result<Image, DatasetError> {
    let bytes = fs::read(path).map_err(|source| DatasetError::Read { path: path.to_owned(), source })?;
    let decode = |source| match Format::of(&bytes) {
        Some(format) => {
            let (found, wanted) = (format.to_string(), "an image in PNG format".to_owned());
            DatasetError::OtherFormat { path: path.to_owned(), found, wanted }
        }
        None => DatasetError::Decode { path: path.to_owned(), source },
    };
    let decoder = PngDecoder::new(Cursor::new(&bytes)).map_err(decode)?;
    let (width, height) = decoder.dimensions();
    let expected = SIDE as u32;
    if (width, height) != (expected, expected) {
        return Err(DatasetError::ImageSize { path: path.to_owned(), width, height, expected });
    }
    let interleaved = DynamicImage::from_decoder(decoder).map_err(decode)?.to_rgb8();
    let mut values = [0; VALUES];
    for (pixel, colours) in interleaved.pixels().enumerate() {
        for (channel, &value) in colours.0.iter().enumerate() {
            values[channel * PIXELS + pixel] = value;
        }
    }
    Ok(Image { values })
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{ImageFormat, Rgb, RgbImage};

    #[test]
    fn pixels_go_to_their_channel_row_and_column() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("image.png");
        let picture = RgbImage::from_fn(32, 32, |x, y| Rgb([x as u8, y as u8, 200]));
        picture.save_with_format(&path, ImageFormat::Png).unwrap();
        let image = read_png(&path).unwrap();
        let at = |channel: usize, row: usize, column: usize| image.values[(channel * 32 + row) * 32 + column];
        assert_eq!([at(0, 5, 7), at(1, 5, 7), at(2, 5, 7)], [7, 5, 200]);
    }

    #[test]
    fn other_sizes_and_other_files_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("image.png");
        RgbImage::new(48, 31).save_with_format(&path, ImageFormat::Png).unwrap();
        let text = read_png(&path).unwrap_err().to_string();
        assert!(text.contains("is 48 x 31 pixels, but the network takes 32 x 32"), "{text}");

        RgbImage::new(32, 32).save_with_format(&path, ImageFormat::Png).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for kept in [0, 10, 40, bytes.len() / 2] {
            std::fs::write(&path, &bytes[..kept]).unwrap();
            assert!(matches!(read_png(&path), Err(DatasetError::Decode { .. })), "{kept} bytes kept");
        }
        assert!(matches!(read_png(&directory.path().join("none.png")), Err(DatasetError::Read { .. })));
    }
}

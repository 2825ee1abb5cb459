//! One PNG file as an image.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use image::codecs::png::PngDecoder;
use image::{DynamicImage, ImageDecoder, ImageResult, Limits};

use super::error::DatasetError;
use super::image::{Image, PIXELS, SIDE, VALUES};
use crate::user_file::Format;

/// Most memory for what else is in a file: a compressed colour profile may say that it has gigabytes.
const MOST_BYTES: u64 = 16 << 20;

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
    let decoder = decoder(&bytes).map_err(decode)?;
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

fn decoder(bytes: &[u8]) -> ImageResult<PngDecoder<Cursor<&[u8]>>> {
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_BYTES);
    PngDecoder::with_limits(Cursor::new(bytes), limits)
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

    #[cfg(feature = "harness")]
    #[test]
    fn a_compressed_profile_takes_no_memory_beyond_a_bound() {
        use std::io::Write;

        let chunk = |name: &[u8; 4], data: &[u8]| {
            let named = [&name[..], data].concat();
            [&(data.len() as u32).to_be_bytes()[..], &named, &crc32fast::hash(&named).to_be_bytes()].concat()
        };
        let compressed = |bytes: usize| {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(&vec![0; bytes]).unwrap();
            encoder.finish().unwrap()
        };
        let image = |profile: usize| {
            let header = [0, 0, 0, 32, 0, 0, 0, 32, 8, 2, 0, 0, 0];
            let profile = [&b"name\0\0"[..], &compressed(profile)].concat();
            let pixels = compressed(32 * (1 + 3 * 32));
            let chunks = [(b"IHDR", &header[..]), (b"iCCP", &profile[..]), (b"IDAT", &pixels[..]), (b"IEND", &[][..])];
            [b"\x89PNG\r\n\x1a\n".to_vec(), chunks.map(|(name, data)| chunk(name, data)).concat()].concat()
        };
        // Files of a few bytes and of 64 KiB; an image without its profile is the same image.
        for (profile, kept) in [(1 << 10, Some(1 << 10)), (64 << 20, None)] {
            let file = image(profile);
            let mut decoder = decoder(&file).unwrap();
            assert_eq!(decoder.icc_profile().unwrap().map(|profile| profile.len()), kept);
            assert_eq!(DynamicImage::from_decoder(decoder).unwrap().to_rgb8().dimensions(), (32, 32));
        }
    }
}

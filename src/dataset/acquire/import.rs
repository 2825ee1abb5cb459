//! Data sets from elsewhere, as official binary files.

use std::fs;
use std::path::{Path, PathBuf};

use super::archive::{check_md5, unpack, write_error};
use super::beside::{self, Beside, Existing};
use super::manifest;
use super::other_form::{other_directory, other_file};
use super::verify::{Verified, verify};
use crate::dataset::cifar::{encode, find, read_file};
use crate::dataset::error::DatasetError;
use crate::dataset::image::Dataset;
use crate::dataset::name::DatasetName;
use crate::dataset::png::read_png;

/// Puts a data set into `out`, as the folder of the official binary archive, and verifies it. `source` is one of
///
/// * the official archive, `.tar.gz`: its MD5 sum must be the publisher's;
/// * a directory with the official binary files, or one that holds it;
/// * a directory with folders `train` and `test`, in each a folder per class, named as in
///   [`DatasetName::class_names`], of PNG images of 32 x 32 pixels. They are taken by file name, the classes in turn.
///
/// The set is written and verified beside its place and then moved there: an import that fails leaves what was there
/// before, and what one that was killed had moved aside is put back first.
///
/// # Errors
/// [`DatasetError::NoSource`] if it is none of these, [`DatasetError::OtherFormat`] where it is known what it is instead;
/// [`DatasetError::NoClass`]; [`DatasetError::Occupied`] if another data set is there; what reading and
/// writing say.
pub fn import(source: &Path, name: DatasetName, out: &Path, existing: Existing) -> Result<Verified, DatasetError> {
    fs::metadata(source).map_err(|error| DatasetError::Read { path: source.to_owned(), source: error })?;
    beside::restore(out, name)?;
    let beside = if source.is_file() {
        check_md5(source, name.archive_md5()).map_err(|error| other_file(source, name).unwrap_or(error))?;
        let beside = Beside::create(out, name)?;
        unpack(source, name, beside.path())?;
        beside
    } else if source.join("train").is_dir() && source.join("test").is_dir() {
        let (training, test) =
            (class_folders(&source.join("train"), name)?, class_folders(&source.join("test"), name)?);
        let beside = Beside::create(out, name)?;
        write(beside.path(), name.training_files(), &training)?;
        write(beside.path(), name.test_files(), &test)?;
        beside
    } else if find(source, name, name.test_files()[0]).is_ok() {
        copy(source, name, out)?
    } else {
        let nothing = || DatasetError::NoSource { path: source.to_owned(), dataset: name };
        return Err(other_directory(source, name).unwrap_or_else(nothing));
    };
    manifest::write(beside.path(), name)?;
    let verified = verify(beside.path(), name)?;
    beside.put(existing)?;
    Ok(verified)
}

/// Copies the official files, after all of them have been read.
fn copy(source: &Path, name: DatasetName, out: &Path) -> Result<Beside, DatasetError> {
    let files: Vec<PathBuf> = name.files().map(|file| find(source, name, file)).collect::<Result<_, _>>()?;
    for file in &files {
        read_file(file, name)?;
    }
    let beside = Beside::create(out, name)?;
    for (from, file) in files.iter().zip(name.files()) {
        let to = beside.path().join(file);
        fs::copy(from, &to).map_err(|source| write_error(&to, source))?;
    }
    Ok(beside)
}

/// The images of class folders, the first of each class, then the second of each, and so on.
fn class_folders(directory: &Path, name: DatasetName) -> Result<Dataset, DatasetError> {
    check_names(directory, name)?;
    let classes: Vec<Vec<PathBuf>> =
        name.class_names().iter().map(|class| png_files(&directory.join(class))).collect::<Result<_, _>>()?;
    let most = classes.iter().map(Vec::len).max().unwrap_or(0);
    let mut dataset = Dataset { name, images: Vec::new(), labels: Vec::new() };
    for turn in 0..most {
        for (class, files) in classes.iter().enumerate() {
            if let Some(file) = files.get(turn) {
                dataset.images.push(read_png(file)?);
                dataset.labels.push(class as u8);
            }
        }
    }
    Ok(dataset)
}

/// Every folder must be that of a class: images of another would be left out without a word.
fn check_names(directory: &Path, name: DatasetName) -> Result<(), DatasetError> {
    let failed = |source| DatasetError::Read { path: directory.to_owned(), source };
    for entry in fs::read_dir(directory).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let known = path.file_name().is_some_and(|found| name.class_names().iter().any(|class| found == *class));
        if !known && !is_hidden(&path) && path.is_dir() {
            return Err(DatasetError::NoClass { path, dataset: name, classes: name.class_names().join(", ") });
        }
    }
    Ok(())
}

/// Whether a file is one that systems and editors keep for themselves, such as the `._` files of macOS.
fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// The PNG files of a folder by name; an error if there is none.
fn png_files(folder: &Path) -> Result<Vec<PathBuf>, DatasetError> {
    let failed = |source| DatasetError::Read { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if !is_hidden(&path) && path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png")) {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(DatasetError::NoImages { path: folder.to_owned() });
    }
    Ok(files)
}

/// Writes `dataset` as official files, about the same number of images to each.
fn write(target: &Path, files: &[&str], dataset: &Dataset) -> Result<(), DatasetError> {
    // An image of each class at least, and so more than files.
    let (images, parts) = (dataset.len(), files.len());
    for (part, file) in files.iter().enumerate() {
        let range = part * images / parts..(part + 1) * images / parts;
        let path = target.join(file);
        fs::write(&path, encode(dataset, range)).map_err(|source| write_error(&path, source))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::archive::create;
    use super::*;
    use crate::dataset::{read_test, read_training, shipped_test_images};
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use image::{ImageFormat, Rgb, RgbImage};

    /// The official files, each with a few of the shipped images.
    fn binary_folder(folder: &Path, name: DatasetName) {
        let shipped = shipped_test_images(name).unwrap();
        fs::create_dir_all(folder).unwrap();
        for (index, file) in name.files().enumerate() {
            fs::write(folder.join(file), encode(&shipped, 20 * index..20 * index + 20)).unwrap();
        }
    }

    #[test]
    fn binary_folders_are_copied() {
        for name in [DatasetName::Cifar10, DatasetName::Cifar100] {
            let directory = tempfile::tempdir().unwrap();
            let (source, out) = (directory.path().join("source"), directory.path().join("out"));
            binary_folder(&source, name);
            let verified = import(&source, name, &out, Existing::Keep).unwrap();
            assert_eq!(verified.test_images, 20);
            assert_eq!(verified.training_images, 20 * name.training_files().len());
            assert_eq!(read_test(&out, name).unwrap(), read_test(&source, name).unwrap());
            // A folder may be imported into itself.
            import(&out, name, &out, Existing::Keep).unwrap();
            assert_eq!(read_training(&out, name).unwrap(), read_training(&source, name).unwrap());
        }
    }

    #[test]
    fn class_folders_become_binary_files() {
        let name = DatasetName::Cifar10;
        let directory = tempfile::tempdir().unwrap();
        for split in ["train", "test"] {
            for (label, class) in name.class_names().iter().enumerate() {
                let folder = directory.path().join(split).join(class);
                fs::create_dir_all(&folder).unwrap();
                for index in 0..2 {
                    let picture = RgbImage::from_pixel(32, 32, Rgb([label as u8, index, 7]));
                    picture.save_with_format(folder.join(format!("{index}.png")), ImageFormat::Png).unwrap();
                }
            }
        }
        // What macOS leaves beside files on other systems' disks.
        fs::write(directory.path().join("train/cat/._0.png"), "no image").unwrap();
        fs::create_dir(directory.path().join("train/.thumbnails")).unwrap();
        let out = directory.path().join("out");
        let verified = import(directory.path(), name, &out, Existing::Keep).unwrap();
        assert_eq!((verified.training_images, verified.test_images), (20, 20));
        let zebra = directory.path().join("test/zebra");
        fs::create_dir(&zebra).unwrap();
        let text = import(directory.path(), name, &out, Existing::Keep).unwrap_err().to_string();
        assert!(text.contains("zebra` is no class of cifar10") && text.contains("airplane, automobile"), "{text}");
        fs::remove_dir(zebra).unwrap();
        let training = read_training(&out, name).unwrap();
        assert_eq!(training.labels[..12], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]);
        assert_eq!(training.images[11].values[0], 1);
        assert_eq!(training.images[11].values[1024], 1);
        let dog = directory.path().join("test/dog");
        for index in 0..2 {
            fs::remove_file(dog.join(format!("{index}.png"))).unwrap();
        }
        let text = import(directory.path(), name, &out, Existing::Keep).unwrap_err().to_string();
        assert!(text.contains("dog` holds no PNG image"), "{text}");
        fs::remove_dir(dog).unwrap();
        assert!(matches!(import(directory.path(), name, &out, Existing::Keep), Err(DatasetError::Read { .. })));
    }

    #[test]
    fn archives_are_unpacked_after_their_sum_is_checked() {
        let name = DatasetName::Cifar10;
        let directory = tempfile::tempdir().unwrap();
        let source = directory.path().join("cifar-10-batches-bin");
        binary_folder(&source, name);
        let archive = directory.path().join("a.tar.gz");
        let mut tar = tar::Builder::new(GzEncoder::new(fs::File::create(&archive).unwrap(), Compression::fast()));
        tar.append_dir_all("cifar-10-batches-bin", &source).unwrap();
        tar.into_inner().unwrap().finish().unwrap();
        let text = import(&archive, name, directory.path(), Existing::Keep).unwrap_err().to_string();
        assert!(text.contains("has the MD5 sum") && text.contains(name.archive_md5()), "{text}");

        let target = create(directory.path().join("unpacked")).unwrap();
        unpack(&archive, name, &target).unwrap();
        assert_eq!(read_training(&target, name).unwrap(), read_training(&source, name).unwrap());
        let text = unpack(&archive, DatasetName::Cifar100, &target).unwrap_err().to_string();
        assert!(text.contains("it holds no `train.bin`") || text.contains("it holds no `test.bin`"), "{text}");
        let bytes = fs::read(&archive).unwrap();
        fs::write(&archive, &bytes[..bytes.len() / 2]).unwrap();
        assert!(matches!(unpack(&archive, name, &target), Err(DatasetError::Archive { .. })));
    }

    #[test]
    fn other_sources_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let text =
            import(directory.path(), DatasetName::Cifar10, directory.path(), Existing::Keep).unwrap_err().to_string();
        assert!(text.contains("holds no cifar10: give the official archive"), "{text}");
    }

    /// The files of the folder in `out`, by name.
    fn content(out: &Path, name: DatasetName) -> Vec<(String, Vec<u8>)> {
        let entries = fs::read_dir(out.join(name.archive_directory())).unwrap().map(Result::unwrap);
        let mut files: Vec<_> =
            entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect();
        files.sort();
        files
    }

    #[test]
    fn an_import_that_fails_leaves_what_was_there() {
        for name in [DatasetName::Cifar10, DatasetName::Cifar100] {
            let directory = tempfile::tempdir().unwrap();
            let (sound, cut, out) =
                (directory.path().join("sound"), directory.path().join("cut"), directory.path().join("out"));
            binary_folder(&sound, name);
            import(&sound, name, &out, Existing::Keep).unwrap();
            let before = content(&out, name);
            // Other images in every file, and the last one is cut.
            fs::create_dir(&cut).unwrap();
            let shipped = shipped_test_images(name).unwrap();
            for (index, file) in name.files().enumerate() {
                fs::write(cut.join(file), encode(&shipped, 100 + 10 * index..110 + 10 * index)).unwrap();
            }
            let last = cut.join(name.test_files()[0]);
            let bytes = fs::read(&last).unwrap();
            fs::write(&last, &bytes[..bytes.len() - 7]).unwrap();
            for existing in [Existing::Keep, Existing::Replace] {
                let text = import(&cut, name, &out, existing).unwrap_err().to_string();
                assert!(text.contains(&last.display().to_string()) && text.contains("truncated"), "{text}");
                assert_eq!(content(&out, name), before);
            }
            assert_eq!(fs::read_dir(&out).unwrap().count(), 1, "nothing half written is left");
        }
    }

    #[test]
    fn another_data_set_is_replaced_only_when_asked() {
        let name = DatasetName::Cifar10;
        let directory = tempfile::tempdir().unwrap();
        let (one, two, out) =
            (directory.path().join("one"), directory.path().join("two"), directory.path().join("out"));
        binary_folder(&one, name);
        import(&one, name, &out, Existing::Keep).unwrap();
        let before = content(&out, name);
        binary_folder(&two, name);
        let shipped = shipped_test_images(name).unwrap();
        fs::write(two.join("test_batch.bin"), encode(&shipped, 150..180)).unwrap();
        let text = import(&two, name, &out, Existing::Keep).unwrap_err().to_string();
        assert!(text.contains("holds another cifar10") && text.contains("--force"), "{text}");
        assert_eq!(content(&out, name), before);
        // The same set again changes nothing and needs no word.
        import(&one, name, &out, Existing::Keep).unwrap();
        assert_eq!(import(&two, name, &out, Existing::Replace).unwrap().test_images, 30);
        assert_eq!(read_test(&out, name).unwrap().len(), 30);
        assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
        // Files beside the folder would be read in its place.
        let flat = directory.path().join("flat");
        binary_folder(&flat, name);
        let text = import(&two, name, &flat, Existing::Replace).unwrap_err().to_string();
        assert!(text.contains("choose another --out"), "{text}");
    }

    #[test]
    fn what_a_killed_import_had_moved_aside_is_put_back() {
        let name = DatasetName::Cifar10;
        let directory = tempfile::tempdir().unwrap();
        let (one, two, out) =
            (directory.path().join("one"), directory.path().join("two"), directory.path().join("out"));
        binary_folder(&one, name);
        binary_folder(&two, name);
        let shipped = shipped_test_images(name).unwrap();
        fs::write(two.join("test_batch.bin"), encode(&shipped, 150..180)).unwrap();
        import(&one, name, &out, Existing::Keep).unwrap();
        let before = content(&out, name);
        let folder = out.join(name.archive_directory());
        let aside = out.join(format!(".{}.77.replaced", name.archive_directory()));
        // A kill between the two renames; what is there is as safe from another import as before.
        fs::rename(&folder, &aside).unwrap();
        let text = import(&two, name, &out, Existing::Keep).unwrap_err().to_string();
        assert!(text.contains("holds another cifar10") && text.contains("--force"), "{text}");
        assert_eq!((content(&out, name), aside.exists()), (before.clone(), false));
        fs::rename(&folder, &aside).unwrap();
        import(&out, name, &out, Existing::Keep).unwrap();
        assert_eq!(content(&out, name), before);
        // One that was being removed is no data set any more.
        fs::rename(&folder, &aside).unwrap();
        fs::remove_file(aside.join("test_batch.bin")).unwrap();
        assert_eq!(import(&two, name, &out, Existing::Keep).unwrap().test_images, 30);
        assert!(aside.exists());
    }

    #[test]
    fn a_mixture_of_two_sets_is_noticed() {
        let name = DatasetName::Cifar10;
        let directory = tempfile::tempdir().unwrap();
        let (source, out) = (directory.path().join("source"), directory.path().join("out"));
        binary_folder(&source, name);
        import(&source, name, &out, Existing::Keep).unwrap();
        let folder = out.join(name.archive_directory());
        fs::copy(folder.join("data_batch_1.bin"), folder.join("data_batch_2.bin")).unwrap();
        for place in [&out, &folder] {
            let text = verify(place, name).unwrap_err().to_string();
            assert!(text.contains("data_batch_2.bin` is not the file that was imported"), "{text}");
        }
        fs::remove_file(folder.join("manifest.sha256")).unwrap();
        assert!(!verify(&out, name).unwrap().has_manifest);
        // Importing the same files again says which they are from now on.
        assert!(import(&out, name, &out, Existing::Keep).unwrap().has_manifest);
        assert!(verify(&out, name).unwrap().has_manifest);
    }
}

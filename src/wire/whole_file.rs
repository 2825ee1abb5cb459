//! Files that are never seen half written.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::header::may_be_secret;

/// What the name of a file ends in while it is written.
pub const PARTIAL: &str = ".partial";

/// Mode of a file that its owner alone may read.
const OWNER_ONLY: u32 = 0o600;

/// Attempts at a file that other processes begin and end meanwhile.
const ATTEMPTS: usize = 8;

/// What file systems say of syncing a directory that have no such thing.
const NO_SYNC: [i32; 5] = [libc::EINVAL, libc::ENOTSUP, libc::EOPNOTSUPP, libc::ENOSYS, libc::EBADF];

/// Who may read a file, and whether it replaces another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// Whoever the system lets.
    Open,
    /// Its owner alone.
    Private,
    /// Its owner alone, and it replaces nothing.
    Secret,
}

/// A file under another name until [`WholeFile::commit`] moves it; dropped before, it is removed.
#[derive(Debug)]
pub struct WholeFile {
    file: File,
    partial: PathBuf,
    path: PathBuf,
    guard: Guard,
    committed: bool,
}

impl WholeFile {
    /// Begins a file. What a killed process left of it is begun again; nothing replaces a secret key.
    ///
    /// # Errors
    /// What the operating system says; [`io::ErrorKind::WouldBlock`] while another process writes the same file;
    /// [`io::ErrorKind::InvalidInput`] for a directory, a device or a pipe, which a file must not replace;
    /// [`io::ErrorKind::AlreadyExists`] for a secret key.
    pub fn create(path: &Path, guard: Guard) -> io::Result<Self> {
        if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
            let problem = "it is a directory, a device or a pipe; name a file";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
        }
        // A link stays one: what it leads to is written.
        let target = fs::symlink_metadata(path).is_ok_and(|there| there.is_symlink()).then(|| path.canonicalize());
        let target = target.transpose()?;
        let path = target.as_deref().unwrap_or(path);
        let partial = partial_of(path);
        for _ in 0..ATTEMPTS {
            let mut options = OpenOptions::new();
            // Never what a link under that name leads to, and no waiting for a reader of a pipe.
            options.write(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
            let made = options
                .clone()
                .create_new(true)
                .mode(if guard == Guard::Open { 0o666 } else { OWNER_ONLY })
                .open(&partial);
            let (file, left) = match made {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match options.open(&partial) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    found => (found?, true),
                },
                made => (made?, false),
            };
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::WouldBlock.into()),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            // Another process may have moved it between opening and locking: then it is whole, and not ours.
            let ours = file.metadata()?.ino();
            if fs::symlink_metadata(&partial).is_ok_and(|there| there.ino() == ours) {
                if left {
                    // Somebody may have it open for reading, or mapped.
                    fs::remove_file(&partial)?;
                    continue;
                }
                let begun = Self { file, partial, path: path.to_owned(), guard, committed: false };
                if may_be_secret(path) {
                    let problem =
                        "a secret key is there already, or a file that cannot be read, and is not overwritten";
                    return Err(io::Error::new(io::ErrorKind::AlreadyExists, problem));
                }
                return Ok(begun);
            }
        }
        Err(io::ErrorKind::WouldBlock.into())
    }

    /// Waits until the disk has the content, then gives the file its name.
    ///
    /// # Errors
    /// What the operating system says; then there is no such file, or the one that was there before, unless it is the
    /// disk that fails, at the very end, to keep the name.
    pub fn commit(mut self) -> io::Result<()> {
        // The name is the directory's. One that cannot be opened is known of before anything has changed.
        let directory = self.path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."));
        let directory = File::open(directory)?;
        self.file.sync_all()?;
        self.rename()?;
        where_directories_sync(directory.sync_all())
    }

    /// As [`WholeFile::commit`], without waiting: after a crash of the system the file may be empty.
    ///
    /// # Errors
    /// As [`WholeFile::commit`].
    pub fn commit_soon(mut self) -> io::Result<()> {
        self.rename()
    }

    fn rename(&mut self) -> io::Result<()> {
        // Of what came there meanwhile a link replaces nothing; some file systems have none.
        let linked = (self.guard == Guard::Secret).then(|| fs::hard_link(&self.partial, &self.path));
        match linked {
            Some(Ok(())) => fs::remove_file(&self.partial)?,
            Some(Err(error)) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
            _ => fs::rename(&self.partial, &self.path)?,
        }
        self.committed = true;
        Ok(())
    }
}

/// What syncing a directory says, but for a file system that has none: there the name is kept as well as it can be.
fn where_directories_sync(synced: io::Result<()>) -> io::Result<()> {
    let has_none = |error: &io::Error| error.raw_os_error().is_some_and(|code| NO_SYNC.contains(&code));
    synced.or_else(|error| if has_none(&error) { Ok(()) } else { Err(error) })
}

/// Where a file is while it is written.
#[must_use]
pub fn partial_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(PARTIAL);
    path.with_file_name(name)
}

/// A file that has its content, and not yet its name.
fn written(path: &Path, content: &[u8], guard: Guard) -> io::Result<WholeFile> {
    let mut file = WholeFile::create(path, guard)?;
    file.write_all(content)?;
    Ok(file)
}

/// Writes a file in one go, without waiting for the disk.
///
/// # Errors
/// As [`WholeFile::create`] and [`WholeFile::commit_soon`].
pub fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    written(path, content, Guard::Open)?.commit_soon()
}

/// Writes a file in one go that must be there after a crash of the system, or the one before it.
///
/// # Errors
/// As [`WholeFile::create`] and [`WholeFile::commit`].
pub fn write_lasting(path: &Path, content: &[u8]) -> io::Result<()> {
    written(path, content, Guard::Open)?.commit()
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if !self.committed {
            // Half a file is of no use, and it takes room on a full disk.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_there_when_it_is_whole_and_not_before() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let mut begun = WholeFile::create(&path, Guard::Secret).unwrap();
        begun.write_all(b"half").unwrap();
        assert!(!path.exists());
        assert_eq!(WholeFile::create(&path, Guard::Open).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop(begun);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);

        // What a killed process left, readable by all.
        let left = directory.path().join("file.partial");
        fs::write(&left, b"left behind by a kill").unwrap();
        let reader = File::open(&left).unwrap();
        let mut begun = WholeFile::create(&path, Guard::Secret).unwrap();
        begun.write_all(b"whole").unwrap();
        begun.commit().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(io::read_to_string(reader).unwrap(), "left behind by a kill");
        let [open, left] = ["open", "open.partial"].map(|name| directory.path().join(name));
        fs::write(&left, b"left behind, too").unwrap();
        let reader = File::open(&left).unwrap();
        write_whole(&open, b"whole").unwrap();
        assert_eq!(io::read_to_string(reader).unwrap(), "left behind, too");
        fs::remove_file(&open).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        // A secret file replaces nothing that came there meanwhile; a private one does.
        let other = directory.path().join("other");
        let mut begun = WholeFile::create(&other, Guard::Secret).unwrap();
        begun.write_all(b"mine").unwrap();
        fs::write(&other, b"theirs").unwrap();
        assert_eq!(begun.commit().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&other).unwrap(), b"theirs");
        written(&other, b"private", Guard::Private).unwrap().commit_soon().unwrap();
        assert_eq!(fs::metadata(&other).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_directory_that_cannot_be_opened_gets_no_file() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("folder");
        let path = folder.join("file");
        fs::create_dir(&folder).unwrap();
        let begun = WholeFile::create(&path, Guard::Open).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o300)).unwrap();
        // The superuser opens it all the same.
        let opens = File::open(&folder).is_ok();
        assert_eq!(begun.commit().is_ok(), opens);
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(path.exists(), opens);

        let begun = WholeFile::create(&path, Guard::Open).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(begun.commit().unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(!folder.exists());
    }

    #[test]
    fn a_file_system_that_syncs_no_directories_is_no_failure() {
        let said = |code| where_directories_sync(Err(io::Error::from_raw_os_error(code)));
        for code in [libc::EINVAL, libc::ENOTSUP, libc::EBADF] {
            assert!(said(code).is_ok(), "{code}");
        }
        assert_eq!(said(libc::EIO).unwrap_err().raw_os_error(), Some(libc::EIO));
        assert!(where_directories_sync(Ok(())).is_ok());
    }

    #[test]
    fn a_link_stays_one_and_what_it_leads_to_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let [link, folder] = ["link", "folder"].map(|name| directory.path().join(name));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("target"), "before").unwrap();
        std::os::unix::fs::symlink("folder/target", &link).unwrap();
        write_whole(&link, b"after").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(folder.join("target")).unwrap(), b"after");
        fs::remove_file(folder.join("target")).unwrap();
        assert_eq!(write_whole(&link, b"nowhere").unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_link_in_the_place_of_the_partial_file_is_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let [path, theirs] = ["secret", "theirs"].map(|name| directory.path().join(name));
        fs::write(&theirs, "theirs").unwrap();
        std::os::unix::fs::symlink(&theirs, directory.path().join("secret.partial")).unwrap();
        for guard in [Guard::Open, Guard::Secret] {
            assert!(WholeFile::create(&path, guard).is_err());
        }
        assert_eq!(fs::read(&theirs).unwrap(), b"theirs");
        assert!(!path.exists());
    }

    #[test]
    fn a_pipe_in_the_place_of_the_partial_file_is_not_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("file.partial");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(WholeFile::create(&directory.path().join("file"), Guard::Open).is_err());
    }

    #[test]
    fn what_is_no_file_is_not_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("link");
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        for path in [directory.path(), Path::new("/dev/null"), &link] {
            let error = WholeFile::create(path, Guard::Open).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().contains("name a file"));
        }
        assert!(!Path::new("/dev/null.partial").exists());
    }
}

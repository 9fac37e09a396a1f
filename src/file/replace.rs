//! Writing a file in one step, as other processes see it.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// Writes `bytes` to `path`: to `.NAME.partial` in the same folder first, which is flushed to the disk and then takes the
/// old file's place. Whatever happens on the way, `path` holds the old bytes or the new ones; a partial file that a
/// killed process left behind is written over by the next one.
///
/// # Errors
/// When the folder cannot be written, the disk is full, another process is writing the same file, or the partial file is
/// something else than a file.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_with(path, |file| file.write_all(bytes), |()| path.to_owned()).map(|_| ())
}

/// The same for what is too large to be held: `write` is given the empty partial file, and `place` the path that it takes
/// in the same folder, given what `write` gave; by then it may be another than `path`, after which the partial file is named.
pub(crate) fn replace_with<T, E: From<io::Error>>(
    path: &Path,
    write: impl FnOnce(&mut File) -> Result<T, E>,
    place: impl FnOnce(&T) -> PathBuf,
) -> Result<(T, PathBuf), E> {
    let partial = partial_path(path)?;
    let mut file = lock(&partial)?;
    let written = (|| {
        file.set_len(0)?;
        let written = write(&mut file)?;
        file.sync_all()?;
        let path = place(&written);
        fs::rename(&partial, &path)?;
        sync_folder(&path)?;
        Ok((written, path))
    })();
    if written.is_err() {
        // The first error says more than a second one from the cleaning up.
        let _ = fs::remove_file(&partial);
    }
    written
}

/// Opens a partial file for us alone.
fn lock(partial: &Path) -> io::Result<File> {
    // A link would be followed to whatever it names, and a pipe waited for. Nobody but us makes this name.
    if fs::symlink_metadata(partial).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{} is in the way and is no file", partial.display()),
        ));
    }
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(partial)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(io::Error::new(
            io::ErrorKind::ResourceBusy,
            format!("another process is writing it (it holds {})", partial.display()),
        )),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn partial_path(path: &Path) -> io::Result<PathBuf> {
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"))?;
    let mut partial = OsString::from(".");
    partial.push(name);
    partial.push(".partial");
    Ok(path.with_file_name(partial))
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<OsString> {
        let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        names
    }

    #[test]
    fn the_new_bytes_take_the_place_of_the_old() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.model");
        replace(&path, b"old").unwrap();
        fs::write(folder.path().join(".a.model.partial"), b"left by a killed process, and longer").unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["a.model"]);
    }

    #[test]
    fn a_file_that_is_being_written_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.model");
        let other = File::create(folder.path().join(".a.model.partial")).unwrap();
        other.lock().unwrap();
        assert_eq!(replace(&path, b"new").unwrap_err().kind(), io::ErrorKind::ResourceBusy);
        assert!(!path.exists());
    }

    #[test]
    fn a_link_in_the_way_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("a.model"), folder.path().join("other"));
        fs::write(&other, b"somebody's").unwrap();
        std::os::unix::fs::symlink(&other, folder.path().join(".a.model.partial")).unwrap();
        assert_eq!(replace(&path, b"new").unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(fs::read(&other).unwrap(), b"somebody's");
        assert!(!path.exists());
    }

    #[test]
    fn a_failure_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        fs::create_dir_all(path.join("inside")).unwrap();
        assert!(replace(&path, b"new").is_err());
        assert_eq!(names(folder.path()), ["taken"]);
    }
}

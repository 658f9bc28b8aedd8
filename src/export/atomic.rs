//! Files appear whole or not at all: written beside their place, then renamed into it.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

/// Writes `path` through `fill`. Until it succeeds, whatever was there stays as it was.
///
/// Pipes and devices (`/dev/stdout`, `/dev/full`) have no beside: they are written straight.
pub fn write<E: From<io::Error>>(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<&mut File>) -> Result<(), E>,
) -> Result<(), E> {
    if path.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
    }
    if path.exists() && !path.is_file() {
        return fill_and_flush(&mut File::options().write(true).open(path)?, fill);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut beside = tempfile::Builder::new().prefix(".mnemoscope-").tempfile_in(folder)?;
    fill_and_flush(beside.as_file_mut(), fill)?;
    share_like_a_new_file(path, beside.as_file())?;
    beside.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}

fn fill_and_flush<E: From<io::Error>>(
    file: &mut File,
    fill: impl FnOnce(&mut BufWriter<&mut File>) -> Result<(), E>,
) -> Result<(), E> {
    let mut out = BufWriter::with_capacity(1 << 18, file);
    fill(&mut out)?;
    out.flush()?;
    Ok(())
}

/// Temporary files are private; what is left behind is as readable as the file it replaces, or as any new file.
#[cfg(unix)]
fn share_like_a_new_file(path: &Path, file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = match std::fs::metadata(path) {
        Ok(old) => old.permissions().mode() & 0o777,
        Err(_) => 0o644,
    };
    file.set_permissions(std::fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn share_like_a_new_file(_: &Path, _: &File) -> io::Result<()> {
    Ok(())
}

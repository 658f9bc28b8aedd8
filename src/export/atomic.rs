//! Files appear whole or not at all: written beside their place, then renamed into it.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::error::ExportError;

/// Writes `path` through `fill`. Until it succeeds, whatever was there stays as it was.
///
/// Pipes and devices (`/dev/stdout`, `/dev/full`) have no beside: they are written straight.
pub fn write(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    replace(path, fill).map_err(|error| match error {
        ExportError::Io(source) => ExportError::write(path, source),
        other => other,
    })
}

fn replace(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    if path.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
    }
    if path.exists() && !path.is_file() {
        return filled(&mut File::options().write(true).open(path)?, fill);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = tempfile::Builder::new().prefix(".mnemoscope-").tempfile_in(folder);
    let mut beside = beside.map_err(|error| without_place(&error))?;
    filled(beside.as_file_mut(), fill)?;
    share_like_a_new_file(path, beside.as_file())?;
    beside.persist(path).map_err(|failed| failed.error)?;
    Ok(())
}

/// What the system said, without the temporary file's name, which says nothing to a user.
pub fn without_place(error: &io::Error) -> io::Error {
    let cause = error.get_ref().and_then(std::error::Error::source);
    let inner = || cause.and_then(|cause| cause.downcast_ref::<io::Error>()?.raw_os_error());
    let code = error.raw_os_error().or_else(inner);
    code.map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}

fn filled(
    file: &mut File,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let mut out = BufWriter::with_capacity(1 << 18, file);
    fill(&mut out)?;
    Ok(out.flush()?)
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

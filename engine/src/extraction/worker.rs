//! The worker's side: a process that reads images from its standard input and writes minutiae to its standard output.
//!
//! It sets its own limits before it reads the first byte: memory, no core dump, and no byte to any file, so that not even
//! a subverted decoder leaves a print on disk (R-COMP-5). It ends when its input does, and a thread of it ends it when its
//! parent is gone, even in the middle of an image.
//!
//! Frames: a 32-bit little-endian length and that many bytes. A request is two frames, the [`Request`] as JSON and the
//! image; an answer is one, `Result<Vec<Minutia>, ExtractionError>` as JSON.

use std::io::{self, Read, Write};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, setrlimit};

use super::{ExtractionError, Request, extract};
use crate::minutia::Minutia;

/// What a worker answers.
pub(super) type Answer = Result<Vec<Minutia>, ExtractionError>;

/// Largest frame. Unit: bytes.
const FRAME_BYTES_MAX: u32 = 64 << 20;

/// Serves requests until standard input ends. `memory_bytes` bounds the address space of the process.
pub fn run(memory_bytes: u64) -> io::Result<()> {
    for (resource, limit) in [(Resource::As, memory_bytes), (Resource::Core, 0), (Resource::Fsize, 0)] {
        setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })?;
    }
    end_with_parent()?;
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    while let Some(header) = read_frame(&mut input)? {
        let request: Request = serde_json::from_slice(&header)?;
        let image = read_frame(&mut input)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let answer: Answer = extract(request, &image);
        write_frame(&mut output, &serde_json::to_vec(&answer)?)?;
    }
    Ok(())
}

/// How often a worker looks whether its parent is still there.
const PARENT_CHECK: Duration = Duration::from_secs(1);

fn end_with_parent() -> io::Result<()> {
    let parent = rustix::process::getppid();
    let watch = move || {
        while rustix::process::getppid() == parent {
            std::thread::sleep(PARENT_CHECK);
        }
        std::process::exit(1);
    };
    std::thread::Builder::new().name("parent".into()).spawn(watch).map(drop)
}

pub(super) fn write_frame(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    to.write_all(&length.to_le_bytes())?;
    to.write_all(bytes)?;
    to.flush()
}

/// `None` at the end of input, between frames.
pub(super) fn read_frame(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0u8; 4];
    match from.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let length = u32::from_le_bytes(length);
    if length > FRAME_BYTES_MAX {
        return Err(io::Error::other("frame too long"));
    }
    let mut bytes = vec![0u8; length as usize];
    from.read_exact(&mut bytes)?;
    Ok(Some(bytes))
}

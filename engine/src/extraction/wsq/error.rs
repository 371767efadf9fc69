//! What can be wrong with a WSQ file, told with the byte and the field at fault.
//!
//! A print that will not open is usually cut short or was never WSQ at all. The byte offset
//! lets a person look at the place with any hex viewer, so every variant carries one.

/// Why a WSQ file could not be decoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WsqError {
    /// The first two bytes are not the start-of-image marker.
    #[error("not a WSQ file: at byte {offset} the start-of-image marker is {found:#06x}, not 0xffa0")]
    BadMagic {
        /// Where the marker should be; always the first byte.
        offset: usize,
        /// The two bytes found there, big-endian.
        found: u16,
    },
    /// The file, or the marker segment that holds a field, ends too early.
    #[error("WSQ data ends too early: {field} at byte {offset} is cut short")]
    Truncated {
        /// Where the field begins.
        offset: usize,
        /// The field that is cut short.
        field: &'static str,
    },
    /// Something other than a marker stands where one must begin.
    #[error("at byte {offset} of the WSQ data: found {found:#04x} where marker byte 0xff must be")]
    NotAMarker {
        /// Where the marker should begin.
        offset: usize,
        /// The byte found there.
        found: u8,
    },
    /// A marker is unknown, or is not allowed at this place.
    #[error("at byte {offset} of the WSQ data: marker 0xff{code:02x} is not allowed here")]
    UnexpectedMarker {
        /// Where the marker begins.
        offset: usize,
        /// The second byte of the marker.
        code: u8,
    },
    /// A field has a value that the format does not allow.
    #[error("at byte {offset} of the WSQ data: {field} is {value}, but must be {expected}")]
    BadValue {
        /// Where the field begins.
        offset: usize,
        /// The field at fault.
        field: &'static str,
        /// The value found.
        value: u32,
        /// The values that are allowed.
        expected: &'static str,
    },
    /// A table or header that the image needs has not come before it is needed.
    #[error("at byte {offset} of the WSQ data: {field} is needed here but has not been given")]
    Missing {
        /// The marker that needs the field.
        offset: usize,
        /// What is missing.
        field: &'static str,
    },
    /// The frame header asks for more pixels than the caller allows.
    #[error(
        "at byte {offset} of the WSQ data: image size {width} x {height} exceeds the limit of \
         {max_pixels} pixels"
    )]
    TooManyPixels {
        /// Where the frame header gives the height.
        offset: usize,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// The limit that the caller set.
        max_pixels: u64,
    },
    /// The compressed data holds bits that are no code of the Huffman table in use.
    #[error("near byte {offset} of the WSQ data: the bits are no code of Huffman table {table}")]
    BadCode {
        /// About where the bits are; the bit reader looks some bytes ahead.
        offset: usize,
        /// The number of the table in use.
        table: u8,
    },
    /// The compressed data holds too few or too many wavelet coefficients.
    #[error(
        "near byte {offset} of the WSQ data: the blocks hold {found} wavelet coefficients or \
         more, but the image has {expected}"
    )]
    TooManyCoefficients {
        /// About where the first coefficient too many is.
        offset: usize,
        /// How many there would be.
        found: usize,
        /// How many the image has.
        expected: usize,
    },
    /// The image ends before all its coefficients have come.
    #[error(
        "at byte {offset} of the WSQ data: the image ends after {found} of {expected} wavelet \
         coefficients"
    )]
    TooFewCoefficients {
        /// Where the end-of-image marker begins.
        offset: usize,
        /// How many came.
        found: usize,
        /// How many the image has.
        expected: usize,
    },
    /// The machine has not enough memory for the image.
    #[error("no memory for the {field} of the WSQ image announced at byte {offset}")]
    OutOfMemory {
        /// Where the image data begin.
        offset: usize,
        /// What the memory was for.
        field: &'static str,
    },
}

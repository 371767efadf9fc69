//! The same for people.

use std::fmt::Write;

use whorl_engine::minutia::FingerPosition;

use super::Inspected;
use super::contents::{Contents, Damage, ImageShown, RecordShown, ViewShown};

/// Values longer than this are cut. Unit: characters.
const VALUE_MAX: usize = 80;

/// A file in lines.
pub fn of(Inspected { file, bytes, contents, damage }: &Inspected) -> String {
    let file = &printable(file);
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = match (contents, damage) {
        (Some(Contents::Transaction { version, records }), _) => {
            let _ =
                writeln!(out, "{file}: ANSI/NIST-ITL {version}, {} records, {bytes} bytes", records.len());
            records.iter().enumerate().try_for_each(|(place, shown)| record(&mut out, place, shown))
        }
        (Some(Contents::MinutiaeRecord { standard, views }), _) => {
            let _ = writeln!(out, "{file}: {standard}, {} views, {bytes} bytes", views.len());
            views.iter().try_for_each(|shown| view(&mut out, shown))
        }
        (Some(Contents::Image { kind, width, height }), _) => {
            writeln!(out, "{file}: {kind}, {width} x {height} pixels, {bytes} bytes")
        }
        (None, Some(damage)) => broken(&mut out, file, damage),
        (None, None) => Ok(()),
    };
    out
}

fn record(out: &mut String, place: usize, shown: &RecordShown) -> std::fmt::Result {
    let RecordShown { record_type, idc, offset, fields, image, minutiae } = shown;
    write!(out, "  record {place} (Type-{record_type}), IDC {idc}, byte {offset}")?;
    if let Some(ImageShown {
        positions,
        width,
        height,
        resolution_ppi,
        compression,
        bytes,
        segments,
        missing,
    }) = image
    {
        let positions: Vec<_> = positions.iter().map(|code| position(*code)).collect();
        write!(out, ": {}", positions.join(" or "))?;
        if *bytes > 0 {
            write!(out, ", {width} x {height} pixels, {compression}, {bytes} bytes")?;
        }
        if let Some((across, down)) = resolution_ppi {
            write!(out, ", {across} x {down} ppi")?;
        }
        let names = |codes: &[u8]| codes.iter().map(|code| position(*code)).collect::<Vec<_>>().join(", ");
        if !segments.is_empty() {
            write!(out, "; marked: {}", names(segments))?;
        }
        if !missing.is_empty() {
            write!(out, "; missing: {}", names(missing))?;
        }
    }
    if let Some(minutiae) = minutiae {
        write!(out, ": {minutiae} minutiae")?;
    }
    writeln!(out)?;
    fields.iter().try_for_each(|(name, value)| {
        let cut: String = printable(value).chars().take(VALUE_MAX).collect();
        let more = if value.chars().count() > VALUE_MAX { " ..." } else { "" };
        writeln!(out, "    {name:<8} {cut}{more}")
    })
}

/// Nothing in a file, or in its name, speaks to the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

fn view(out: &mut String, shown: &ViewShown) -> std::fmt::Result {
    let ViewShown { position: code, impression, quality, minutiae } = shown;
    let quality = quality.map_or_else(|| "not reported".to_owned(), |quality| quality.to_string());
    writeln!(
        out,
        "  {}: {minutiae} minutiae, impression type {impression}, quality {quality}",
        position(*code)
    )
}

fn broken(out: &mut String, file: &str, damage: &Damage) -> std::fmt::Result {
    let Damage { like, record, record_type, field, offset, problem } = damage;
    write!(out, "{file}: damaged ({like}): ")?;
    if let (Some(record), Some(record_type)) = (record, record_type) {
        write!(out, "record {record} (Type-{record_type}), ")?;
    }
    if let Some(field) = field {
        write!(out, "{field}, ")?;
    }
    if let Some(offset) = offset {
        write!(out, "byte {offset}: ")?;
    }
    writeln!(out, "{problem}")
}

/// A code of the table of finger positions, in words.
fn position(code: u8) -> String {
    let words = match code {
        0 => "unknown finger",
        11 => "plain right thumb",
        12 => "plain left thumb",
        13 => "four right fingers",
        14 => "four left fingers",
        15 => "both thumbs",
        40..=50 => "two or three fingers",
        _ => FingerPosition::known(code).map_or("", FingerPosition::name),
    };
    if words.is_empty() { format!("position {code}") } else { format!("{words} ({code})") }
}

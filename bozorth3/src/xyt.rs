//! NIST's own minutiae format `.xyt`: a line a minutia, `x y theta quality`, as mindtct writes it and bozorth3 reads it.
//!
//! x counts pixels from the left, **y from the bottom**, theta is the direction in whole degrees, counter-clockwise from the right,
//! pointing **the other way** from ISO's and ANSI's (mindtct without `-m1`). The file does not say how high its image was.

use whorl_engine::minutia::{Minutia, MinutiaType};

/// One line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Xyt {
    /// Pixels from the left.
    pub x: i32,
    /// Pixels from the bottom, upwards.
    pub y: i32,
    /// Degrees, 0 to 359.
    pub theta: u16,
    /// 0 to 100; 0 where the line has none.
    pub quality: u8,
}

/// A line that is not one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct XytError {
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
}

/// Height that minutiae are turned over in, where no image says. Unit: pixels.
const HEIGHT: i32 = 16_383;

/// Reads a file.
pub fn parse(text: &str) -> Result<Vec<Xyt>, XytError> {
    let line = |(line, text)| parse_line(text).map_err(|problem| XytError { line, problem });
    (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()).map(line).collect()
}

fn parse_line(line: &str) -> Result<Xyt, String> {
    let number = |field: &str| field.parse::<i32>().map_err(|_| format!("`{field}` is not a whole number"));
    let fields = line.split_whitespace().map(number).collect::<Result<Vec<_>, _>>()?;
    let (x, y, theta, quality) = match fields[..] {
        [x, y, theta] => (x, y, theta, 0),
        [x, y, theta, quality] => (x, y, theta, quality),
        _ => return Err(format!("has {} numbers; `x y theta quality` are needed", fields.len())),
    };
    let within = |name, value: i32, max: i32| match value {
        value if (0..=max).contains(&value) => Ok(value),
        _ => Err(format!("{name} is {value}, and must be 0 to {max}")),
    };
    let (x, y) = (within("x", x, HEIGHT)?, within("y", y, HEIGHT)?);
    let theta = u16::try_from(theta.rem_euclid(360)).unwrap_or(0);
    let quality = u8::try_from(within("quality", quality, 100)?).unwrap_or(0);
    Ok(Xyt { x, y, theta, quality })
}

impl From<&Minutia> for Xyt {
    /// The 8 bits of a direction become whole degrees, halves rounded down as NIST does.
    fn from(minutia: &Minutia) -> Self {
        // Thousandths of a degree: 1 406.25 of them make a unit.
        let thousandths = (u32::from(minutia.direction) * 140_625 / 100 + 180_000) % 360_000;
        Self {
            x: minutia.x.into(),
            y: HEIGHT - i32::from(minutia.y),
            theta: u16::try_from((thousandths + 499) / 1000 % 360).unwrap_or(0),
            quality: minutia.quality,
        }
    }
}

impl From<&Xyt> for Minutia {
    /// A direction of mindtct, 11.25 degrees a step, comes out exactly; any other to the nearest of 256.
    fn from(line: &Xyt) -> Self {
        let units = (u32::from(line.theta + 180) % 360 * 256 + 180) / 360 % 256;
        Self {
            kind: MinutiaType::Other,
            x: u16::try_from(line.x).unwrap_or(0),
            y: u16::try_from(HEIGHT - line.y).unwrap_or(0),
            direction: u8::try_from(units).unwrap_or(0),
            quality: line.quality,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_mindtct_found_survives_the_way_there_and_back() {
        for step in 0..32u8 {
            let direction = step * 8;
            let minutia = Minutia { kind: MinutiaType::Other, x: 7, y: 9, direction, quality: 50 };
            assert_eq!(Minutia::from(&Xyt::from(&minutia)), minutia);
        }
        let right = Minutia { kind: MinutiaType::Other, x: 0, y: 0, direction: 0, quality: 1 };
        assert_eq!(Xyt::from(&right).theta, 180, "NIST's own direction points the other way");
        let up_left = Minutia { direction: 248, ..right };
        // 348.75 + 180 = 168.75; and 11.25 + 180 = 191.25, 22.5 + 180 = 202.5 which is rounded down.
        assert_eq!(Xyt::from(&up_left).theta, 169);
        assert_eq!(Xyt::from(&Minutia { direction: 16, ..right }).theta, 202);
    }

    #[test]
    fn a_bad_line_is_named() {
        assert_eq!(parse("1 2 3 4\n\n5 6 370\n").unwrap()[1], Xyt { x: 5, y: 6, theta: 10, quality: 0 });
        for (text, problem) in [
            ("1 2", "2 numbers"),
            ("1 2 3 4 5", "5 numbers"),
            ("1 2 x 4", "`x`"),
            ("1 2 3 101", "quality is 101"),
            ("-1 2 3 4", "x is -1"),
        ] {
            let error = parse(&format!("1 2 3 4\n{text}")).unwrap_err();
            assert!(error.line == 2 && error.problem.contains(problem), "{error}");
        }
    }
}

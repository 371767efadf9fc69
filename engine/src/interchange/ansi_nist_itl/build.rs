//! Transactions made of what the caller has: a header, texts, prints, minutiae. Lengths and contents (1.003) are computed.
//!
//! *Why INCITS 378 for minutiae:* it keeps pixels, types and qualities as they are held here, and every edition since 2007 has it;
//! the standard's own format counts in 0.01 mm from below and is there for old data only since 2011. Directions are written in
//! 2 degrees, so they come back with an error of at most one of our 256 units.

use super::error::{ItlError, Place};
use super::header::Transaction;
use super::impression::Impression;
use super::minutiae::MinutiaeSet;
use super::record::{FS, RS, US};
use super::{DATA, File};
use crate::minutia::{Minutia, MinutiaType};

/// Pixels a centimetre that stand for 500 ppi.
const PER_CM_AT_500_PPI: u16 = 197;

/// A field of text, of a Type-2 record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextField {
    /// From 3; 1 and 2 are the length and the IDC.
    pub number: u16,
    /// Subfields, each as its items.
    pub subfields: Vec<Vec<String>>,
}

impl TextField {
    /// A field of one item.
    pub fn single(number: u16, text: impl Into<String>) -> Self {
        Self { number, subfields: vec![vec![text.into()]] }
    }
}

/// What a Type-9 record says besides its minutiae.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinutiaeView {
    /// Width of the image at 500 ppi. Unit: pixels.
    pub width: u16,
    /// Height of the image at 500 ppi. Unit: pixels.
    pub height: u16,
    /// 0-100.
    pub quality: u8,
}

/// A transaction in the making. Records stand in the file in the order in which they are added.
#[derive(Debug, Clone)]
pub struct Builder<'a> {
    header: Transaction,
    records: Vec<Unwritten>,
    images: Vec<Impression<'a>>,
    minutiae: Vec<MinutiaeSet>,
}

#[derive(Debug, Clone)]
struct Unwritten {
    record_type: u8,
    idc: u8,
    body: Body,
}

#[derive(Debug, Clone)]
enum Body {
    Tagged { fields: Vec<TextField>, data: Vec<u8> },
    Binary(Vec<u8>),
}

impl<'a> Builder<'a> {
    /// A transaction with this header, and no records yet.
    pub fn new(header: Transaction) -> Self {
        Self { header, records: Vec::new(), images: Vec::new(), minutiae: Vec::new() }
    }

    /// A Type-2 record: texts about the person and the case.
    pub fn text(&mut self, idc: u8, fields: Vec<TextField>) -> &mut Self {
        self.tagged(2, idc, fields, &[])
    }

    /// A print of Type-4, 13 or 14, as its `record_type` says, from this agency, taken on this day (YYYYMMDD). Its place in the
    /// file is the next one. A Type-4 record says neither agency nor day, and has the resolution of the header.
    pub fn print(&mut self, image: &Impression<'a>, agency: &str, date: &str) -> &mut Self {
        self.images.push(Impression { record: self.records.len() + 1, ..image.clone() });
        if image.record_type == 4 {
            let body = Body::Binary(type_4(image));
            self.records.push(Unwritten { record_type: 4, idc: image.idc, body });
            return self;
        }
        let one = |number, text: String| TextField::single(number, text);
        let positions = image.positions.iter().map(|position| vec![position.to_string()]).collect();
        let mut fields = vec![
            one(3, image.impression.to_string()),
            one(4, agency.into()),
            one(5, date.into()),
            TextField { number: 13, subfields: positions },
        ];
        if !image.data.is_empty() {
            let (across, down) = image.resolution_ppi.unwrap_or((1, 1));
            fields.extend([
                one(6, image.width.to_string()),
                one(7, image.height.to_string()),
                one(8, u8::from(image.resolution_ppi.is_some()).to_string()),
                one(9, across.to_string()),
                one(10, down.to_string()),
                one(11, image.compression.name().into()),
                one(12, image.bits_per_pixel.to_string()),
            ]);
        }
        fields.extend(lists(image));
        fields.sort_by_key(|field| field.number);
        self.tagged(image.record_type, image.idc, fields, image.data)
    }

    /// A Type-9 record with the minutiae in the fields of INCITS 378.
    pub fn minutiae(&mut self, set: &MinutiaeSet, view: MinutiaeView) -> &mut Self {
        let one = |number, text: String| TextField::single(number, text);
        let items = |number, items: &[&str]| {
            let items = items.iter().map(|item| (*item).into()).collect();
            TextField { number, subfields: vec![items] }
        };
        let points = set.minutiae.iter().enumerate().map(|(i, minutia)| point(i + 1, minutia)).collect();
        let fields = vec![
            one(3, set.impression.to_string()),
            one(4, "U".into()),
            // Format owner INCITS M1, format without extended data, product not known.
            items(126, &["27", "513", "0"]),
            items(127, &["NONE", "0"]),
            one(128, view.width.to_string()),
            one(129, view.height.to_string()),
            one(130, "2".into()),
            one(131, PER_CM_AT_500_PPI.to_string()),
            one(132, PER_CM_AT_500_PPI.to_string()),
            one(133, "0".into()),
            one(134, set.position.to_string()),
            items(135, &[&view.quality.to_string(), "0000", "1"]),
            one(136, set.minutiae.len().to_string()),
            TextField { number: 137, subfields: points },
        ];
        self.minutiae.push(MinutiaeSet { record: self.records.len() + 1, ..set.clone() });
        self.tagged(9, set.idc, fields, &[])
    }

    fn tagged(&mut self, record_type: u8, idc: u8, fields: Vec<TextField>, data: &[u8]) -> &mut Self {
        let body = Body::Tagged { fields, data: data.to_vec() };
        self.records.push(Unwritten { record_type, idc, body });
        self
    }

    /// The transaction. It was read back from its bytes, and says what was put in: what the standard does not allow, or what a
    /// record cannot hold, cannot leave here. Where a value cannot even be written, the offset is 0.
    pub fn finish(&self) -> Result<File, ItlError> {
        let mut bytes = self.type_1()?;
        for (i, record) in self.records.iter().enumerate() {
            let place = Place { record: i + 1, record_type: record.record_type };
            match &record.body {
                Body::Binary(body) => bytes.extend(body),
                Body::Tagged { fields, data } => {
                    let idc = TextField::single(2, format!("{:02}", record.idc));
                    let fields: Vec<&TextField> = std::iter::once(&idc).chain(fields).collect();
                    bytes.extend(written(place, &fields, data)?);
                }
            }
        }
        let file = File::decode(&bytes)?;
        self.says_what_was_put_in(&file)?;
        Ok(file)
    }

    fn type_1(&self) -> Result<Vec<u8>, ItlError> {
        let header = &self.header;
        let mut contents = vec![vec!["1".to_string(), self.records.len().to_string()]];
        let listed = |record: &Unwritten| vec![record.record_type.to_string(), format!("{:02}", record.idc)];
        contents.extend(self.records.iter().map(listed));
        let one = |number, text: &str| TextField::single(number, text);
        let mut fields = vec![
            one(2, &format!("{:04}", header.version)),
            TextField { number: 3, subfields: contents },
            one(4, &header.kind),
            one(5, &header.date),
        ];
        fields.extend(header.priority.map(|priority| one(6, &priority.to_string())));
        fields.extend([one(7, &header.destination), one(8, &header.origin), one(9, &header.control_number)]);
        fields.extend(header.reference_number.as_deref().map(|reference| one(10, reference)));
        fields.extend([one(11, &header.scanned_resolution), one(12, &header.transmitted_resolution)]);
        fields.extend(header.domain.as_deref().map(|domain| one(13, domain)));
        let fields: Vec<&TextField> = fields.iter().collect();
        written(Place { record: 0, record_type: 1 }, &fields, &[])
    }

    fn says_what_was_put_in(&self, file: &File) -> Result<(), ItlError> {
        let differs = |record: usize, what: &str| {
            let offset = file.records.get(record).map_or(0, |record| record.offset());
            let record_type = file.records.get(record).map_or(1, |record| record.record_type());
            let problem = format!("read back, its {what} is another: the record cannot hold it");
            Err(Place { record, record_type }.error(None, offset, problem))
        };
        if file.header()? != self.header {
            return differs(0, "header");
        }
        for (read, put) in file.impressions()?.iter().zip(&self.images) {
            if read != put {
                return differs(put.record, "image");
            }
        }
        for (read, put) in file.minutiae()?.iter().zip(&self.minutiae) {
            let same = read.minutiae.len() == put.minutiae.len()
                && (read.position, read.impression) == (put.position, put.impression)
                && read.minutiae.iter().zip(&put.minutiae).all(|(read, put)| {
                    let turned = read.direction.wrapping_sub(put.direction);
                    Minutia { direction: put.direction, ..*read } == *put && matches!(turned, 0 | 1 | 255)
                });
            if !same {
                return differs(put.record, "set of minutiae");
            }
        }
        Ok(())
    }
}

/// 14.018 and 14.021, where there is something to say.
fn lists(image: &Impression<'_>) -> Vec<TextField> {
    let missing = image.missing.iter().map(|finger| {
        let reason = if finger.amputated { "XX" } else { "UP" };
        vec![finger.position.to_string(), reason.into()]
    });
    let segments = image.segments.iter().map(|s| {
        let edges = [s.left, s.right, s.top, s.bottom].map(|edge| edge.to_string());
        std::iter::once(s.position.to_string()).chain(edges).collect()
    });
    let fields = [(18, missing.collect::<Vec<_>>()), (21, segments.collect::<Vec<_>>())];
    let there = fields.into_iter().filter(|(_, subfields)| !subfields.is_empty());
    there.map(|(number, subfields)| TextField { number, subfields }).collect()
}

/// Index, across, down, direction in 2 degrees, type, quality.
fn point(index: usize, minutia: &Minutia) -> Vec<String> {
    let direction = (u32::from(minutia.direction) * 180 + 128) / 256 % 180;
    let kind = match minutia.kind {
        MinutiaType::Other => 0,
        MinutiaType::RidgeEnding => 1,
        MinutiaType::RidgeBifurcation => 2,
    };
    let (x, y) = (minutia.x.into(), minutia.y.into());
    let rest = [x, y, direction, kind, minutia.quality.into()];
    std::iter::once(index.to_string()).chain(rest.map(|item: u32| item.to_string())).collect()
}

/// Values that a Type-4 record cannot hold come back as others, and are refused there.
fn type_4(image: &Impression<'_>) -> Vec<u8> {
    let length = u32::try_from(super::read::IMAGE_HEADER + image.data.len()).unwrap_or(0);
    let mut positions = [255; 6];
    for (place, position) in positions.iter_mut().zip(&image.positions) {
        *place = *position;
    }
    let short = |value: u32| u16::try_from(value).unwrap_or(0).to_be_bytes();
    let mut out = length.to_be_bytes().to_vec();
    out.extend([image.idc, image.impression]);
    out.extend(positions);
    out.push(0);
    out.extend(short(image.width));
    out.extend(short(image.height));
    out.push(image.compression.code());
    out.extend(image.data);
    out
}

/// A tagged record with its length before it; where there are data, they follow as field 999.
fn written(place: Place, fields: &[&TextField], data: &[u8]) -> Result<Vec<u8>, ItlError> {
    let record_type = place.record_type;
    let mut rest = Vec::new();
    for field in fields {
        let subfields: Vec<String> =
            field.subfields.iter().map(|items| items.join(&US.to_string())).collect();
        let mut items = field.subfields.iter().flatten();
        if items.any(|item| item.bytes().any(|b| (FS..=0x1F).contains(&b))) {
            return Err(place.error(Some(field.number), 0, "has a separator within an item"));
        }
        rest.extend(format!("\u{1D}{record_type}.{:03}:", field.number).bytes());
        rest.extend(subfields.join(&RS.to_string()).bytes());
    }
    if !data.is_empty() {
        rest.extend(format!("\u{1D}{record_type}.{DATA:03}:").bytes());
        rest.extend(data);
    }
    rest.push(FS);
    let tag = format!("{record_type}.001:");
    // The length counts its own digits, which can make it one digit longer.
    let without = tag.len() + rest.len();
    let digits = |length: usize| length.to_string().len();
    let once = without + digits(without);
    let length = without + digits(once);
    let mut out = format!("{tag}{length}").into_bytes();
    out.extend(rest);
    Ok(out)
}

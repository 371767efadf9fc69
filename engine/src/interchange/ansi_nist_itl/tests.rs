//! Small transactions that the tests spell out, and what becomes of them when something in them changes.

use super::*;
use crate::minutia::{Minutia, MinutiaType};
use proptest::prelude::*;

/// Text with `|` for GS, `^` for RS, `_` for US.
fn separated(text: &str) -> Vec<u8> {
    text.bytes()
        .map(|b| [b, 0x1D, 0x1E, 0x1F][b"|^_".iter().position(|s| *s == b).map_or(0, |i| i + 1)])
        .collect()
}

/// A record with its length put before it.
fn tagged(record_type: u8, fields: &str, data: &[u8]) -> Vec<u8> {
    let rest = [&separated(&format!("|{fields}"))[..], data, &[0x1C]].concat();
    let tag = format!("{record_type}.001:");
    let mut length = tag.len() + rest.len();
    length += length.to_string().len();
    if length.to_string().len() > (length - 1).to_string().len() {
        length += 1;
    }
    [format!("{tag}{length}").as_bytes(), &rest].concat()
}

fn header(contents: &str) -> Vec<u8> {
    let rest =
        "1.004:CAR|1.005:20240229|1.007:DESTINATION|1.008:ORIGIN|1.009:NUMBER 1|1.011:19.69|1.012:19.69";
    tagged(1, &format!("1.002:0400|1.003:{contents}|{rest}"), &[])
}

const FINGER: &str = "14.002:01|14.003:0|14.004:ORIGIN|14.005:20240229|14.006:4|14.007:3|14.008:1|14.009:500|14.010:500\
    |14.011:NONE|14.012:8|14.013:14|14.018:9_XX^10_UP|14.021:7_0_2_0_3|14.025:8_3_1_1_3_1_2_2|14.999:";

const MINUTIAE: &str = "9.002:01|9.003:0|9.004:S|9.005:X_A|9.006:08|9.007:T_UN|9.010:2|9.011:0\
    |9.012:001_01000005090_00_A^002_00500010359_63_D";

/// Type-4: length, IDC 2, ink rolled, right thumb, resolution of 1.012, 2 x 2 pixels, not compressed.
const THUMB: [u8; 22] = [0, 0, 0, 22, 2, 3, 1, 255, 255, 255, 255, 255, 0, 0, 2, 0, 2, 0, 10, 20, 30, 40];

fn small() -> Vec<u8> {
    [
        header("1_4^2_00^14_01^9_01^4_02"),
        tagged(2, "2.002:00|2.018:M\u{fc}ller, J.|2.034:a^b|2.034:c", &[]),
        tagged(14, FINGER, &[0x1C, 0x1D, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
        tagged(9, MINUTIAE, &[]),
        THUMB.to_vec(),
    ]
    .concat()
}

#[test]
fn a_small_transaction_is_read_and_written_again() {
    let bytes = small();
    let file = File::decode(&bytes).unwrap();
    assert_eq!(file.encode().unwrap(), bytes);
    assert_eq!(file.header().unwrap().destination, "DESTINATION");
    let person = file.records[1].field(18).unwrap();
    assert_eq!(person.text(), Some("M\u{fc}ller, J."));
    let list = file.records[1].field(34).unwrap();
    let items: Vec<_> = list.subfields().map(Subfield::exactly).collect();
    assert_eq!((list.text(), items), (None, vec![Some(["a"]), Some(["b"])]));
}

#[test]
fn a_field_is_found_by_its_number_and_has_its_own_bytes() {
    let bytes = small();
    let file = File::decode(&bytes).unwrap();
    let print = &file.records[2];
    assert_eq!(print.fields().count(), 17);
    for field in print.fields() {
        let tag = format!("14.{:03}:", field.number);
        let spelled = [tag.as_bytes(), field.bytes()].concat();
        assert_eq!(bytes[field.offset()..][..spelled.len()], spelled, "{tag}");
    }
    let data = print.field(DATA).unwrap();
    assert_eq!((data.text(), data.subfields().count(), data.bytes().len()), (None, 0, 12));
    let segment = print.field(21).unwrap().subfields().next().unwrap();
    assert_eq!((segment.exactly(), segment.first()), (Some(["7", "0", "2", "0", "3"]), Some(["7", "0"])));
    assert_eq!((segment.exactly::<4>(), segment.first::<6>(), segment.is_empty()), (None, None, false));
}

#[test]
fn images_say_what_is_in_them() {
    let bytes = small();
    let file = File::decode(&bytes).unwrap();
    let images = file.impressions().unwrap();
    let (left, thumb) = (&images[0], &images[1]);
    assert_eq!((&left.positions[..], left.width, left.height, left.data.len()), (&[14][..], 4, 3, 12));
    let missing = [(9, true), (10, false)].map(|(position, amputated)| MissingFinger { position, amputated });
    assert_eq!(left.missing, missing);
    let segment = |position, left, right, top, bottom| Segment { position, left, right, top, bottom };
    assert_eq!(left.segments, [segment(7, 0, 2, 0, 3), segment(8, 1, 3, 1, 2)]);
    assert_eq!((&thumb.positions[..], thumb.impression, thumb.data), (&[1][..], 3, &[10, 20, 30, 40][..]));
    assert_eq!(thumb.resolution_ppi, Some((500, 500)));
}

#[test]
fn both_formats_of_minutiae_are_turned_to_ours() {
    let file = File::decode(&small()).unwrap();
    let [set] = &file.minutiae().unwrap()[..] else { panic!("one set") };
    // 1 mm is 19.7 pixels; the image is 3 pixels high. 90 + 180 degrees are 192/256 of a circle, and 179 degrees 127.3.
    let minutia = |kind, x, y, direction, quality| Minutia { kind, x, y, direction, quality };
    let expected =
        [minutia(MinutiaType::RidgeEnding, 20, 2, 192, 0), minutia(MinutiaType::Other, 10, 1, 127, 1)];
    assert_eq!((set.position, set.format, &set.minutiae[..]), (8, MinutiaeFormat::Standard, &expected[..]));
    let block = "9.002:01|9.003:0|9.004:U|9.126:27_513_0|9.127:NONE_0|9.128:300|9.129:400|9.130:2|9.131:394|9.132:197\
        |9.133:0|9.134:2|9.135:80_0_0|9.136:1|9.137:1_30_15_45_2_60";
    let bytes = [header("1_1^9_01"), tagged(9, block, &[])].concat();
    let sets = File::decode(&bytes).unwrap().minutiae().unwrap();
    assert_eq!(sets[0].minutiae, [minutia(MinutiaType::RidgeBifurcation, 15, 15, 64, 60)]);
}

#[test]
fn every_truncation_is_refused() {
    let bytes = small();
    for length in 0..bytes.len() {
        let error = File::decode(&bytes[..length]).unwrap_err();
        assert!(error.offset <= length, "{length}: {error}");
        assert!(error.record.is_some(), "{length}: {error}");
    }
    let error = File::decode(&[bytes, vec![0]].concat()).unwrap_err();
    assert_eq!(error.record, Some(4));
}

#[test]
fn no_changed_byte_makes_a_reader_fail_otherwise() {
    let bytes = small();
    for at in 0..bytes.len() {
        for value in [0, b'0', b'9', b':', 0x1C, 0x1D, 0x1E, 0x1F, 0xFF] {
            let mut changed = bytes.clone();
            changed[at] = value;
            if let Ok(file) = File::decode(&changed) {
                assert_eq!(file.encode().unwrap(), changed);
                let _either = (file.impressions(), file.minutiae(), file.unread_features());
            }
        }
    }
}

/// What is put for what, in which record and field that is refused.
const CHANGES: [(&str, &str, usize, u16); 17] = [
    ("1.002:0400", "1.002:0600", 0, 2),
    ("1.004:CAR", "1.004:CARDS", 0, 4),
    ("1.005:20240229", "1.005:20241329", 0, 5),
    ("1.011:19.69", "1.011:19,69", 0, 11),
    ("1.009:NUMBER 1", "1.008:NUMBER 1", 0, 9),
    ("14.003:0", "14.003:X", 2, 3),
    ("14.006:4", "14.006:5", 2, 999),
    ("14.008:1", "14.008:3", 2, 8),
    ("14.009:500", "14.008:500", 2, 8),
    ("14.011:NONE", "14.011:WSQ9", 2, 11),
    ("14.013:14", "14.014:14", 2, 13),
    ("9_XX", "9-XX", 2, 18),
    ("7_0_2_0_3", "7_2_0_0_3", 2, 21),
    ("14.002:01", "14.002:07", 2, 2),
    ("9.004:S", "9.004:T", 3, 4),
    ("9.010:2", "9.010:3", 3, 12),
    ("9.002:01", "9.002:05", 3, 2),
];

#[test]
fn each_rule_refuses_by_record_and_field() {
    let bytes = small();
    for (from, to, record, number) in CHANGES {
        let (from, to) = (separated(from), separated(to));
        let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
        let mut changed = bytes.clone();
        changed.splice(at..at + from.len(), to.iter().copied());
        // A longer value moves the rest, and the length says so.
        if to.len() != from.len() {
            let (old, new) = (header_length(&bytes), header_length(&bytes) + to.len() - from.len());
            let spelled = format!("1.001:{old}");
            changed.splice(..spelled.len(), format!("1.001:{new}").bytes());
        }
        let error = File::decode(&changed).unwrap_err();
        assert_eq!((error.record, error.field.map(|field| field.1)), (Some(record), Some(number)), "{error}");
    }
}

fn header_length(bytes: &[u8]) -> usize {
    bytes.iter().position(|b| *b == 0x1C).unwrap() + 1
}

#[test]
fn a_type_4_header_is_checked() {
    let with = |at: usize, value: u8| {
        let mut thumb = THUMB;
        thumb[at] = value;
        File::decode(&[header("1_1^4_02"), thumb.to_vec()].concat())
    };
    assert!(with(0, 0).is_ok());
    for (at, value) in [(3, 17), (3, 23), (4, 3), (6, 255), (12, 2), (14, 3), (17, 1), (17, 9)] {
        let error = with(at, value).unwrap_err();
        assert_eq!(error.record, Some(1), "{at}: {error}");
    }
}

#[test]
fn a_length_with_zeros_before_it_is_written_as_it_was() {
    let bytes = [header("1_1^4_02"), THUMB.to_vec()].concat();
    let length = header_length(&bytes);
    let spelled = format!("1.001:{length}");
    let padded = format!("1.001:{:08}", length + 8 - length.to_string().len());
    let bytes = [padded.as_bytes(), &bytes[spelled.len()..]].concat();
    assert_eq!(File::decode(&bytes).unwrap().encode().unwrap(), bytes);
}

#[test]
fn an_amputated_hand_has_no_image_nor_has_one_in_another_file() {
    let start = "14.002:01|14.003:0|14.004:ORIGIN|14.005:20240229|14.013:14";
    let elsewhere = [header("1_1^14_01"), tagged(14, &format!("{start}|14.994:hand.wsq"), &[])].concat();
    assert!(File::decode(&elsewhere).unwrap().impressions().unwrap()[0].data.is_empty());
    let nowhere = [header("1_1^14_01"), tagged(14, start, &[])].concat();
    assert_eq!(File::decode(&nowhere).unwrap_err().field, Some((14, 6)));
    let fields = &format!("{start}|14.018:7_XX^8_XX^9_XX^10_XX");
    let file = File::decode(&[header("1_1^14_01"), tagged(14, fields, &[])].concat()).unwrap();
    let images = file.impressions().unwrap();
    assert_eq!((images[0].data, images[0].missing.len()), (&[][..], 4));
}

fn new_header(version: u16) -> Transaction {
    Transaction {
        version,
        kind: "CPS".into(),
        date: "20240229".into(),
        priority: Some(2),
        destination: "CENTRAL".into(),
        origin: "STATE".into(),
        control_number: "1-2".into(),
        reference_number: None,
        scanned_resolution: "19.69".into(),
        transmitted_resolution: "19.69".into(),
        domain: Some("NORAM".into()),
    }
}

fn print(record_type: u8, idc: u8, data: &[u8]) -> Impression<'_> {
    Impression {
        record: 0,
        record_type,
        idc,
        positions: vec![idc],
        impression: 1,
        width: 4,
        height: u32::try_from(data.len() / 4).unwrap(),
        resolution_ppi: Some((500, 500)),
        compression: Compression::None,
        bits_per_pixel: 8,
        data,
        missing: Vec::new(),
        segments: Vec::new(),
    }
}

const VIEW: MinutiaeView = MinutiaeView { width: 800, height: 750, quality: 70 };

fn set(idc: u8, minutiae: Vec<Minutia>) -> MinutiaeSet {
    MinutiaeSet { record: 0, idc, position: idc, impression: 1, format: MinutiaeFormat::Incits378, minutiae }
}

#[test]
fn what_is_built_is_refused_where_the_format_cannot_hold_it() {
    const DATA: [u8; 12] = [7; 12];
    let refused = |change: &dyn Fn(&mut Builder<'_>)| {
        let mut builder = Builder::new(new_header(400));
        change(&mut builder);
        let error = builder.finish().unwrap_err();
        (error.record, error.field.map(|field| field.1))
    };
    let image = || print(14, 1, &DATA);
    let text = |text: &str| vec![TextField::single(18, text)];
    assert_eq!(refused(&|b| _ = b.text(0, text("a\u{1F}b"))), (Some(1), Some(18)));
    assert_eq!(refused(&|b| _ = b.text(0, text("a\0b"))), (Some(1), Some(18)));
    assert_eq!(refused(&|b| _ = b.text(100, text("a"))), (Some(0), Some(3)));
    assert_eq!(refused(&|b| _ = b.print(&image(), "STATE", "today")), (Some(1), Some(5)));
    assert_eq!(refused(&|b| _ = b.print(&image(), "", "20240229")), (Some(1), Some(4)));
    let wide = Impression { width: 5, ..image() };
    assert_eq!(refused(&|b| _ = b.print(&wide, "STATE", "20240229")), (Some(1), Some(999)));
    let fine = Impression { resolution_ppi: Some((1000, 1000)), ..print(4, 1, &DATA) };
    assert_eq!(refused(&|b| _ = b.print(&fine, "", "")), (Some(1), None));
    let outside = Minutia { kind: MinutiaType::Other, x: 800, y: 0, direction: 0, quality: 0 };
    assert_eq!(refused(&|b| _ = b.minutiae(&set(1, vec![outside]), VIEW)), (Some(1), Some(137)));
}

fn minutia() -> impl Strategy<Value = Minutia> {
    let kind = prop_oneof![
        Just(MinutiaType::Other),
        Just(MinutiaType::RidgeEnding),
        Just(MinutiaType::RidgeBifurcation)
    ];
    (kind, 0..800_u16, 0..750_u16, any::<u8>(), 0..=100_u8)
        .prop_map(|(kind, x, y, direction, quality)| Minutia { kind, x, y, direction, quality })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_built_is_read_back(
        version in prop::sample::select(vec![300_u16, 400, 500, 502]),
        texts in prop::collection::vec("[ -~\u{a1}-\u{fff}]{0,12}", 0..5),
        pixels in prop::collection::vec(any::<u8>(), 1..300),
        minutiae in prop::collection::vec(minutia(), 0..40),
    ) {
        let pixels = &pixels.repeat(4)[..];
        let texts: Vec<TextField> = texts.into_iter().zip(3..).map(|(t, n)| TextField::single(n, t)).collect();
        let missing = vec![MissingFinger { position: 8, amputated: true }];
        let segments = vec![Segment { position: 7, left: -3, right: 2, top: 0, bottom: 9 }];
        let hand = Impression { positions: vec![14], missing, segments, ..print(14, 3, pixels) };
        let mut builder = Builder::new(new_header(version));
        builder.text(0, texts.clone()).print(&print(4, 1, pixels), "", "").print(&hand, "STATE", "20240229");
        builder.print(&print(13, 9, pixels), "STATE", "20240101").minutiae(&set(3, minutiae.clone()), VIEW);
        let file = builder.finish().unwrap();
        let bytes = file.encode().unwrap();
        prop_assert_eq!(File::decode(&bytes).unwrap(), file.clone());
        for text in texts {
            let field = file.records[1].field(text.number).unwrap();
            prop_assert_eq!(field.text(), Some(text.subfields[0][0].as_str()));
        }
        let images = file.impressions().unwrap();
        prop_assert_eq!(&images[1], &Impression { record: 3, ..hand });
        prop_assert_eq!(images.len(), 3);
        let sets = file.minutiae().unwrap();
        prop_assert_eq!(sets[0].minutiae.len(), minutiae.len());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300), at in any::<prop::sample::Index>()) {
        let _either = File::decode(&bytes);
        let small = small();
        let at = at.index(small.len());
        let mixed = [&small[..at], &bytes, small.get(at + bytes.len()..).unwrap_or_default()].concat();
        if let Ok(file) = File::decode(&mixed) {
            prop_assert_eq!(file.encode().unwrap(), mixed);
        }
    }
}

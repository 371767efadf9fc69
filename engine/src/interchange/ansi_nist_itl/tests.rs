//! Small transactions that the tests spell out, and what becomes of them when something in them changes.

use super::*;
use crate::minutia::MinutiaType;

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
    assert_eq!((list.text(), list.subfields().collect::<Vec<_>>()), (None, vec![vec!["a"], vec!["b"]]));
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
    let minutia = |kind, x, y, direction, quality| crate::minutia::Minutia { kind, x, y, direction, quality };
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
fn an_amputated_hand_has_no_image() {
    let fields = "14.002:01|14.003:0|14.004:ORIGIN|14.005:20240229|14.013:14|14.018:7_XX^8_XX^9_XX^10_XX";
    let file = File::decode(&[header("1_1^14_01"), tagged(14, fields, &[])].concat()).unwrap();
    let images = file.impressions().unwrap();
    assert_eq!((images[0].data, images[0].missing.len()), (&[][..], 4));
}

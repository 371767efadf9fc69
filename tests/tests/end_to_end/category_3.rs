//! R-COMP-5: of a category 3 transmission not a byte remains.

use std::collections::HashSet;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use whorl_datasets::synthetic::Finger;
use whorl_engine::minutia::FingerPosition;
use whorl_engine::template::Template;

use crate::harness::Installation;
use crate::people::{finger, transmission};

const FRAGMENT: usize = 16;

/// Every 16-byte piece of these bytes, but those that are all one value.
fn fragments(bytes: &[u8]) -> HashSet<Vec<u8>> {
    let telling = |window: &&[u8]| window.iter().collect::<HashSet<_>>().len() > 6;
    bytes.windows(FRAGMENT).step_by(FRAGMENT / 2).filter(telling).map(<[u8]>::to_vec).collect()
}

/// Files below a directory that hold one of the pieces.
fn holding(directory: &Path, wanted: &HashSet<Vec<u8>>) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs_err::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, wanted));
        } else if fs_err::read(&path).unwrap().windows(FRAGMENT).any(|window| wanted.contains(window)) {
            found.push(path.display().to_string());
        }
    }
    found
}

fn iso_pieces(record: &[u8]) -> HashSet<Vec<u8>> {
    let mut wanted = fragments(record);
    wanted.extend(fragments(STANDARD.encode(record).as_bytes()));
    let decoded = whorl_engine::interchange::iso_19794_2_2005::Record::decode(record).unwrap();
    let template = Template::new(&decoded.minutiae_at_500_ppi(&decoded.views[0])).unwrap();
    let words: Vec<u8> = template.words().iter().flat_map(|word| word.to_le_bytes()).collect();
    wanted.extend(fragments(&words));
    wanted
}

#[test]
fn r_comp_5_no_byte_of_the_print_or_its_template_is_under_the_data_directory() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    server.transmit(&at, &transmission("AT", 1, 1, 50, 1));
    let image = Finger::new(3).impression(1).to_png().unwrap();
    let mut check = transmission("DE", 3, 1, 50, 2);
    let position = FingerPosition::try_from(3).unwrap().code();
    let png = json!({"position": position, "media_type": "image/png", "resolution_ppi": 500, "data": STANDARD.encode(&image)});
    check["fingerprints"].as_array_mut().unwrap().push(png);
    let answer = server.transmit_again(&de, "repeat-me", &check);
    assert_eq!((answer.status, answer.hits()), (200, vec!["AT1-1".to_owned()]));
    let again = server.transmit_again(&de, "repeat-me", &check);
    assert_eq!(again.hits(), ["AT1-1"], "repeated, it is compared again");

    let look = |when: &str| {
        for position in [2, 7] {
            let stored = iso_pieces(&finger(50, position, 1));
            assert!(
                !holding(installation.path(), &stored).is_empty(),
                "the search does find what is stored, {when}"
            );
            let fresh: HashSet<_> =
                iso_pieces(&finger(50, position, 2)).difference(&stored).cloned().collect();
            assert_eq!(holding(installation.path(), &fresh), [""; 0], "{when}");
        }
        let mut wanted = fragments(&image[64..]);
        wanted.extend(fragments(&STANDARD.encode(&image).as_bytes()[96..]));
        assert_eq!(holding(installation.path(), &wanted), [""; 0], "{when}");
    };
    look("while it runs");
    assert!(server.stop());
    look("after it has stopped");
    assert_eq!(installation.serve().records(&de), [""; 0]);
}

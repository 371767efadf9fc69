//! Fingers of which nobody knows which they are (position 0): compared with all, over HTTP.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use whorl_engine::interchange::iso_19794_2_2005::Record;

use crate::harness::Installation;
use crate::people::{finger, transmission};

/// A finger of a person as one of unknown position.
fn unknown(person: u64, position: u8, impression: u64) -> Value {
    let mut record = Record::decode(&finger(person, position, impression)).unwrap();
    record.views[0].position = 0;
    let data = STANDARD.encode(record.encode().unwrap());
    json!({"position": 0, "media_type": "application/x-iso-19794-2-2005", "data": data})
}

/// By fingerprint of a hit: its position, and which finger it was compared with.
fn compared_with(answer: &Value, reference_number: &str) -> Vec<(u64, Option<u64>)> {
    let hits = answer["comparison"]["hits"].as_array().unwrap();
    let hit = hits.iter().find(|hit| hit["record"]["reference_number"] == reference_number).unwrap();
    let prints = hit["fingerprints"].as_array().unwrap();
    let number = |print: &Value, name: &str| print[name].as_u64();
    prints
        .iter()
        .map(|print| {
            assert_eq!(print["score"].is_number(), print["compared_with"].is_number());
            (number(print, "position").unwrap(), number(print, "compared_with"))
        })
        .collect()
}

#[test]
fn r_comp_9_fingers_of_unknown_position_find_and_are_found() {
    let installation = Installation::new();
    let (at, de, fr) =
        (installation.authority("AT"), installation.authority("DE"), installation.authority("FR"));
    let server = installation.serve();
    for person in [1, 2, 3] {
        let number = u32::try_from(person).unwrap();
        assert_eq!(server.transmit(&at, &transmission("AT", 1, number, person, 10)).status, 201);
    }

    // The right index of person 1, and a finger that nobody has sent.
    let mut sent = transmission("DE", 1, 1, 1, 20);
    sent["fingerprints"] = json!([unknown(9, 4, 20), unknown(1, 2, 20)]);
    let answer = server.transmit(&de, &sent);
    assert_eq!((answer.status, answer.hits()), (201, vec!["AT1-1".to_owned()]), "an unknown finger finds");
    assert_eq!(answer.compared(), [(1, "AT".into(), 3)]);
    assert_eq!(compared_with(&answer.json(), "AT1-1")[0], (2, Some(0)));

    let answer = server.transmit(&fr, &transmission("FR", 1, 1, 1, 30));
    let mut hits = answer.hits();
    hits.sort();
    assert_eq!(hits, ["AT1-1", "DE1-1"], "an unknown finger is found");
    assert_eq!(answer.compared(), [(1, "AT".into(), 3), (1, "DE".into(), 1)]);

    // Category 3 is compared in the same way, and of the two unknown prints of DE the second one is it.
    let mut sent = transmission("AT", 3, 9, 1, 40);
    sent["fingerprints"] = json!([unknown(1, 2, 40)]);
    let answer = server.transmit(&at, &sent);
    assert_eq!((answer.status, answer.hits()), (200, vec!["FR1-1".to_owned(), "DE1-1".to_owned()]));
    assert_eq!(compared_with(&answer.json(), "DE1-1"), [(0, None), (0, Some(0))]);

    let mut sent = transmission("AT", 1, 10, 8, 50);
    sent["fingerprints"] = json!([unknown(8, 2, 50), unknown(8, 7, 50)]);
    assert_eq!(server.transmit(&at, &sent).hits(), Vec::<String>::new(), "a stranger is nobody");
}

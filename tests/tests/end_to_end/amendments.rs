//! Amendment (Art. 15(3)): what was sent replaces what was there, everywhere, and is compared with nothing.

use std::collections::HashSet;

use serde_json::json;

use crate::harness::Installation;
use crate::people::{finger, fingerprints, transmission, yesterday};
use crate::traces::{forms, in_memory, packed};

#[test]
fn r_edit_1_r_erase_2_new_prints_take_the_place_of_the_old_which_nobody_can_read_any_more() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    // The other State's set comes first: were the amendment compared, it would be found.
    server.transmit(&de, &transmission("DE", 1, 1, 71, 1));
    let id = server.transmit(&at, &transmission("AT", 1, 1, 70, 1)).json()["record_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/v1/eurodac/records/{id}");
    let before = server.get(&at, &path).json();
    for (field, body, code) in [
        ("name", json!({"name": "x"}), "field-unknown"),
        ("reference_number", json!({"reference_number": "AT1-2"}), "field-unknown"),
        ("sex", json!({}), "field-missing"),
        ("fingerprints_taken_on", json!({"fingerprints_taken_on": "2999-01-01"}), "date-in-future"),
        ("fingerprints", json!({"fingerprints": []}), "field-invalid"),
    ] {
        let answer = server.send_json("PATCH", &at, &path, &body);
        assert_eq!(
            (answer.json()["code"].as_str(), answer.json()["field"].as_str()),
            (Some(code), Some(field))
        );
    }
    assert_eq!(server.get(&at, &path).json(), before, "nothing was changed");

    let changed =
        server.send_json("PATCH", &at, &path, &json!({"sex": "male", "fingerprints": fingerprints(71, 2)}));
    assert_eq!((changed.status, &changed.json()["sex"]), (200, &json!("male")), "{}", changed.text);
    let after = server.get(&at, &path).json();
    assert_eq!(after["fingerprints"][0]["data"], fingerprints(71, 2)[0]["data"]);
    assert_eq!(after["retention_ends_on"], before["retention_ends_on"], "R-KEEP-3");
    assert_eq!(after["application"], before["application"], "what was not sent stays");
    assert_eq!(server.get(&at, "/v1/eurodac/hits").json()["hits"], json!([]), "it was compared with nothing");
    let check = |number, person| server.transmit(&de, &transmission("DE", 3, number, person, 3)).hits();
    assert_eq!(check(1, 71), ["AT1-1"], "found by its new prints at once");
    assert_eq!(check(2, 70), [""; 0], "and not by the old");

    let old: HashSet<_> = [2u8, 7]
        .iter()
        .flat_map(|&p| forms(&finger(70, p, 1), p).into_iter().flatten().chain(packed(&finger(70, p, 1))))
        .collect();
    assert_eq!(in_memory(server.process(), &old), [""; 0], "R-ERASE-2: print, base64, minutiae, template");
    drop(server);
    fs_err::remove_dir_all(installation.path().join("store")).unwrap();
    let server = installation.serve();
    assert_eq!(
        server.get(&at, &path).json()["fingerprints"],
        after["fingerprints"],
        "after a crash, and made anew"
    );
    assert_eq!(in_memory(server.process(), &old), [""; 0], "nor does a start read it into memory");
    let check = |number, person| server.transmit(&de, &transmission("DE", 3, number, person, 4)).hits();
    assert_eq!((check(3, 71), check(4, 70)), (vec!["AT1-1".to_owned()], vec![]));
    let again = json!({"application": {"place": "Linz", "date": yesterday()}});
    assert_eq!(server.send_json("PATCH", &at, &path, &again).json()["application"]["place"], "Linz");
    let found = server.transmit(&de, &transmission("DE", 3, 5, 71, 4)).json();
    let hit = format!("/v1/eurodac/hits/{}", found["comparison"]["hits"][0]["hit_id"].as_str().unwrap());
    assert!(server.get(&de, &hit).json().get("prints_replaced").is_none());
    server.send_json("PATCH", &at, &path, &json!({"fingerprints": fingerprints(71, 5)}));
    let replaced = server.get(&de, &hit).json();
    assert_eq!(
        (&replaced["prints_replaced"], replaced["fingerprints"][0].get("score")),
        (&json!(true), None)
    );
    assert_eq!(server.erase(&at, &id, "factually-inaccurate").status, 204);
    assert_eq!(check(6, 71), [""; 0]);
}

#[test]
fn r_data_5_the_medium_is_given_back_once_where_the_state_asks_for_it() {
    let installation = Installation::new();
    let at = installation.authority("AT");
    let server = installation.serve();
    let mut body = transmission("AT", 1, 1, 5, 1);
    body["return_media"] = json!(true);
    let first = server.transmit_again(&at, "k", &body).json();
    let sent = body["fingerprints"].as_array().unwrap();
    let back = first["returned_media"].as_array().unwrap();
    assert_eq!(back.len(), sent.len());
    for (back, sent) in back.iter().zip(sent) {
        assert_eq!((&back["data"], &back["position"]), (&sent["data"], &sent["position"]));
    }
    let again = server.transmit_again(&at, "k", &body).json();
    assert_eq!((&again["record_id"], again.get("returned_media")), (&first["record_id"], None), "once");
}

//! What is admitted and what is refused, field by field and day by day.

use jiff::civil::date;
use serde_json::{Value, json};

use super::*;

const TODAY: Date = date(2026, 11, 22);

fn at() -> MemberState {
    "AT".parse().unwrap()
}

fn body(category: u8) -> Value {
    let finger = json!({"position": 2, "media_type": "image/png", "resolution_ppi": 500, "data": "AAAA"});
    let mut body = json!({
        "category": category, "reference_number": format!("AT{category}-1"), "fingerprints": [finger],
        "attestations": {"aged_14_or_over": true, "informed": true},
    });
    if category < 3 {
        body["sex"] = json!("female");
        body["fingerprints_taken_on"] = json!("2026-11-20");
    }
    match category {
        1 => body["application"] = json!({"place": "Wien", "date": "2026-11-20"}),
        2 => body["attestations"]["not_turned_back"] = json!(true),
        _ => {}
    }
    body
}

fn admit(body: Value) -> Admission {
    match body["category"].as_u64() {
        Some(1) => applicant(serde_json::from_value(body).unwrap(), at(), TODAY),
        Some(2) => border_crossing(serde_json::from_value(body).unwrap(), at(), TODAY),
        _ => illegally_present(serde_json::from_value(body).unwrap(), at()),
    }
}

fn refusal(body: Value) -> (Reason, String) {
    let refused = admit(body).err().expect("refused");
    (refused.reason, refused.field)
}

#[test]
fn each_category_is_admitted_with_what_it_keeps() {
    let one = admit(body(1)).ok().unwrap();
    assert_eq!(one.kept.as_ref().unwrap().last_day, date(2036, 11, 20));
    assert_eq!(one.kept.unwrap().application.unwrap().place, "Wien");
    assert_eq!(admit(body(2)).ok().unwrap().kept.unwrap().last_day, date(2028, 11, 20));
    assert!(admit(body(3)).ok().unwrap().kept.is_none(), "R-COMP-5");
}

#[test]
fn r_data_1_no_category_takes_a_field_that_is_not_its_own() {
    let extra = [
        ("name", json!("x")),
        ("nationality", json!("x")),
        ("date_of_birth", json!("2000-01-01")),
        ("sex", json!("male")),
        ("fingerprints_taken_on", json!("2026-11-20")),
        ("application", json!({"place": "Wien", "date": "2026-11-20"})),
        ("compare_own", json!(false)),
        ("return_media", json!(false)),
        ("ground", json!("opposes-return")),
    ];
    let own: [&[&str]; 3] = [
        &["sex", "fingerprints_taken_on", "application", "compare_own", "return_media"],
        &["sex", "fingerprints_taken_on", "compare_own", "return_media"],
        &["ground"],
    ];
    for category in 1..=3u8 {
        for (field, value) in &extra {
            let mut body = body(category);
            body[*field] = value.clone();
            let accepted = match category {
                1 => serde_json::from_value::<ApplicantTransmission>(body).is_ok(),
                2 => serde_json::from_value::<BorderCrossingTransmission>(body).is_ok(),
                _ => serde_json::from_value::<IllegallyPresentTransmission>(body).is_ok(),
            };
            assert_eq!(
                accepted,
                own[usize::from(category) - 1].contains(field),
                "category {category}, {field}"
            );
        }
    }
}

#[test]
fn r_data_2_without_every_attestation_there_is_no_entry() {
    let needed: [&[&str]; 3] = [
        &["aged_14_or_over", "informed"],
        &["aged_14_or_over", "informed", "not_turned_back"],
        &["aged_14_or_over", "informed"],
    ];
    for category in 1..=3u8 {
        for name in needed[usize::from(category) - 1] {
            for absent in [true, false] {
                let mut body = body(category);
                let given = body["attestations"].as_object_mut().unwrap();
                if absent {
                    given.remove(*name)
                } else {
                    given.insert((*name).into(), json!(false))
                };
                assert_eq!(refusal(body), (Reason::AttestationMissing, format!("attestations.{name}")));
            }
        }
    }
}

#[test]
fn r_data_4_the_day_of_taking_is_neither_in_the_future_nor_past_retention() {
    let taken = "fingerprints_taken_on";
    let cases = [
        (1, "2026-11-22", None),
        (1, "2026-11-23", Some(Reason::DateInFuture)),
        (1, "2016-11-22", None),
        (1, "2016-11-21", Some(Reason::RetentionPassed)),
        (2, "2024-11-22", None),
        (2, "2024-11-21", Some(Reason::RetentionPassed)),
        (2, "2026-11-23", Some(Reason::DateInFuture)),
    ];
    for (category, day, expected) in cases {
        let mut body = body(category);
        body[taken] = json!(day);
        let reason = admit(body).err().map(|refused| (refused.reason, refused.field));
        assert_eq!(reason, expected.map(|reason| (reason, taken.to_owned())), "category {category}, {day}");
    }
    let mut later = body(1);
    later["application"]["date"] = json!("2026-11-23");
    assert_eq!(refusal(later), (Reason::DateInFuture, "application.date".into()));
}

#[test]
fn r_comp_3_category_2_cannot_ask_to_be_compared() {
    let mut asking = body(2);
    asking["compare_own"] = json!(true);
    assert_eq!(refusal(asking), (Reason::NeverCompared, "compare_own".into()));
}

#[test]
fn fingers_are_one_to_ten_each_once_with_sound_base64() {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = body(1);
        change(&mut body);
        refusal(body)
    };
    assert_eq!(with(&|b| b["fingerprints"] = json!([])).1, "fingerprints");
    assert_eq!(with(&|b| b["fingerprints"][0]["position"] = json!(16)).1, "fingerprints[0].position");
    let twice = with(&|b| b["fingerprints"] = json!([b["fingerprints"][0], b["fingerprints"][0]]));
    assert_eq!(twice, (Reason::FieldInvalid, "fingerprints[1].position".into()));
    for bad in ["AAA", "AA A", "AAA\u{e9}", "A==="] {
        let refused = with(&|b| b["fingerprints"][0]["data"] = json!(bad));
        assert_eq!(refused, (Reason::Base64Invalid, "fingerprints[0].data".into()), "{bad}");
    }
    assert_eq!(with(&|b| b["reference_number"] = json!("DE1-1")).0, Reason::ReferenceNumberInvalid);
    assert_eq!(with(&|b| b["application"]["place"] = json!(" ")).1, "application.place");
}

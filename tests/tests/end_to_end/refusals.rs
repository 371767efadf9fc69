//! Bad input: the right problem, the field named, nothing stored, and the server goes on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::harness::{Answer, Installation, Server, bearer};
use crate::people::{finger, transmission};

fn unit() -> (Installation, Server, String) {
    let installation = Installation::new();
    let at = installation.authority("AT");
    let server = installation.serve();
    (installation, server, at)
}

/// A change of a good transmission, and the status, code and field that must come of it.
type Case = (Box<dyn FnOnce(&mut Value)>, u16, &'static str, String);

/// The problem of a changed category 1 transmission.
fn changed(server: &Server, key: &str, change: impl FnOnce(&mut Value)) -> Answer {
    let mut body = transmission("AT", 1, 1, 1, 1);
    change(&mut body);
    server.transmit(key, &body)
}

fn case(change: impl FnOnce(&mut Value) + 'static, status: u16, code: &'static str, field: &str) -> Case {
    (Box::new(change), status, code, field.to_owned())
}

/// R-DATA-1, and types.
fn shape_cases() -> Vec<Case> {
    let missing = |b: &mut Value| drop(b.as_object_mut().unwrap().remove("sex"));
    vec![
        case(|b| b["name"] = json!("Jane Doe"), 400, "field-unknown", "name"),
        case(|b| b["application"]["country"] = json!("x"), 400, "field-unknown", "application.country"),
        case(|b| b["ground"] = json!("opposes-return"), 400, "field-unknown", "ground"),
        case(|b| b["category"] = json!("1"), 400, "field-invalid", "category"),
        case(|b| b["category"] = json!(4), 400, "field-invalid", "category"),
        case(|b| b["sex"] = json!("f"), 400, "field-invalid", "sex"),
        case(
            |b| b["fingerprints_taken_on"] = json!("20.11.2026"),
            400,
            "field-invalid",
            "fingerprints_taken_on",
        ),
        case(
            |b| b["fingerprints_taken_on"] = json!("20261120"),
            400,
            "field-invalid",
            "fingerprints_taken_on",
        ),
        case(missing, 400, "field-missing", "sex"),
        case(|b| b["fingerprints"] = json!([]), 400, "field-invalid", "fingerprints"),
        case(
            |b| b["fingerprints"][0]["position"] = json!(16),
            400,
            "field-invalid",
            "fingerprints[0].position",
        ),
        case(|b| b["fingerprints"][0]["data"] = json!(5), 400, "field-invalid", "fingerprints[0].data"),
    ]
}

/// R-DATA-2, R-DATA-4, R-DATA-8.
fn law_cases() -> Vec<Case> {
    let future = jiff::Zoned::now().date().saturating_add(jiff::Span::new().days(2)).to_string();
    let (taken, informed) = ("fingerprints_taken_on", "attestations.informed");
    vec![
        case(|b| b["attestations"]["informed"] = json!(false), 422, "attestation-missing", informed),
        case(move |b| b[taken] = json!(future), 422, "date-in-future", taken),
        case(move |b| b[taken] = json!("2001-01-01"), 422, "retention-passed", taken),
        case(|b| b["reference_number"] = json!("DE1-1"), 422, "reference-number-invalid", "reference_number"),
    ]
}

/// An ISO record of a finger cut to 11 minutiae: header 24 bytes, view 4, minutiae 6 each, extended data length 2.
fn poor() -> String {
    let mut record = finger(1, 2, 1);
    record.truncate(24 + 4 + 11 * 6);
    record.extend([0, 0]);
    record[27] = 11;
    let length = (record.len() as u32).to_be_bytes();
    record[8..12].copy_from_slice(&length);
    STANDARD.encode(record)
}

/// Prints: base64, records, R-DATA-6.
fn print_cases() -> Vec<Case> {
    let mut damaged = finger(1, 2, 1);
    damaged[22] = 2;
    let truncated: String = STANDARD.encode(finger(1, 2, 1)).chars().take(101).collect();
    let data = "fingerprints[0].data";
    let media = |media_type: &'static str| {
        move |b: &mut Value| b["fingerprints"][0]["media_type"] = json!(media_type)
    };
    vec![
        case(move |b| b["fingerprints"][0]["data"] = json!(truncated), 400, "base64-invalid", data),
        case(
            move |b| b["fingerprints"][0]["data"] = json!(STANDARD.encode(damaged)),
            422,
            "template-invalid",
            data,
        ),
        case(|b| b["fingerprints"][0]["data"] = json!(poor()), 422, "fingerprint-too-poor", data),
        case(media("image/gif"), 422, "media-type-unsupported", "fingerprints[0].media_type"),
        case(media("image/png"), 422, "resolution-invalid", "fingerprints[0].resolution_ppi"),
    ]
}

#[test]
fn r_data_1_2_4_6_8_each_bad_field_has_its_problem_and_nothing_is_stored() {
    let (_installation, server, at) = unit();
    for (change, status, code, field) in shape_cases().into_iter().chain(law_cases()).chain(print_cases()) {
        let answer = changed(&server, &at, change);
        assert_eq!(answer.problem(status, code), Some(field), "{}", answer.text);
        let repeated = ["Jane", "20.11", "2001-01"].iter().any(|value| answer.text.contains(value));
        assert!(!repeated, "no value is repeated: {}", answer.text);
    }
    assert_eq!(server.records(&at), [""; 0], "nothing was stored");
    assert_eq!(changed(&server, &at, |_| ()).status, 201, "and the good one still is");
}

#[test]
fn r_data_6_the_problem_names_the_finger_and_the_figure() {
    let (_installation, server, at) = unit();
    let blank = {
        let mut png = std::io::Cursor::new(Vec::new());
        image::DynamicImage::new_luma8(300, 300).write_to(&mut png, image::ImageFormat::Png).unwrap();
        STANDARD.encode(png.into_inner())
    };
    let answer = changed(&server, &at, |b| {
        b["fingerprints"][1] =
            json!({"position": 7, "media_type": "image/png", "resolution_ppi": 500, "data": blank});
    });
    assert_eq!(answer.problem(422, "fingerprint-too-poor").as_deref(), Some("fingerprints[1].data"));
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("left index") && detail.contains("0 minutiae"), "{detail}");
}

#[test]
fn bodies_that_are_not_what_they_should_be() {
    let (_installation, server, at) = unit();
    let authorization = bearer(&at);
    let headers = [("Authorization", authorization.as_str()), ("Whorl-Person", "p")];
    let send = |body: &[u8]| server.transmit_with(&headers, body);
    let good = transmission("AT", 1, 1, 1, 1).to_string();

    send(&good.as_bytes()[..good.len() - 1]).problem(400, "json-invalid");
    send(b"").problem(400, "json-invalid");
    send(&[0xFF; 100]).problem(400, "json-invalid");
    send(format!("{good}{good}").as_bytes()).problem(400, "json-invalid");
    send(b"[]").problem(400, "field-invalid");
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let answer = send(format!("{{\"category\": {deep}}}").as_bytes());
    assert_eq!(answer.status, 400, "{}", answer.text);
    send(&vec![b' '; 20 << 20]).problem(413, "body-too-large");

    let plain = [headers[0], headers[1], ("Content-Type", "text/plain")];
    server.transmit_with(&plain, good.as_bytes()).problem(415, "content-type-unsupported");
    let key = [headers[0], headers[1], ("Idempotency-Key", "a b")];
    server.transmit_with(&key, good.as_bytes()).problem(400, "idempotency-key-invalid");
    assert_eq!(server.records(&at), [""; 0], "nothing was stored");
    assert_eq!(server.get_plain("/health/live").status, 200);
}

#[test]
fn a_damaged_minutiae_record_is_refused_or_still_a_record() {
    let (_installation, server, at) = unit();
    let record = finger(1, 2, 1);
    // The header and the first minutiae, then some: each with all bits flipped, under a reference number of its own.
    let (mut refused, mut entered) = (Vec::new(), Vec::new());
    for at_byte in (0..40).chain((40..record.len()).step_by(23)) {
        let mut damaged = record.clone();
        damaged[at_byte] ^= 0xFF;
        let answer = changed(&server, &at, |b| {
            b["reference_number"] = json!(format!("AT1-byte-{at_byte}"));
            b["fingerprints"][0]["data"] = json!(STANDARD.encode(damaged));
        });
        if answer.status == 201 {
            entered.push(at_byte);
        } else {
            let code = answer.json()["code"].as_str().unwrap().to_owned();
            // Another resolution is another size: a record still, of a print too small to compare.
            let known =
                code == "template-invalid" || (code == "fingerprint-too-poor" && (18..22).contains(&at_byte));
            assert!(answer.status == 422 && known, "byte {at_byte}: {}", answer.text);
            refused.push(at_byte);
        }
    }
    // Equipment, size and resolution may be others, and so may what a minutia is; the rest may not.
    assert!(entered.iter().all(|at_byte| (12..22).contains(at_byte) || *at_byte >= 28), "{entered:?}");
    assert!((0..12).chain([22, 23, 24, 25, 26, 27]).all(|at_byte| refused.contains(&at_byte)), "{refused:?}");
    assert_eq!(server.records(&at).len(), entered.len());
}

#[test]
fn paths_and_methods_that_do_not_exist_are_problems_too() {
    let (_installation, server, at) = unit();
    server.get(&at, "/v1/eurodac/nothing").problem(404, "path-not-found");
    server.get(&at, "/v1/eurodac/transmissions").problem(405, "method-not-allowed");
    let other = server.http.get(format!("{}/v1/eurodac/transmissions", server.url)).call().unwrap();
    assert_eq!(other.headers()["allow"], "POST");
    server.get(&at, "/v1/eurodac/records?category=9").problem(400, "query-invalid");
    server.get(&at, "/v1/eurodac/records?category=3").problem(400, "query-invalid");
    server.get(&at, "/v1/eurodac/records?state=DE").problem(400, "query-invalid");
    server.get(&at, "/v1/eurodac/records?limit=0").problem(400, "query-invalid");
}

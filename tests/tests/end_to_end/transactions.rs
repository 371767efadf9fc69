//! ANSI/NIST-ITL files over HTTP: entered as the transmission that says the same, refused by their own names of fields, given back as hits.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use whorl_engine::extraction::wsq;
use whorl_engine::interchange::Standard;
use whorl_engine::interchange::ansi_nist_itl::{
    Builder, Compression, File, Impression, MinutiaeFormat, MinutiaeSet, MinutiaeView, MissingFinger,
    Segment, TextField, Transaction,
};

use crate::formats::{real, slap, touch};
use crate::harness::{Answer, Installation, Server, bearer};
use crate::people::{finger, transmission, yesterday};
use crate::traces::{fragments, holding, in_memory};

/// Fields of a Type-2 record, by number.
pub type Texts = Vec<(u16, String)>;

const MEDIA_TYPE: &str = "application/x-ansi-nist-itl";

fn header(kind: &str) -> Transaction {
    Transaction {
        version: 400,
        kind: kind.into(),
        date: yesterday().replace('-', ""),
        priority: None,
        destination: "CU".into(),
        origin: "AT".into(),
        control_number: "T1".into(),
        reference_number: None,
        scanned_resolution: "00.00".into(),
        transmitted_resolution: "00.00".into(),
        domain: None,
    }
}

/// What an applicant's Type-2 record says.
pub fn texts(number: &str) -> Texts {
    let day = yesterday().replace('-', "");
    let texts = [(10, number), (24, "F"), (38, &day), (701, "Köln"), (702, &day), (711, "Y"), (712, "Y")];
    texts.map(|(field, text)| (field, text.to_owned())).into()
}

fn image<'a>(
    position: u8,
    compression: Compression,
    (width, height): (u32, u32),
    data: &'a [u8],
) -> Impression<'a> {
    Impression {
        record: 0,
        record_type: 14,
        idc: position,
        positions: vec![position],
        impression: 0,
        width,
        height,
        resolution_ppi: Some((500, 500)),
        compression,
        bits_per_pixel: 8,
        data,
        missing: vec![],
        segments: vec![],
    }
}

/// A file of an applicant, with what else it has.
fn file<'a>(kind: &str, texts: Texts, prints: impl FnOnce(&mut Builder<'a>)) -> Vec<u8> {
    let mut builder = Builder::new(header(kind));
    builder.text(0, texts.into_iter().map(|(number, text)| TextField::single(number, text)).collect());
    prints(&mut builder);
    builder.finish().unwrap().encode().unwrap()
}

/// Both index fingers of a person of random minutiae, in records of Type-9.
pub fn of_minutiae(kind: &str, texts: Texts, person: u64, impression: u64) -> Vec<u8> {
    file(kind, texts, |builder| {
        for position in [2, 7] {
            let read = Standard::Iso19794_2_2005.read(&finger(person, position, impression)).unwrap();
            let minutiae = read[0].minutiae.clone();
            let (format, impression) = (MinutiaeFormat::Incits378, 0);
            let set = MinutiaeSet { record: 0, idc: position, position, impression, format, minutiae };
            builder.minutiae(&set, MinutiaeView { width: 400, height: 500, quality: 80 });
        }
    })
}

fn send(server: &Server, key: &str, file: &[u8]) -> Answer {
    let bearer = bearer(key);
    let headers =
        [("Authorization", bearer.as_str()), ("Whorl-Person", "tester"), ("Content-Type", MEDIA_TYPE)];
    server.transmit_with(&headers, file)
}

fn text(file: &File, number: u16) -> &str {
    file.records[1].field(number).and_then(|field| field.text()).unwrap_or_default()
}

#[test]
fn r_data_1_r_hit_2_a_file_is_entered_and_what_it_finds_is_given_back_as_a_file() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    let (index, thumb) = (touch(3, 2, 1), touch(3, 1, 1));
    let size = (index.width, index.height);
    let packed = wsq::encode(size.0, size.1, &index.pixels, Some(500), wsq::WSQ_RATE).unwrap();
    let (whole, segments) = slap(4, 1);
    let edge = |segment: &Value, name: &str| i32::try_from(segment[name].as_i64().unwrap()).unwrap();
    let marked = segments[1..].iter().map(|one| Segment {
        position: one["position"].as_u64().unwrap() as u8,
        left: edge(one, "left"),
        right: edge(one, "right"),
        top: edge(one, "top"),
        bottom: edge(one, "bottom"),
    });
    let marked: Vec<_> = marked.collect();
    let bytes = file("CAT1", texts("AT1-1"), |builder| {
        builder.print(&image(2, Compression::Wsq20, size, &packed), "AT", "20260101");
        // The plain thumb, uncompressed; and a slap of which three fingers are marked.
        builder.print(
            &image(11, Compression::None, (thumb.width, thumb.height), &thumb.pixels),
            "AT",
            "20260101",
        );
        let slap = image(13, Compression::None, (whole.width, whole.height), &whole.pixels);
        builder.print(&Impression { segments: marked, ..slap }, "AT", "20260101");
    });
    let entered = send(&server, &at, &bytes);
    assert_eq!(entered.status, 201, "{}", entered.text);
    let path = format!("/v1/eurodac/records/{}", entered.json()["record_id"].as_str().unwrap());
    let kept = server.get(&at, &path).json();
    let of = |print: &Value| {
        (print["position"].as_u64().unwrap(), print["media_type"].as_str().unwrap().to_owned())
    };
    let kinds: Vec<_> = kept["fingerprints"].as_array().unwrap().iter().map(of).collect();
    assert_eq!(kinds, [(2, "image/wsq".into()), (11, "image/png".into()), (13, "image/png".into())]);
    assert_eq!(kept["fingerprints"][0]["data"], STANDARD.encode(&packed), "as it was sent");
    assert_eq!(kept["application"]["place"], "Köln");

    // Each of its fingers is found: its own, the thumb, and those of the slap.
    for (person, position) in [(3, 2), (3, 1), (4, 4)] {
        let probe = touch(person, position, 2).to_png().unwrap();
        let mut body = transmission("DE", 3, 1, 0, 0);
        let data = STANDARD.encode(probe);
        body["fingerprints"] =
            json!([{"position": position, "media_type": "image/png", "resolution_ppi": 500, "data": data}]);
        assert_eq!(server.transmit(&de, &body).hits(), ["AT1-1"], "{person}, {position}");
    }
    let hits = server.get(&de, "/v1/eurodac/hits").json();
    let id = hits["hits"][0]["hit_id"].as_str().unwrap().to_owned();
    let authorization = bearer(&de);
    let headers = [("Authorization", authorization.as_str()), ("Whorl-Person", "p"), ("Accept", MEDIA_TYPE)];
    let told = server.request("GET", &format!("/v1/eurodac/hits/{id}"), &headers, None);
    assert_eq!((told.status, told.content_type.as_str()), (200, MEDIA_TYPE), "{}", told.text);
    let found = File::decode(&told.bytes).unwrap();
    let day = yesterday().replace('-', "");
    let said: Vec<_> = [10, 24, 38, 701, 702, 731, 741].map(|number| text(&found, number)).into();
    assert_eq!(said, ["AT1-1", "F", &day, "Köln", &day, "AT", &id]);
    assert_eq!(
        (found.header().unwrap().kind.as_str(), found.header().unwrap().destination.as_str()),
        ("CAT1", "DE")
    );
    let images = found.impressions().unwrap();
    assert_eq!(images.iter().map(|image| image.positions[0]).collect::<Vec<_>>(), [2, 11, 13]);
    assert!(images[0].data == packed && images[0].compression == Compression::Wsq20);
    assert_eq!(images[2].segments.iter().map(|one| one.position).collect::<Vec<_>>(), [3, 4, 5]);
    // Without it, JSON.
    assert!(server.get(&de, &format!("/v1/eurodac/hits/{id}")).json()["score"].is_u64());
}

#[test]
fn minutiae_in_a_file_are_compared_and_given_back_in_one() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    assert_eq!(send(&server, &at, &of_minutiae("CAT1", texts("AT1-1"), 7, 1)).status, 201);
    let found = send(&server, &de, &of_minutiae("CAT1", texts("DE1-1"), 7, 2));
    assert_eq!(found.hits(), ["AT1-1"], "{}", found.text);
    let id = found.json()["comparison"]["hits"][0]["hit_id"].as_str().unwrap().to_owned();
    let authorization = bearer(&de);
    let headers = [("Authorization", authorization.as_str()), ("Whorl-Person", "p"), ("Accept", MEDIA_TYPE)];
    let told = server.request("GET", &format!("/v1/eurodac/hits/{id}"), &headers, None);
    let sets = File::decode(&told.bytes).unwrap().minutiae().unwrap();
    let sent = Standard::Iso19794_2_2005.read(&finger(7, 2, 1)).unwrap();
    assert_eq!((sets.len(), sets[0].minutiae.len()), (2, sent[0].minutiae.len()));
}

#[test]
fn r_data_1_what_a_transmission_has_not_refuses_the_file_by_the_name_of_its_field() {
    let installation = Installation::new();
    let at = installation.authority("AT");
    let server = installation.serve();
    let refused = |change: &dyn Fn(&mut Texts)| {
        let mut texts = texts("AT1-1");
        change(&mut texts);
        texts.sort();
        let answer = send(&server, &at, &of_minutiae("CAT1", texts, 7, 1));
        assert!((400..500).contains(&answer.status), "{}", answer.text);
        let problem = answer.json();
        (
            problem["code"].as_str().unwrap().to_owned(),
            problem["field"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let without = |number: u16| move |texts: &mut Texts| texts.retain(|(field, _)| *field != number);
    let said = |number: u16, text: &'static str| {
        move |texts: &mut Texts| {
            texts.retain(|(field, _)| *field != number);
            texts.push((number, text.into()));
        }
    };
    let is = |code: &str, field: &str| (code.to_owned(), field.to_owned());
    assert_eq!(refused(&said(18, "DOE, JANE")), is("field-unknown", "2.018"));
    assert_eq!(refused(&said(24, "X")), is("field-invalid", "2.024"));
    assert_eq!(refused(&said(38, "2026-11-20")), is("field-invalid", "2.038"));
    assert_eq!(refused(&said(38, "20261399")), is("field-invalid", "2.038"));
    assert_eq!(refused(&said(38, "29991231")), is("date-in-future", "2.038"));
    assert_eq!(refused(&said(711, "N")), is("attestation-missing", "2.711"));
    assert_eq!(refused(&said(711, "yes")), is("field-invalid", "2.711"));
    assert_eq!(refused(&said(10, "DE1-1")), is("reference-number-invalid", "2.010"));
    assert_eq!(refused(&said(723, "opposes-return")), is("field-unknown", "2.723"));
    assert_eq!(refused(&said(722, "Y")), is("field-unknown", "2.722"));
    assert_eq!(refused(&without(24)), is("field-missing", "2.024"));
    // Said twice, once so and once otherwise.
    for (number, text) in [(24, "M"), (10, "AT1-2"), (711, "N")] {
        let twice = refused(&|texts| texts.push((number, text.into())));
        assert_eq!(twice, is("field-invalid", &format!("2.{number:03}")));
    }
    assert_eq!(
        refused(&|texts| texts.retain(|(field, _)| *field < 701 || *field > 702)),
        is("field-missing", "2.702, 2.701")
    );
    let kind = send(&server, &at, &of_minutiae("CAT9", texts("AT1-1"), 7, 1));
    assert_eq!(kind.problem(400, "field-invalid").as_deref(), Some("1.004"));
    let white = vec![255; 200 * 200];
    let poor = file("CAT1", texts("AT1-1"), |builder| {
        builder.print(&image(2, Compression::None, (200, 200), &white), "AT", "20260101");
    });
    assert_eq!(
        send(&server, &at, &poor).problem(422, "fingerprint-too-poor").as_deref(),
        Some("record 2 (Type-14)")
    );
    assert!(server.records(&at).is_empty());
}

#[test]
fn nists_sound_files_are_of_no_applicant_and_its_damaged_ones_leave_nothing() {
    let Some(folder) = real("conformance") else { return };
    let installation = Installation::new();
    let at = installation.authority("AT");
    let server = installation.serve();
    let mut counts = [0, 0];
    for (count, (name, codes)) in counts.iter_mut().zip([
        ("ansi-nist", &["field-unknown", "field-invalid", "field-missing"][..]),
        ("ansi-nist-malformed", &["transaction-invalid"]),
    ]) {
        for entry in fs_err::read_dir(folder.join(name)).unwrap() {
            let path = entry.unwrap().path();
            let answer = send(&server, &at, &fs_err::read(&path).unwrap());
            let (problem, shown) = (answer.json(), path.file_name().unwrap().to_string_lossy().into_owned());
            assert!(answer.status == 400, "{shown}: {}", answer.text);
            assert!(codes.contains(&problem["code"].as_str().unwrap()), "{shown}: {problem}");
            assert!(
                problem["field"].is_string() || problem["detail"].as_str().unwrap().contains("byte"),
                "{shown}: {problem}"
            );
            *count += 1;
        }
    }
    assert_eq!(counts, [9, 33]);
    assert!(server.records(&at).is_empty());
    assert_eq!(server.get_plain("/health/ready").status, 200);
}

#[test]
fn r_comp_5_r_data_1_each_category_has_its_fields_in_a_file_and_of_the_third_nothing_is_kept() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let operator = installation.central("central-operator");
    let server = installation.serve();
    let of = |category: &str, number: &str, fields: &[u16], more: &[(u16, &str)]| -> Texts {
        let mut own = texts(&format!("{number}{}-9", &category[3..]));
        own.retain(|(field, _)| fields.contains(field));
        own.extend(more.iter().map(|(field, text)| (*field, (*text).to_owned())));
        own.sort();
        own
    };
    let two = of("CAT2", "AT", &[10, 24, 38, 711, 712], &[(713, "Y")]);
    let entered = send(&server, &at, &of_minutiae("CAT2", two.clone(), 7, 1));
    assert_eq!(
        (entered.status, &entered.json()["comparison"]["performed"]),
        (201, &json!(false)),
        "{}",
        entered.text
    );
    let own = of("CAT1", "AT", &[10, 24, 38, 701, 702, 711, 712], &[]);
    assert_eq!(send(&server, &at, &of_minutiae("CAT1", own, 8, 1)).status, 201);
    // With its own State's data, too, where it asks for it (R-COMP-2).
    let mut again = texts("AT1-10");
    again.push((721, "Y".into()));
    assert_eq!(send(&server, &at, &of_minutiae("CAT1", again, 8, 2)).hits(), ["AT1-9"]);

    let before = holding(installation.path(), &fragments(&minutiae_of(8, 3)));
    let three = of("CAT3", "DE", &[10, 711, 712], &[(723, "opposes-return")]);
    let checked = send(&server, &de, &of_minutiae("CAT3", three, 8, 3));
    assert_eq!((checked.status, checked.hits().len()), (200, 2), "{}", checked.text);
    assert!(server.records(&de).is_empty() && before.is_empty());
    assert!(holding(installation.path(), &fragments(&minutiae_of(8, 3))).is_empty(), "R-COMP-5");
    assert_eq!(in_memory(server.process(), &fragments(&minutiae_of(8, 3))), [""; 0], "overwritten, too");
    // For another State, by an operator; and safely repeated.
    let mut for_another = texts("DE1-1");
    for_another.push((724, "DE".into()));
    let file = of_minutiae("CAT1", for_another, 11, 1);
    let bearer = bearer(&operator);
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Whorl-Person", "tester"),
        ("Content-Type", MEDIA_TYPE),
        ("Idempotency-Key", "once"),
    ];
    let first = server.transmit_with(&headers, &file);
    assert_eq!((first.status, server.transmit_with(&headers, &file).status), (201, 200), "{}", first.text);
    assert_eq!(server.records(&de), ["DE1-1"]);
}

/// What a file of this touch has in its Type-9 record.
fn minutiae_of(person: u64, impression: u64) -> Vec<u8> {
    let file = File::decode(&of_minutiae("CAT1", texts("AT1-1"), person, impression)).unwrap();
    file.records[2].field(137).unwrap().bytes().to_vec()
}

#[test]
fn nists_cards_enter_with_their_ten_fingers_once_somebody_says_whose_they_are() {
    let Some(folder) = real("conformance/ansi-nist") else { return };
    let installation = Installation::new();
    let at = installation.authority("AT");
    let server = installation.serve();
    for (number, name) in [(1, "a001.an2"), (2, "a001-seg.an2")] {
        let bytes = fs_err::read(folder.join(name)).unwrap();
        let card = File::decode(&bytes).unwrap();
        let images = card.impressions().unwrap();
        let anew = file("CAT1", texts(&format!("AT1-{number}")), |builder| {
            for image in &images {
                builder.print(image, "AT", "20260101");
            }
        });
        let entered = send(&server, &at, &anew);
        assert_eq!(entered.status, 201, "{name}: {}", entered.text);
        let path = format!("/v1/eurodac/records/{}", entered.json()["record_id"].as_str().unwrap());
        let kept = server.get(&at, &path).json()["fingerprints"].as_array().unwrap().clone();
        let compared = kept.iter().filter(|print| print.get("minutiae").is_some()).count();
        assert_eq!((kept.len(), compared), (14, 10), "{name}: ten rolled, and four slaps that are kept");
    }
}

#[test]
fn r_data_1_a_tag_of_another_record_a_comment_and_other_features_are_not_taken() {
    let installation = Installation::new();
    let at = installation.authority("AT");
    let server = installation.serve();
    let sound = String::from_utf8(of_minutiae("CAT1", texts("AT1-1"), 7, 1)).unwrap();
    let with = |before: &str, added: &str| {
        // The field goes before that of this tag; the record's length, which has its own digits in it, is put right.
        let at = sound.find(before).unwrap();
        let (head, tail) = sound.split_at(at);
        let start = head.rfind('\u{1C}').map_or(0, |end| end + 1);
        let (name, rest) = head[start..].split_once(':').unwrap();
        let (length, rest) = rest.split_once('\u{1D}').unwrap();
        let longer = length.parse::<usize>().unwrap() + added.len() + 1;
        let longer = longer + longer.to_string().len() - length.len();
        format!("{}{name}:{longer}\u{1D}{rest}{added}\u{1D}{tail}", &head[..start]).into_bytes()
    };
    for (before, added, field) in [
        ("2.010:", "18.002:DOE, JANE", "18.002"),
        ("2.010:", "14.010:AT1-7", "14.010"),
        ("9.126:", "9.040:made by a maker", "record 2, 9.040"),
        ("9.126:", "2.018:DOE, JANE", "record 2, 2.018"),
    ] {
        let refused = send(&server, &at, &with(before, added));
        assert_eq!(
            refused.problem(400, "field-unknown").as_deref(),
            Some(field),
            "{added}: {}",
            refused.text
        );
    }
    assert!(server.records(&at).is_empty());
}

#[test]
fn images_of_every_compression_and_resolution_enter_and_a_finger_that_is_missing_is_left_out() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    let encoded = |position: u8, scale: u32, format: ::image::ImageFormat| {
        let print = touch(6, position, 1);
        let grey = ::image::GrayImage::from_raw(print.width, print.height, print.pixels).unwrap();
        let (width, height) = (grey.width() * scale, grey.height() * scale);
        let grey = ::image::imageops::resize(&grey, width, height, ::image::imageops::FilterType::Triangle);
        let mut file = std::io::Cursor::new(Vec::new());
        ::image::DynamicImage::ImageLuma8(grey).write_to(&mut file, format).unwrap();
        ((width, height), file.into_inner())
    };
    let jpeg = encoded(2, 1, ::image::ImageFormat::Jpeg);
    let fine = encoded(3, 2, ::image::ImageFormat::Png);
    let jp2 = real("conformance/jp2").map(|folder| fs_err::read(folder.join("finger.jp2")).unwrap());
    let bytes = file("CAT1", texts("AT1-1"), |builder| {
        builder.print(&image(2, Compression::JpegB, jpeg.0, &jpeg.1), "AT", "20260101");
        let fine = image(3, Compression::Png, fine.0, &fine.1);
        builder.print(&Impression { resolution_ppi: Some((1000, 1000)), ..fine }, "AT", "20260101");
        if let Some(jp2) = &jp2 {
            builder.print(&image(7, Compression::Jp2L, (804, 752), jp2), "AT", "20260101");
        }
        let missing = vec![MissingFinger { position: 4, amputated: true }];
        let none = image(4, Compression::None, (0, 0), &[]);
        let none = Impression { missing, resolution_ppi: None, bits_per_pixel: 0, ..none };
        builder.print(&none, "AT", "20260101");
    });
    let entered = send(&server, &at, &bytes);
    assert_eq!(entered.status, 201, "{}", entered.text);
    let path = format!("/v1/eurodac/records/{}", entered.json()["record_id"].as_str().unwrap());
    let kept = server.get(&at, &path).json()["fingerprints"].as_array().unwrap().clone();
    let positions: Vec<_> = kept.iter().map(|print| print["position"].as_u64().unwrap()).collect();
    assert_eq!(positions, if jp2.is_some() { vec![2, 3, 7] } else { vec![2, 3] });
    assert_eq!((&kept[1]["resolution_ppi"], &kept[0]["media_type"]), (&json!(1000), &json!("image/jpeg")));
    for position in [2, 3] {
        let probe = STANDARD.encode(touch(6, position, 2).to_png().unwrap());
        let mut body = transmission("DE", 3, 1, 0, 0);
        body["fingerprints"] =
            json!([{"position": position, "media_type": "image/png", "resolution_ppi": 500, "data": probe}]);
        assert_eq!(server.transmit(&de, &body).hits(), ["AT1-1"], "finger {position}");
    }
}

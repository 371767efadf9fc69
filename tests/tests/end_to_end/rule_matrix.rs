//! The comparison matrix over HTTP: what is stored, who asks, what is counted, what is found.

use serde_json::json;

use crate::harness::{Installation, Server};
use crate::people::transmission;

/// The same person in all four places: category 1 and 2, of AT and of DE; and somebody else in each.
fn populated(installation: &Installation) -> (Server, String, String) {
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    for (person, numbers) in [(1u64, 1u32), (2, 2)] {
        for (key, state) in [(&at, "AT"), (&de, "DE")] {
            for category in [1, 2] {
                let body = transmission(state, category, numbers, person, u64::from(category) * 10);
                assert_eq!(server.transmit(key, &body).status, 201);
            }
        }
    }
    (server, at, de)
}

#[test]
fn r_comp_1_2_3_4_9_10_each_probe_meets_exactly_what_the_table_says() {
    let installation = Installation::new();
    let (server, at, _) = populated(&installation);

    let mut foreign = transmission("AT", 1, 100, 1, 5);
    let answer = server.transmit(&at, &foreign);
    assert_eq!(
        answer.compared(),
        [(1, "DE".into(), 2), (2, "DE".into(), 2)],
        "R-COMP-1, R-COMP-3, R-COMP-10"
    );
    let mut hits = answer.hits();
    hits.sort();
    assert_eq!(hits, ["DE1-1", "DE2-1"]);

    foreign["reference_number"] = json!("AT1-101");
    foreign["compare_own"] = json!(true);
    let answer = server.transmit(&at, &foreign);
    let expected = [(1, "AT".into(), 3), (1, "DE".into(), 2), (2, "AT".into(), 2), (2, "DE".into(), 2)];
    assert_eq!(answer.compared(), expected, "R-COMP-2: its own too, the set entered just before among them");
    let mut hits = answer.hits();
    hits.sort();
    assert_eq!(hits, ["AT1-1", "AT1-100", "AT2-1", "DE1-1", "DE2-1"]);

    let answer = server.transmit(&at, &transmission("AT", 2, 102, 1, 7));
    assert_eq!(
        answer.json()["comparison"],
        json!({"performed": false}),
        "R-COMP-3: category 2 is never a probe"
    );

    let answer = server.transmit(&at, &transmission("AT", 3, 103, 1, 8));
    assert_eq!(answer.compared(), [(1, "DE".into(), 2)], "R-COMP-4: category 1 of other States only");
    assert_eq!(answer.hits(), ["DE1-1"]);
    assert_eq!(answer.status, 200);
    assert!(answer.json().get("record_id").is_none(), "R-COMP-5: nothing was stored");
}

#[test]
fn r_comp_3_a_category_2_set_is_met_only_by_who_applies_later() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    let before = server.transmit(&at, &transmission("AT", 1, 1, 9, 1));
    assert_eq!((before.compared().len(), before.hits().len()), (0, 0));
    let entry = server.transmit(&de, &transmission("DE", 2, 1, 9, 2));
    assert_eq!(entry.json()["comparison"]["performed"], false);
    assert_eq!(server.transmit(&at, &transmission("AT", 1, 2, 9, 3)).hits(), ["DE2-1"]);
}

#[test]
fn r_comp_9_only_like_fingers_are_compared_and_any_one_is_enough() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    let mut right_only = transmission("AT", 1, 1, 3, 1);
    right_only["fingerprints"].as_array_mut().unwrap().truncate(1);
    server.transmit(&at, &right_only);

    let mut left_only = transmission("DE", 1, 1, 3, 2);
    left_only["fingerprints"].as_array_mut().unwrap().remove(0);
    let answer = server.transmit(&de, &left_only);
    assert_eq!((answer.compared().len(), answer.hits().len()), (0, 0), "no like finger, no comparison");

    let answer = server.transmit(&de, &transmission("DE", 1, 2, 3, 2));
    assert_eq!(answer.compared(), [(1, "AT".into(), 1)]);
    let hit = &answer.json()["comparison"]["hits"][0];
    assert_eq!(hit["record"]["reference_number"], "AT1-1");
    assert_eq!(hit["fingerprints"][0]["position"], 2);
    assert_eq!(hit["fingerprints"][0]["score"], hit["score"], "the one like finger made the whole score");
}

#[test]
fn r_hit_1_2_5_a_hit_has_the_data_the_print_the_score_the_rate_and_the_threshold() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    let stored = transmission("AT", 1, 1, 4, 1);
    server.transmit(&at, &stored);
    let answer = server.transmit(&de, &transmission("DE", 1, 1, 4, 2)).json();
    let comparison = &answer["comparison"];
    let hit = &comparison["hits"][0];
    assert!(hit["score"].as_u64() >= comparison["threshold"]["score"].as_u64(), "{hit}");
    let (rate, limit) = (&hit["false_match_rate"], &comparison["threshold"]["false_match_rate"]);
    assert!(rate.as_f64().unwrap() > 0.0 && rate.as_f64() <= limit.as_f64(), "{rate} {limit}");
    assert!(limit.as_f64().unwrap() <= 1e-6);
    for field in ["category", "reference_number", "sex", "fingerprints_taken_on", "application"] {
        assert_eq!(hit["record"][field], stored[field], "{field}");
    }
    assert_eq!(hit["record"]["member_state"], "AT");
    let recipients: Vec<_> =
        hit["record"]["disclosures"].as_array().unwrap().iter().map(|d| d["recipient"].clone()).collect();
    assert_eq!(recipients, [json!("DE")], "R-HIT-3: the disclosure is on the record before the hit leaves");
    for index in 0..2 {
        assert_eq!(hit["fingerprints"][index]["data"], stored["fingerprints"][index]["data"], "R-HIT-2");
    }
    // R-HIT-1: the State whose data were found is told nothing; it sees the disclosure on its own record.
    let own = server.get(&at, "/v1/eurodac/records?reference_number=AT1-1").json();
    assert_eq!(own["records"][0]["disclosures"][0]["recipient"], "DE");
    assert_eq!(server.records(&at), ["AT1-1"]);
}

#[test]
fn the_gpu_back_end_answers_the_same() {
    let answers: Vec<_> = ["cpu", "gpu"]
        .iter()
        .map(|backend| {
            let installation = Installation::new();
            let (at, de) = (installation.authority("AT"), installation.authority("DE"));
            let server = installation.serve_on(backend);
            assert_eq!(server.get_plain("/health/ready").json()["backend"], *backend);
            server.transmit(&at, &transmission("AT", 1, 1, 4, 1));
            server.transmit(&at, &transmission("AT", 1, 2, 5, 1));
            let answer = server.transmit(&de, &transmission("DE", 1, 1, 4, 2));
            let score = answer.json()["comparison"]["hits"][0]["score"].clone();
            (answer.hits(), answer.compared(), score)
        })
        .collect();
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].0, ["AT1-1"]);
}

//! Transmissions at the same moment.

use crate::harness::Installation;
use crate::people::transmission;

#[test]
fn r_comp_11_of_fifty_pairs_at_once_no_mutual_miss() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    let pairs = 50u64;
    let found: Vec<(Vec<String>, Vec<String>)> = std::thread::scope(|scope| {
        let send = |key, state, person: u64, impression| {
            let body = transmission(state, 1, person as u32, person, impression);
            let server = &server;
            scope.spawn(move || {
                let answer = server.transmit(key, &body);
                assert_eq!(answer.status, 201, "{}", answer.text);
                answer.hits()
            })
        };
        let running: Vec<_> = (100..100 + pairs)
            .map(|person| (send(&at, "AT", person, 1), send(&de, "DE", person, 2)))
            .collect();
        running.into_iter().map(|(a, b)| (a.join().unwrap(), b.join().unwrap())).collect()
    });
    for (person, (austria, germany)) in (100..).zip(found) {
        let (a, d) = (vec![format!("AT1-{person}")], vec![format!("DE1-{person}")]);
        // Exactly one of the two was later, and found exactly the other.
        assert!(
            (austria.is_empty() && germany == a) || (austria == d && germany.is_empty()),
            "{austria:?} {germany:?}"
        );
    }
    assert_eq!(server.records(&at).len() + server.records(&de).len(), 2 * pairs as usize);
}

#[test]
fn r_data_3_the_same_request_ten_times_at_once_is_entered_once_and_answered_alike() {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve();
    server.transmit(&de, &transmission("DE", 1, 1, 1, 1));
    let body = transmission("AT", 1, 1, 1, 2);
    let answers: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> =
            (0..10).map(|_| scope.spawn(|| server.transmit_again(&at, "k", &body))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert!(answers.iter().all(|answer| answer.json() == answers[0].json()), "one answer, hit id and all");
    assert_eq!(server.records(&at), ["AT1-1"]);
    let matched = server.get(&de, "/v1/eurodac/records?reference_number=DE1-1").json();
    assert_eq!(matched["records"][0]["disclosures"].as_array().unwrap().len(), 1, "disclosed once");
}

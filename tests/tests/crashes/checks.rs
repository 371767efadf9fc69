//! What must be true after a start: of what the server serves, what the journal says, and what the clients were told.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use crate::clients::{Client, Erasure, Sent, hits_of, matched};
use crate::harness::Server;
use crate::past::Past;

/// What is served of each record, by reference number.
type Served = HashMap<String, Value>;

/// Compares server, journal and ledgers, and settles what was not answered. Gives the transmissions that were found entered though
/// nobody was told.
pub fn after_start(data: &Path, server: &Server, clients: &mut [Client]) -> usize {
    let past = Past::read(data);
    assert_eq!(past.not_compared(), Vec::<&str>::new(), "a comparison that was cut off is made at start");
    let served = served(server, clients);
    agree(&past, &served);
    for client in &mut *clients {
        client.ledger.iter_mut().for_each(|sent| is_kept_or_gone(sent, &past, &served));
    }
    are_disclosed(clients, &served);
    let settled: usize = clients.iter_mut().map(|client| settle(client, server, &served)).sum();
    if clients.iter().any(|client| !client.ledger.is_empty()) {
        assert_eq!(server.get_plain("/health/ready").status, 200);
    }
    settled
}

/// All that the States see of their own, page by page.
fn served(server: &Server, clients: &[Client]) -> Served {
    let mut served = Served::new();
    let mut states: Vec<_> = clients.iter().map(|client| (client.state, &client.key)).collect();
    states.dedup_by_key(|(state, _)| *state);
    for (_, key) in states {
        let mut next = String::new();
        loop {
            let answer = server.get(key, &format!("/v1/eurodac/records?limit=200{next}"));
            assert_eq!(answer.status, 200, "{}", answer.text);
            let page = answer.json();
            for record in page["records"].as_array().unwrap() {
                let reference = record["reference_number"].as_str().unwrap().to_owned();
                assert!(
                    served.insert(reference.clone(), record.clone()).is_none(),
                    "{reference} is there twice"
                );
            }
            let Some(cursor) = page["next"].as_str() else { break };
            next = format!("&after={cursor}");
        }
    }
    served
}

/// The store follows the journal, and says nothing else.
fn agree(past: &Past, served: &Served) {
    assert_eq!(past.entered.len(), served.len());
    for (id, set) in &past.entered {
        let record = &served[&set.reference];
        assert_eq!(record["record_id"], id.to_string(), "{}", set.reference);
        let disclosures = record["disclosures"].as_array().unwrap().iter();
        let disclosures: Vec<_> = disclosures
            .map(|one| {
                (one["recipient"].as_str().unwrap().to_owned(), one["at"].as_str().unwrap().to_owned())
            })
            .collect();
        let said = past.disclosures.get(id).cloned().unwrap_or_default();
        assert_eq!(disclosures, said, "{}: R-HIT-3", set.reference);
    }
}

/// R-DATA-7: what was acknowledged is there as it was acknowledged, its hits among it. R-ERASE-2: and what was erased is not.
fn is_kept_or_gone(sent: &mut Sent, past: &Past, served: &Served) {
    if sent.category == 3 || sent.answer.is_none() {
        return;
    }
    let id = sent.id().parse().unwrap();
    if sent.erasure == Erasure::Asked {
        sent.erasure = if past.erased.contains(&id) { Erasure::Done } else { Erasure::No };
    }
    if sent.erasure == Erasure::Done {
        assert!(past.erased.contains(&id) && !served.contains_key(&sent.reference), "{}", sent.reference);
        return;
    }
    let answer = sent.answer.as_ref().unwrap();
    let record = served.get(&sent.reference).expect("what was acknowledged is there");
    for field in ["record_id", "entered_at"] {
        assert_eq!(record[field], answer[field], "{}", sent.reference);
    }
    assert_eq!(answer["comparison"]["performed"], sent.category == 1);
    if sent.category == 1 {
        let told: Vec<_> = hits_of(answer).map(|hit| hit["hit_id"].as_str().unwrap().to_owned()).collect();
        // Of what was erased before anybody was told, nobody is told.
        let hits = past.results[&id].hits.iter().map(|hit| (past.hits[hit], hit.to_string()));
        let written = hits.filter(|(record, hit)| told.contains(hit) || !past.erased.contains(record));
        let written: Vec<_> = written.map(|(_, hit)| hit).collect();
        assert_eq!(told, written, "{}", sent.reference);
    }
}

/// R-HIT-3, without asking the journal: as many disclosures at least as clients were told hits.
fn are_disclosed(clients: &[Client], served: &Served) {
    let mut told: HashMap<(&str, &str), usize> = HashMap::new();
    for client in clients {
        for hit in client.ledger.iter().filter_map(|sent| sent.answer.as_ref()).flat_map(hits_of) {
            *told.entry((matched(hit), client.state)).or_default() += 1;
        }
    }
    for ((reference, state), times) in told {
        // Erased, or not to be found: whoever acknowledged it looks for it.
        let Some(record) = served.get(reference) else { continue };
        let disclosures = record["disclosures"].as_array().unwrap().iter();
        let found = disclosures.filter(|disclosure| disclosure["recipient"] == state).count();
        assert!(found >= times, "{reference} was told to {state} {times} times, and says {found}");
    }
}

/// Sends again what was not answered: with its key it is one record, entered then or now, and compared once; without, it
/// is there whole or not at all.
fn settle(client: &mut Client, server: &Server, served: &Served) -> usize {
    let mut found = 0;
    let mut ledger = std::mem::take(&mut client.ledger);
    for sent in ledger.iter_mut().filter(|sent| sent.answer.is_none() && sent.category < 3) {
        let there = served.get(&sent.reference);
        found += usize::from(there.is_some());
        let send =
            |sent: &Sent| server.try_transmit(&client.key, sent.repeatable.as_deref(), &sent.body).unwrap();
        let again = send(sent);
        match (there, &sent.repeatable) {
            (Some(_), None) => _ = again.problem(409, "reference-number-taken"),
            (Some(record), Some(_)) => {
                assert_eq!(again.status, 200, "{}", again.text);
                assert_eq!(again.json()["record_id"], record["record_id"]);
                sent.answer = Some(again.json());
            }
            (None, _) => {
                assert_eq!(again.status, 201, "{}", again.text);
                sent.answer = Some(again.json());
            }
        }
        client.is_told_again(sent, &send(sent));
    }
    // What nobody can be told of any more: category 3 leaves no trace but its audit, and a set without a key is there as the
    // journal says.
    ledger.retain(|sent| sent.answer.is_some());
    client.ledger = ledger;
    found
}

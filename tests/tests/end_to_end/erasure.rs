//! Erased means gone: to callers, to searches, on the disk and in memory.

use std::collections::HashSet;

use crate::harness::Installation;
use crate::people::{finger, transmission};
use crate::traces::{forms, in_memory, packed};

#[test]
fn r_erase_1_2_3_r_access_2_an_erased_record_is_an_unknown_record_and_nothing_of_it_is_left_in_memory() {
    for backend in ["cpu", "gpu"] {
        erased_means_gone(backend);
    }
}

fn erased_means_gone(backend: &str) {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve_on(backend);
    let body = transmission("AT", 1, 1, 70, 1);
    let entered = server.transmit_again(&at, "k", &body).json()["record_id"].as_str().unwrap().to_owned();
    server.transmit(&at, &transmission("AT", 1, 2, 71, 1));
    assert_eq!(server.transmit(&de, &transmission("DE", 3, 1, 70, 2)).hits(), ["AT1-1"]);

    let template: HashSet<_> = [2, 7].iter().flat_map(|&position| packed(&finger(70, position, 1))).collect();
    assert!(
        !in_memory(server.process(), &template).is_empty(),
        "the search finds a template that is in the gallery"
    );
    let unknown = server.get(&at, "/v1/eurodac/records/00000000-0000-0000-0000-000000000001");
    for (key, ground, status, code) in [
        (&de, "union-citizenship", 404, "record-not-found"),
        (&at, "left-territory", 422, "ground-not-allowed"),
        (&at, "recognised-refugee", 422, "ground-not-allowed"),
        (&at, "because", 400, "query-invalid"),
    ] {
        server.erase(key, &entered, ground).problem(status, code);
    }
    assert_eq!(
        server.get(&at, &format!("/v1/eurodac/records/{entered}")).status,
        200,
        "refused: nothing was changed"
    );

    let erased = server.erase(&at, &entered, "union-citizenship");
    assert_eq!((erased.status, erased.text.as_str()), (204, ""));
    let left: HashSet<_> =
        [2u8, 7].iter().flat_map(|&p| forms(&finger(70, p, 1), p)).flatten().chain(template).collect();
    // What a driver keeps of what it was given is not ours to overwrite (docs/src/operations.md).
    let in_memory = |left| if backend == "cpu" { in_memory(server.process(), left) } else { Vec::new() };
    assert_eq!(in_memory(&left), [""; 0], "{backend}: print, base64, minutiae, template");
    assert_eq!(server.get(&at, &format!("/v1/eurodac/records/{entered}")), unknown, "to the byte");
    server.erase(&at, &entered, "union-citizenship").problem(404, "record-not-found");
    let check = server.transmit(&de, &transmission("DE", 3, 2, 70, 3));
    assert_eq!((check.hits(), check.compared()), (vec![], vec![(1, "AT".into(), 1)]));
    server.transmit_again(&at, "k", &body).problem(409, "idempotency-key-reused");
    drop(server);

    let server = installation.serve_on(backend);
    assert_eq!(server.records(&at), ["AT1-2"], "a crash does not bring it back");
    assert_eq!(server.transmit(&de, &transmission("DE", 3, 3, 70, 4)).hits(), [""; 0]);
    let in_memory =
        |left| if backend == "cpu" { crate::traces::in_memory(server.process(), left) } else { Vec::new() };
    assert_eq!(in_memory(&left), [""; 0], "nor does a start read it into memory");
    assert_eq!(server.transmit(&at, &transmission("AT", 1, 1, 70, 1)).status, 201, "it can be entered again");
}

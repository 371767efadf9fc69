//! R-COMP-5: of a category 3 transmission not a byte remains.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::harness::Installation;
use crate::people::{finger, skin, transmission};
use crate::traces::{forms, fragments, holding, in_memory, packed};

#[test]
fn r_comp_5_r_access_7_no_byte_of_the_print_or_its_template_is_under_the_data_directory() {
    for backend in ["cpu", "gpu"] {
        leaves_nothing(backend);
    }
}

fn leaves_nothing(backend: &str) {
    let installation = Installation::new();
    let (at, de) = (installation.authority("AT"), installation.authority("DE"));
    let server = installation.serve_on(backend);
    server.transmit(&at, &transmission("AT", 1, 1, 50, 1));
    let image = skin(3).image(1).to_png().unwrap();
    let mut check = transmission("DE", 3, 1, 50, 2);
    let png = json!({"position": 3, "media_type": "image/png", "resolution_ppi": 500, "data": STANDARD.encode(&image)});
    check["fingerprints"].as_array_mut().unwrap().push(png);
    let answer = server.transmit_again(&de, "repeat-me", &check);
    assert_eq!((answer.status, answer.hits()), (200, vec!["AT1-1".to_owned()]));
    let again = server.transmit_again(&de, "repeat-me", &check);
    assert_eq!(again.hits(), ["AT1-1"], "repeated, it is compared again");

    let look = |when: &str| {
        for position in [2, 7] {
            let (entered, checked) = (finger(50, position, 1), finger(50, position, 2));
            let [sent, text, minutiae] = forms(&entered, position);
            let control = installation.path().join("control");
            fs_err::write(&control, &entered).unwrap();
            assert_eq!(
                holding(installation.path(), &sent).len(),
                1,
                "the search finds what is there in clear"
            );
            fs_err::remove_file(control).unwrap();
            let stored: HashSet<_> = sent.iter().chain(&minutiae).cloned().collect();
            assert_eq!(
                holding(installation.path(), &stored),
                [""; 0],
                "R-ACCESS-7: what is stored is sealed, {when}"
            );
            let known: HashSet<_> = sent.into_iter().chain(text).chain(minutiae).collect();
            for form in forms(&checked, position).into_iter().chain([packed(&checked)]) {
                let fresh: HashSet<_> = form.difference(&known).cloned().collect();
                assert_eq!(holding(installation.path(), &fresh), [""; 0], "{when}");
            }
        }
        let mut wanted = fragments(&image[64..]);
        wanted.extend(fragments(&STANDARD.encode(&image).as_bytes()[96..]));
        assert_eq!(holding(installation.path(), &wanted), [""; 0], "{when}");
    };
    look("while it runs");
    let checked = [2, 7]
        .into_iter()
        .flat_map(|p| forms(&finger(50, p, 2), p).into_iter().chain([packed(&finger(50, p, 2))]));
    let known: HashSet<_> =
        [2, 7].into_iter().flat_map(|p| forms(&finger(50, p, 1), p).into_iter().flatten()).collect();
    let fresh: HashSet<_> = checked.flatten().filter(|piece| !known.contains(piece)).collect();
    // What a driver keeps of what it was given is not ours to overwrite (docs/src/operations.md).
    if backend == "cpu" {
        assert_eq!(in_memory(server.process(), &fresh), [""; 0], "overwritten once the result is sent");
    }
    assert!(server.stop());
    look("after it has stopped");
    assert_eq!(installation.serve().records(&de), [""; 0]);
}

//! Lists: filters and pages.

use crate::harness::Installation;
use crate::people::transmission;

#[test]
fn a_list_is_filtered_and_paged() {
    let installation = Installation::new();
    let at = installation.authority("AT");
    let server = installation.serve();
    for number in 0..5 {
        server.transmit(&at, &transmission("AT", 1, number, u64::from(number), 1));
        server.transmit(&at, &transmission("AT", 2, number, u64::from(number), 2));
    }
    let mut seen = Vec::new();
    let mut path = "/v1/eurodac/records?limit=3".to_owned();
    loop {
        let page = server.get(&at, &path).json();
        for record in page["records"].as_array().unwrap() {
            seen.push(record["reference_number"].as_str().unwrap().to_owned());
        }
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/eurodac/records?limit=3&after={}", next.replace('/', "%2F"));
    }
    let expected: Vec<_> = [1, 2].iter().flat_map(|c| (0..5).map(move |n| format!("AT{c}-{n}"))).collect();
    assert_eq!(seen, expected);
    let of = |query: &str| {
        server.get(&at, &format!("/v1/eurodac/records?{query}")).json()["records"].as_array().unwrap().len()
    };
    let counts = ["category=2", "reference_number=AT2-3", "category=1&reference_number=AT2-3"].map(of);
    assert_eq!(counts, [5, 1, 0]);
}

//! Identification figures against small galleries that can be counted by hand.

use super::identification::{Mate, Search, summarise};

const NONE: f64 = f64::NEG_INFINITY;

/// A search whose mate is record 0.
fn mated(person: u32, scores: &[f64], stage1: &[f64]) -> Search {
    Search::new(person, scores, Some(stage1), |at| at == 0)
}

#[test]
fn a_search_knows_its_mate_and_the_best_of_the_others() {
    let search = mated(0, &[5.0, 7.0, 5.0, 1.0], &[2.0, 1.0, 2.0, 3.0]);
    let mate = Mate { score: 5.0, ahead: 2, ahead_in_stage1: Some(2) };
    assert_eq!(search, Search { person: 0, mate: Some(mate), best_other: 7.0 }, "an equal stands before");
    let two_records = Search::new(0, &[5.0, 7.0, 6.0], None, |at| at < 2);
    assert_eq!(
        two_records.mate.map(|mate| (mate.score, mate.ahead)),
        Some((7.0, 0)),
        "the best of the person's own"
    );
    let stranger = Search::new(0, &[5.0, 7.0], None, |_| false);
    assert_eq!((stranger.mate, stranger.best_other), (None, 7.0));
}

#[test]
fn ranks_and_misses_are_counted_over_the_mated_searches() {
    let searches = [
        mated(0, &[9.0, 3.0, 1.0], &[9.0, 3.0, 1.0]),
        mated(1, &[4.0, 5.0, 1.0], &[4.0, 5.0, 1.0]),
        mated(2, &[8.0, 2.0, 1.0], &[8.0, 2.0, 1.0]),
        mated(3, &[NONE, NONE, NONE], &[NONE, NONE, NONE]),
        Search::new(4, &[6.0, 1.0, 1.0], Some(&[6.0, 1.0, 1.0]), |_| false),
    ];
    let summary = summarise(&searches, 3).unwrap();
    assert_eq!((summary.mated, summary.not_enrolled, summary.gallery), (4, 1, 3));
    assert_eq!(summary.cmc, [0.5, 0.75, 0.75], "what was not extracted has no rank");
    // Five non-mated searches, whose best are 3, 5, 2, none, 6: none may reach the threshold.
    for miss in &summary.misses {
        assert_eq!((miss.threshold, miss.fnir), (8.0, 0.5), "FPIR 1 in {}", miss.one_in);
    }
}

#[test]
fn a_rate_of_false_positives_is_over_searches_and_not_over_comparisons() {
    // 99 quiet strangers and one that three records answer.
    let mut searches: Vec<_> =
        (0..99).map(|person| Search::new(person, &[1.0; 3], None, |_| false)).collect();
    searches.push(Search::new(99, &[8.0; 3], None, |_| false));
    searches.push(Search::new(100, &[5.0, NONE, NONE], None, |at| at == 0));
    let summary = summarise(&searches, 3).unwrap();
    // 101 non-mated searches: at 1 in 100, one may answer.
    assert_eq!(summary.misses[1].fnir, 0.0);
    assert_eq!((summary.misses[1].threshold, summary.misses[2].fnir), (5.0, 1.0));
    assert!(summary.stage1.is_none());
}

#[test]
fn penetration_is_the_share_of_the_gallery_before_the_mate() {
    // 100 mates: 98 come first, one has 4 of 200 before it, one 150. All are accepted by their scores.
    let search = |person: u32| {
        let ahead = match person {
            98 => 4,
            99 => 150,
            _ => 0,
        };
        let (mut keys, mut scores) = (vec![1.0; 200], vec![1.0; 200]);
        (keys[0], scores[0]) = (2.0, 9.0);
        keys[1..=ahead].fill(3.0);
        mated(person, &scores, &keys)
    };
    let searches: Vec<_> = (0..100).map(search).collect();
    let stage1 = summarise(&searches, 200).unwrap().stage1.unwrap();
    assert_eq!(stage1.penetration, [0.0, 0.0, 0.02, 0.75]);
    let survival: Vec<_> = stage1.survival.iter().map(|s| (s.records, s.rate)).collect();
    assert_eq!(survival, [(1, 0.98), (2, 0.98), (10, 0.99), (20, 0.99)]);
    assert_eq!((stage1.accepted, stage1.accepted_and_lost), (100, 2));
}

//! Identification: how often the mate comes first, how often it is missed at a threshold that few strangers reach, and how
//! much of the gallery stands before it in stage 1.
//!
//! A search is one probe set against all enrolled records. **Mated** are searches of enrolled persons. **Non-mated** are searches
//! of persons who are not enrolled, and besides every mated search again with its mate left out: in a gallery that is closed,
//! as those of public data are, that doubles as a search of a stranger. FPIR is the share of non-mated searches in which any record
//! reaches the threshold; FNIR the share of mated ones in which the mate does not, whatever its rank.

use super::bootstrap::{Interval, intervals};
use super::curve::{Comparison, Curve};

/// False-positive identification rates at which FNIR is read off, as 1 in so many searches.
pub const FPIR_ONE_IN: [u64; 3] = [10, 100, 1000];

/// Ranks of the CMC.
pub const RANKS: usize = 20;

/// Shares of the mates whose penetration is told. Unit: thousandths.
pub const QUANTILES: [usize; 4] = [950, 980, 990, 999];

/// Shares of the gallery that stage 1 may keep. Unit: thousandths.
pub const KEPT: [usize; 4] = [1, 10, 50, 100];

/// Most records that stage 1 keeps, whatever share they are.
pub const KEPT_MAX: usize = 1000;

/// What came of one probe set.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// Number of the person among those searched for, from 0.
    pub person: u32,
    /// Where the person is enrolled: the mate. The best of several records of one person.
    pub mate: Option<Mate>,
    /// Highest score of anybody else; minus infinity where there is none.
    pub best_other: f64,
}

/// How the mate fared.
#[derive(Debug, Clone, PartialEq)]
pub struct Mate {
    /// Its score; minus infinity where one of the two was not extracted.
    pub score: f64,
    /// Other records with at least that score.
    pub ahead: usize,
    /// Other records with at least its key of stage 1, where the matcher has a stage 1.
    pub ahead_in_stage1: Option<usize>,
}

impl Search {
    /// From the scores of all records, and whether each is the person's own.
    pub fn new(person: u32, scores: &[f64], stage1: Option<&[f64]>, own: impl Fn(usize) -> bool) -> Self {
        let others = |of: &[f64], least: f64| {
            of.iter().enumerate().filter(|(at, score)| !own(*at) && **score >= least).count()
        };
        let best = |of: &[f64], wanted: bool| {
            let of = of.iter().enumerate().filter(|(at, _)| own(*at) == wanted);
            of.map(|(_, score)| *score).fold(f64::NEG_INFINITY, f64::max)
        };
        let enrolled = (0..scores.len()).any(&own);
        let mate = enrolled.then(|| {
            let score = best(scores, true);
            let ahead_in_stage1 = stage1.map(|keys| others(keys, best(keys, true)));
            Mate { score, ahead: others(scores, score), ahead_in_stage1 }
        });
        Self { person, mate, best_other: best(scores, false) }
    }
}

/// FNIR at one FPIR.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Miss {
    /// FPIR at most 1 in this.
    pub one_in: u64,
    /// The lowest threshold that keeps it.
    pub threshold: f64,
    /// Share of the mated searches that miss.
    pub fnir: f64,
    /// Its 95 % interval; the threshold is found anew in each replicate.
    pub interval: Option<Interval>,
}

/// How many mates stage 1 keeps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Survival {
    /// Share of the gallery that is kept. Unit: thousandths.
    pub kept_thousandths: usize,
    /// The records that this is: rounded up, at most [`KEPT_MAX`].
    pub records: usize,
    /// Share of the mates among them.
    pub rate: f64,
}

/// What stage 1 does to the mates.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage1 {
    /// By [`QUANTILES`]: the share of the gallery that scores at least as high as the mate, for the worst mate among that
    /// share of them.
    pub penetration: [f64; QUANTILES.len()],
    /// By [`KEPT`].
    pub survival: Vec<Survival>,
    /// Mates that the decision accepts at FPIR 1 in 100.
    pub accepted: usize,
    /// Those of them that are not among the best 1 % of stage 1: what the shortlist costs.
    pub accepted_and_lost: usize,
}

/// What is quoted of an identification experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Enrolled records.
    pub gallery: usize,
    /// Mated searches.
    pub mated: usize,
    /// Searches of persons who are not enrolled. The non-mated searches are these and the mated ones without their mates.
    pub not_enrolled: usize,
    /// Share of the mated searches whose mate stands at this rank or before, ranks 1 to [`RANKS`]. Equals stand before the mate.
    pub cmc: Vec<f64>,
    /// 95 % interval of rank 1.
    pub rank1: Option<Interval>,
    /// By [`FPIR_ONE_IN`].
    pub misses: Vec<Miss>,
    /// Where the matcher has a stage 1.
    pub stage1: Option<Stage1>,
    /// The scores behind it: of each mate, and of the best of the others in each search.
    pub comparisons: Vec<Comparison>,
    /// FPIR (as FMR) and FNIR (as FNMR) at all thresholds.
    pub curve: Curve,
}

/// Sums up searches in a gallery of so many records. `None` where no person searched for is enrolled.
pub fn summarise(searches: &[Search], gallery: usize) -> Option<Summary> {
    let mates: Vec<(u32, &Mate)> =
        searches.iter().filter_map(|s| Some((s.person, s.mate.as_ref()?))).collect();
    let comparisons = comparisons(searches);
    let curve = Curve::new(&comparisons)?;
    let persons = searches.iter().map(|search| search.person + 1).max()?;
    let measures = |times: &[u32]| {
        let times = |person: u32| u64::from(times[person as usize]);
        let total: u64 = mates.iter().map(|(person, _)| times(*person)).sum();
        let first: u64 =
            mates.iter().filter(|(_, mate)| at_rank(mate, 1)).map(|(person, _)| times(*person)).sum();
        let drawn = Curve::weighted(&comparisons, |c| times(c.probe));
        let fnir = |&one_in: &u64| drawn.as_ref().map_or(f64::NAN, |curve| curve.fnmr_at_fmr(one_in));
        [first as f64 / total as f64].into_iter().chain(FPIR_ONE_IN.iter().map(fnir)).collect()
    };
    let intervals = intervals(&[persons], measures);
    let miss = |(at, &one_in): (usize, &u64)| {
        let point = curve.at_fmr(one_in);
        Miss { one_in, threshold: point.threshold, fnir: curve.fnmr(&point), interval: intervals[at + 1] }
    };
    let cmc = |rank| share(&mates, |mate| at_rank(mate, rank));
    Some(Summary {
        gallery,
        mated: mates.len(),
        not_enrolled: searches.len() - mates.len(),
        cmc: (1..=RANKS.min(gallery)).map(cmc).collect(),
        rank1: intervals[0],
        misses: FPIR_ONE_IN.iter().enumerate().map(miss).collect(),
        stage1: stage1(&mates, gallery, curve.at_fmr(100).threshold),
        comparisons,
        curve,
    })
}

/// Mated: the mate's score. Non-mated: the best of the others. Each under its probe's person.
fn comparisons(searches: &[Search]) -> Vec<Comparison> {
    let mut all = Vec::new();
    for search in searches {
        let probe = search.person;
        if let Some(mate) = &search.mate {
            all.push(Comparison { probe, reference: probe, score: mate.score });
        }
        all.push(Comparison { probe, reference: u32::MAX, score: search.best_other });
    }
    Curve::sort(&mut all);
    all
}

fn share(mates: &[(u32, &Mate)], holds: impl Fn(&Mate) -> bool) -> f64 {
    mates.iter().filter(|(_, mate)| holds(mate)).count() as f64 / mates.len() as f64
}

/// A mate without a score has no rank.
fn at_rank(mate: &Mate, rank: usize) -> bool {
    mate.score > f64::NEG_INFINITY && mate.ahead < rank
}

fn stage1(mates: &[(u32, &Mate)], gallery: usize, threshold: f64) -> Option<Stage1> {
    let mut ahead: Vec<usize> = mates.iter().map(|(_, mate)| mate.ahead_in_stage1).collect::<Option<_>>()?;
    ahead.sort_unstable();
    let quantile = |thousandths: usize| {
        let of = (ahead.len() * thousandths).div_ceil(1000).max(1);
        ahead[of - 1] as f64 / gallery as f64
    };
    let records = |thousandths: usize| (gallery * thousandths).div_ceil(1000).min(KEPT_MAX);
    let kept = |mate: &Mate, records: usize| mate.ahead_in_stage1.is_some_and(|ahead| ahead < records);
    let survival = |&kept_thousandths: &usize| {
        let records = records(kept_thousandths);
        Survival { kept_thousandths, records, rate: share(mates, |mate| kept(mate, records)) }
    };
    let accepted: Vec<&Mate> =
        mates.iter().map(|(_, mate)| *mate).filter(|mate| mate.score >= threshold).collect();
    Some(Stage1 {
        penetration: QUANTILES.map(quantile),
        survival: KEPT.iter().map(survival).collect(),
        accepted: accepted.len(),
        accepted_and_lost: accepted.iter().filter(|mate| !kept(mate, records(10))).count(),
    })
}

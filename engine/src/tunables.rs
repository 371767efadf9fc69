//! Every number of the matcher that could have been another one, in one place: unit, range, source, sensitivity.
//!
//! Sources: "report" is `docs/src/matching.md`, which says what was measured on which data; "prototype" are the sweeps of the
//! throw-away program that came before this code (FVC2002 for tuning, FVC2004 and FCJ2020 held out), which are not repeated
//! here; where a constant names no source, it is the prototype's. Changing a constant of the template part changes the
//! meaning of the packed templates; they are made again from the stored minutiae at start, so no migration is needed, but
//! scores and the threshold move with it. The threshold's own figures are data, in `calibration.rs`.

/// Resolution that every template stands at. Unit: pixels per inch. Source: ISO/IEC 19794-2:2005, 6.4.3 (197 px/cm).
pub const RESOLUTION_PPI: u32 = 500;

/// K1: minutiae of a template that stage 1 compares, best quality first. Unit: minutiae; range 16-64, a multiple of 4.
/// Source: prototype, sweep of K1: 24-32 best, 48 and more *worse* and dearer, 16 loses mates.
pub const STAGE1_MINUTIAE: usize = 32;

/// K2: minutiae that a template keeps for what comes after stage 1, the K1 included. Unit: minutiae; range 32-64, a multiple
/// of 4. Source: prototype, sweep of K2 with alignment and counting: 32, 40, 48 and 64 are equal within what 280 mates a set
/// can tell, 24 loses mates. 48 costs a third less memory than 64.
pub const STAGE2_MINUTIAE: usize = 48;

/// Side of the descriptor's square grid. Unit: cells; range 6-12. Flat above 8.
pub const GRID_SIDE: usize = 8;

/// Distance between cell centres. Unit: pixels at 500 ppi; range 15-22.
pub const GRID_SPACING_PX: i32 = 19;

/// Cells whose centre is further from the minutia are dropped (52 stay). Unit: pixels.
pub const GRID_RADIUS_PX: i32 = 76;

/// Direction bins of a cell; range 4-6. Four lose a little, six gain nothing.
pub const DIRECTION_BINS: usize = 5;

/// Bits of a descriptor: 52 cells x 5 bins = 260, the last 4 dropped so that it is eight 32-bit words.
pub const DESCRIPTOR_BITS: usize = 256;

/// Spread of a neighbour over cells. Unit: pixels; range 8-11. From 12 on it loses 20-60 %: bits must stay rare.
pub const SPATIAL_SIGMA_PX: f64 = 9.33;

/// Spread of a neighbour over direction bins. Unit: radians; range 0.5-0.9.
pub const DIRECTION_SIGMA_RAD: f64 = 0.7;

/// A neighbour's weight is cut to nothing beyond this many [`SPATIAL_SIGMA_PX`].
pub const SPATIAL_CUT_SIGMAS: f64 = 3.0;

/// A bit is set when its cell's value is above this share of one neighbour's peak; range 0.2-0.35.
pub const BIT_THRESHOLD: f64 = 0.25;

/// Two minutiae are alike at all only within this angle. Unit: 360/256 degrees, at most 63; 63 is 88.6 degrees. 60 degrees
/// costs nothing.
pub const DIRECTION_GATE: u32 = 63;

/// Similarity up to which a minutia pair has no weight; above it the weight is the square of the rest. Unit: 1/1024; range
/// 0-256. At 461 (0.45) impostor scores collapse to 0. Source: report, table of what stage 1 could have been.
pub const SIMILARITY_FLOOR: u32 = 128;

/// Two minutia pairs agree when they turn alike to within this angle. Unit: 360/256 degrees; 17 is 23.9 degrees; range
/// 12-24, flat. mindtct's directions are multiples of 8.
pub const ROTATION_TOLERANCE: u32 = 17;

/// Two minutia pairs agree when their offsets differ by less than this plus a share of their length, across and along. Unit:
/// pixels; range 4-8. Source: report, the same table.
pub const OFFSET_TOLERANCE_PX: f64 = 5.0;

/// The share of the length that is added to [`OFFSET_TOLERANCE_PX`]: elastic skin. Unit: none; range 0.03-0.07.
pub const OFFSET_TOLERANCE_SHARE: f64 = 0.05;

/// Minutiae of the probe closer than this support each other in nothing: whatever they are linked to, they are found
/// together. Unit: pixels; range 16-48, and so that two links to one minutia never agree. Source: report, the same table.
pub const SUPPORT_DISTANCE_PX: f64 = 24.0;

/// Gate: fewest minutiae that a set must have to be entered. Unit: minutiae; range 10-20.
/// Source: report, cut prints: with 12 minutiae two mates of three are missed, with 7 nineteen of twenty. Of 400 real and
/// synthetic plain impressions at hand the poorest has 15.
pub const GATE_MINUTIAE_MIN: usize = 12;

/// Gate: smallest area that the minutiae may span (their convex hull). Unit: square millimetres; range 10-40.
/// Source: report: 12 neighbouring minutiae span 19 in the median, and the smallest of the 400 impressions spans 31.
pub const GATE_AREA_MM2_MIN: u32 = 20;

/// Similarity at which a link begins to count in stage 2. Unit: 1/256; range 15-40. 25 is the prototype's 0.1.
pub const LINK_SIMILARITY_FLOOR: u32 = 25;

/// Two links agree when they turn alike to within this angle. Unit: 360/256 degrees; 21 is 29.5 degrees; 20 to 40 degrees do
/// as well.
pub const LINK_TURN_TOLERANCE: i32 = 21;

/// Where the agreement of two links in turn would reach 0: 30 degrees, squared. Unit: (360/256 degrees)^2.
pub const LINK_TURN_SQUARED: i32 = 455;

/// Two links agree when their offsets differ by less than this plus a share of their length. Unit: pixels; 6 to 10 do as
/// well.
pub const LINK_TOLERANCE_PX: f64 = 8.0;

/// The share of the length that may be added to [`LINK_TOLERANCE_PX`]; 0.08 to 0.12 do as well.
pub const LINK_TOLERANCE_SHARE: f64 = 0.10;

/// Alignments that are tried. Unit: seeds; range 2-8. One loses a third more mates at a false-match rate of 1e-3.
/// The shader has it as a constant, because every seed costs a whole alignment.
pub const ALIGNMENT_SEEDS: usize = 4;

/// A link that agrees more than this with a seed taken is no seed of its own. Unit: 1/255; 127 is the prototype's 0.5.
pub const SEED_NEIGHBOUR: u32 = 127;

/// Distance within which minutiae can lie together under the first motion: 19.6 px. Unit: eighths of a pixel.
pub const PAIR_DISTANCE_FIRST: i32 = 157;

/// The same under the motion that is fitted to those: 14 px. Unit: eighths of a pixel; 11 to 18 px do as well.
pub const PAIR_DISTANCE: i32 = 112;

/// Angle within which minutiae can lie together: 30 degrees. Unit: 1/4096 of a turn; 20 to 40 degrees do as well.
pub const PAIR_TURN_TOLERANCE: i32 = 341;

/// [`PAIR_TURN_TOLERANCE`], 30 degrees exactly, squared. Unit: (1/4096 of a turn)^2.
pub const PAIR_TURN_SQUARED: i32 = 116_508;

/// A minutia with one of the other side within this distance lies where both prints are: 40 px. Unit: eighths of a pixel.
pub const OVERLAP_REACH: i32 = 320;

/// Two pairs closer than this on the probe make an edge. Unit: pixels.
pub const EDGE_LENGTH_MAX: i32 = 130;

/// An edge may bend by 0.30 rad at its ends: 2^8 of this many 1/4096 turns, as 2^20 over the angle. Unit: none.
pub const EDGE_TURN_RECIPROCAL: u32 = 5362;

/// Minutiae that both prints have, multiplied, over this: the pairs that chance would make (0.0016 of the product).
pub const CHANCE_PAIRS_DIVISOR: u32 = 625;

/// Weights of the eight measures of an alignment. Unit: 1/4096 nat a unit of the measure. Source: prototype, a logistic
/// regression on FVC2002, four extractors, 4 480 mated and 100 000 non-mated pairs. Fitted again to the five sets of the
/// report, leaving one set out each time, they gain nothing: mean FMR1000 9.4 % instead of 9.0 %.
pub const LOG_ODDS_WEIGHTS: [(&str, i32); 8] = [
    ("agreeing edges, logarithm", 8631),
    ("agreeing share of the edges, logarithm", 19_684),
    ("minutiae of the side with fewer, logarithm", -11_338),
    ("similarity of the paired neighbourhoods", 17_452),
    ("distance within pairs, pixels", -2618),
    ("unpaired minutiae where both prints are, logarithm", -2316),
    ("cosine of the turn", 12_640),
    ("pairs beyond chance, a tenth of the log-likelihood", 12_875),
];

/// Log-odds before any measure. Unit: 1/4096 nat.
pub const LOG_ODDS_OFFSET: i32 = 946;

/// Added to the deviation of a print's scores with the cohort. Unit: score of stage 1; 0.6 of the mean deviation over
/// prints, 47. Without it a print of 7 minutiae tops the impostors (prototype: misses at FPIR 1e-2 rise from 10 % to 23 %).
pub const COHORT_DEVIATION_FLOOR: u32 = 28;

/// Share of the records compared that stage 2 aligns, as one in this many.
pub const SHORTLIST_ONE_IN: usize = 100;

/// Records that stage 2 aligns at least, where there are as many.
pub const SHORTLIST_MIN: usize = 100;

/// Records that stage 2 aligns at most.
pub const SHORTLIST_MAX: usize = 1000;

/// Least that a finger can take from the log-odds of a record: one finger that does not fit must not outweigh one that does,
/// because it may be another finger than it is said to be, or a bad touch. Unit: 1/4096 nat.
pub const FINGER_LOG_ODDS_MIN: i32 = -4 << 12;

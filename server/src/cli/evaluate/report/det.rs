//! DET curves: both error rates at every threshold, both axes logarithmic, so that the rates that matter have room.

use whorl_datasets::evaluation::curve::Curve;

use super::chart::{Chart, Legend, Scale};

/// One curve a name. Axes end at the decade of the smallest rate that the numbers of comparisons can show.
pub fn det(curves: &[(&str, &Curve)], x_title: &str, y_title: &str) -> String {
    let end = |of: fn(&Curve) -> u64| {
        let most = curves.iter().map(|(_, curve)| of(curve)).max().unwrap_or(10);
        10f64.powf((1.0 / most as f64).log10().floor())
    };
    let (x, y) = (Scale::Logarithmic(end(Curve::non_mated), 1.0), Scale::Logarithmic(end(Curve::mated), 1.0));
    let mut chart = Chart::new("DET curves", Legend::BottomLeft, (x, x_title), (y, y_title));
    for (name, curve) in curves {
        let points = curve.points().iter().map(|point| (curve.fmr(point), curve.fnmr(point)));
        chart.steps(name, points, false);
    }
    chart.finish()
}

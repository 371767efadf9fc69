//! `whorl doctor`: what this machine has, and whether the parts work on it.

use clap::Args;
use comfy_table::{Table, presets::ASCII_MARKDOWN};
use serde_json::json;
use whorl_datasets::population::{Population, Sensor, Skin};
use whorl_engine::backend::Scored;
use whorl_engine::backend::gpu::{self, AdapterKind};
use whorl_engine::engine::{Choice, Engine};
use whorl_engine::extraction::pool::{Afterwards, Pool};
use whorl_engine::extraction::{ImageFormat, Request};
use whorl_engine::gallery::{Label, Partition, Scope};
use whorl_engine::minutia::{FingerPosition, Minutia};
use whorl_engine::template::{Probe, Template};

use super::extraction_settings;

/// Show adapters, and test the parts on this machine
///
/// Exits with 1 if a part does not work. A machine without a GPU is not a fault: the CPU does the work.
#[derive(Args)]
#[command(after_help = "Example:\n  whorl doctor --json")]
pub struct Doctor {
    /// Print as JSON
    #[arg(long)]
    json: bool,
}

struct Check {
    part: String,
    works: bool,
    note: String,
}

impl Doctor {
    /// Runs it.
    #[expect(clippy::print_stdout, reason = "the findings are the output")]
    pub fn run(self) -> anyhow::Result<()> {
        let checks = checks()?;
        if self.json {
            let list: Vec<_> =
                checks.iter().map(|c| json!({"part": c.part, "works": c.works, "note": c.note})).collect();
            println!("{}", json!({"version": env!("CARGO_PKG_VERSION"), "checks": list}));
        } else {
            let mut table = Table::new();
            table.load_preset(ASCII_MARKDOWN).set_header(["part", "", "note"]);
            for c in &checks {
                table.add_row([c.part.as_str(), if c.works { "works" } else { "FAILS" }, c.note.as_str()]);
            }
            println!("whorl {}\n{table}", env!("CARGO_PKG_VERSION"));
        }
        let failing: Vec<_> = checks.iter().filter(|c| !c.works).map(|c| c.part.as_str()).collect();
        anyhow::ensure!(failing.is_empty(), "these parts do not work here: {}", failing.join(", "));
        Ok(())
    }
}

fn checks() -> anyhow::Result<Vec<Check>> {
    let check = |part: &str, works, note: String| Check { part: part.to_owned(), works, note };
    let pool = Pool::new(extraction_settings()?);
    let position = FingerPosition::try_from(2).map_err(anyhow::Error::msg)?;
    let finger = Skin::new(Population::new(1).person(0).finger(position), &Sensor::PLAIN);
    let request = Request { format: ImageFormat::Png, resolution_ppi: 500, segment: None };
    let images = [finger.image(1).to_png()?, finger.image(2).to_png()?];
    let extracted: Result<Vec<_>, _> =
        images.into_iter().map(|image| pool.extract(request, image, Afterwards::Keep)).collect();
    let mut checks = Vec::new();
    let minutiae = match extracted {
        Ok(minutiae) => {
            let found = minutiae.iter().map(|m| m.len().to_string()).collect::<Vec<_>>().join(" and ");
            checks.push(check(
                "extraction",
                true,
                format!("{found} minutiae in two generated prints of one finger"),
            ));
            minutiae
        }
        Err(error) => {
            checks.push(check("extraction", false, error.to_string()));
            Vec::new()
        }
    };
    let reference = scores(&Choice::Cpu, &minutiae)?;
    let status = Engine::new(&Choice::Auto)?.status();
    checks.push(check("back end `auto`", true, format!("{}: {}", status.backend.kind, status.backend.name)));
    let adapters = gpu::list();
    if adapters.is_empty() {
        checks.push(check("adapters", true, "no Vulkan adapter; the CPU does the work".into()));
    }
    for adapter in adapters {
        let kind = match adapter.kind {
            AdapterKind::Discrete => "discrete GPU",
            AdapterKind::Shared => "shared-memory GPU",
            AdapterKind::Software => "software: correct, slower than the CPU back end",
        };
        let choice = Choice::Gpu { adapter: Some(adapter.name.clone()), kernel: None };
        let (works, equal) = match scores(&choice, &minutiae) {
            Ok(_) if minutiae.is_empty() => {
                (false, "not compared with the CPU: there is nothing to compare".to_owned())
            }
            Ok(scored) if scored == reference => (true, "equal to the CPU".to_owned()),
            Ok(_) => (false, "DIFFERS from the CPU".to_owned()),
            Err(error) => (false, error.to_string()),
        };
        checks.push(check(
            &format!("adapter {}", adapter.name),
            works,
            format!("{kind}; {}; {equal}", adapter.driver),
        ));
    }
    checks.push(check("swap", true, swap_warning().unwrap_or_else(|| "off".into())));
    Ok(checks)
}

/// Scores of a generated gallery: one mated pair, among others made by cutting it.
fn scores(choice: &Choice, minutiae: &[Vec<Minutia>]) -> anyhow::Result<Scored> {
    let engine = Engine::new(choice)?;
    let [first, second] = minutiae else {
        return Ok(Scored::default());
    };
    let position = FingerPosition::try_from(2).map_err(anyhow::Error::msg)?;
    let partition = Partition::new(1).ok_or_else(|| anyhow::anyhow!("no partition 1"))?;
    let label = |sequence| Label { partition, attributes: 0, expiry_day: 1, sequence };
    let cut = (0u32..)
        .zip(0..first.len())
        .filter_map(|(i, n)| Some((label(i), vec![(position, Template::new(&first[n..])?)])));
    engine.append(&cut.collect::<Vec<_>>())?;
    let Some(probe) = Template::new(second) else {
        return Ok(Scored::default());
    };
    Ok(engine.scores(&[(position, Probe::new(probe))], &Scope::new([partition], 0, 1, u32::MAX))?)
}

/// R-COMP-5 counts swap as a file: what to say where it is on.
pub(super) fn swap_warning() -> Option<String> {
    let swaps = fs_err::read_to_string("/proc/swaps").ok()?;
    let on = swaps.lines().count() > 1;
    let warning = "swap is on: memory that holds prints could reach it; turn it off, or set MemorySwapMax=0 for the \
        service (R-COMP-5)";
    on.then(|| warning.to_owned())
}

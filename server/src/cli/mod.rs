//! The command line: one file a subcommand. Exit codes: 0 done, 1 failed, 2 used wrongly.

mod audit;
mod authority;
mod backup;
mod bench;
mod config;
mod data;
mod demo;
mod doctor;
mod evaluate;
mod explain;
mod generate;
mod import;
mod init;
mod inspect;
mod keys;
mod restore;
mod samples;
mod serve;
mod tls;

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use whorl_engine::backend::gpu::Kernel;
use whorl_engine::engine::Choice;
use whorl_engine::extraction::pool::Settings as PoolSettings;

use data::DataDirectory;

/// An open fingerprint Central Unit: enters prints, compares each set with exactly what the law lets it be compared with,
/// and answers over HTTP.
#[derive(Parser)]
#[command(
    name = "whorl",
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  whorl demo                                     see it work, in a temporary directory
  whorl init --data /var/lib/whorl --states AT,DE
  whorl authority add --data /var/lib/whorl --state AT --role member-state --name 'BFA Wien'
  whorl serve --data /var/lib/whorl
  whorl import --to http://127.0.0.1:8080 --key-file at.key --person 'A. Berger' sets.ndjson
  whorl backup --data /var/lib/whorl --to /mnt/backup --recipient age1...
  whorl audit verify --data /var/lib/whorl       that nobody changed the journal
  whorl evaluate fvc FVC2002_DB1_B              error rates on your own prints
  whorl explain a.png b.png --svg pairs.svg     why two prints score what they score
  whorl bench --quick                           how fast this machine searches

Exit codes: 0 done, 1 failed, 2 used wrongly. Logs go to standard error; RUST_LOG sets what is logged (info)."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Demo(demo::Demo),
    Init(init::Init),
    Serve(Box<serve::Serve>),
    Import(import::Import),
    Inspect(inspect::Inspect),
    Authority(authority::Authority),
    Audit(audit::Audit),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Keys(keys::Keys),
    Doctor(doctor::Doctor),
    Evaluate(evaluate::Evaluate),
    Generate(generate::Generate),
    Calibrate(evaluate::Calibrate),
    Explain(explain::Explain),
    Bench(bench::Bench),
    /// Print the completions of a shell
    ///
    /// Example: whorl completions bash > /etc/bash_completion.d/whorl
    Completions {
        /// Shell to complete for
        shell: clap_complete::Shell,
    },
    /// Find minutiae in images from standard input (started by the server, not by people)
    #[command(hide = true)]
    ExtractionWorker {
        /// Address space at most
        memory_bytes: u64,
    },
    /// Compare minutiae from standard input with bozorth3 (started by `evaluate`, not by people)
    #[command(hide = true, name = "bozorth3-worker")]
    Bozorth3Worker,
}

/// Ends the program with what was used wrongly.
fn usage(what: &str) -> ! {
    Arguments::command().error(clap::error::ErrorKind::ArgumentConflict, what).exit()
}

/// The back end to run the matcher on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum BackendName {
    /// A discrete GPU where there is one, else the CPU
    Auto,
    /// The CPU
    Cpu,
    /// A GPU; a software Vulkan driver counts as one
    Gpu,
}

/// Ways of sharing stage 1 out over a GPU's lanes. All give the same bits; docs/src/gpu.md counts what each does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum KernelName {
    /// One record's finger for each workgroup of 32 lanes
    Row,
    /// Four for each workgroup of 128 lanes
    Tile,
    /// The same, with subgroup operations; `tile` where the adapter has none that fit
    Subgroup,
}

impl From<KernelName> for Kernel {
    fn from(name: KernelName) -> Self {
        match name {
            KernelName::Row => Self::Row,
            KernelName::Tile => Self::Tile,
            KernelName::Subgroup => Self::Subgroup,
        }
    }
}

/// Options of whatever runs the matcher.
#[derive(clap::Args)]
struct BackendOptions {
    /// Where the matcher runs
    #[arg(long, value_enum, default_value = "auto")]
    backend: BackendName,
    /// Part of the name of the GPU adapter to use (see `whorl doctor`); implies --backend gpu
    #[arg(long, value_name = "NAME")]
    adapter: Option<String>,
    /// Kernel of the first stage on a GPU, for tuning (default: what suits the adapter); implies --backend gpu
    #[arg(long, value_enum, value_name = "NAME")]
    kernel: Option<KernelName>,
}

impl BackendOptions {
    /// The same, for another process.
    fn arguments(&self) -> Vec<String> {
        let name = |value: Option<clap::builder::PossibleValue>| Some(value?.get_name().to_owned());
        let options = [
            ("--backend", name(self.backend.to_possible_value())),
            ("--adapter", self.adapter.clone()),
            ("--kernel", self.kernel.and_then(|kernel| name(kernel.to_possible_value()))),
        ];
        options
            .into_iter()
            .filter_map(|(option, value)| Some([option.to_owned(), value?]))
            .flatten()
            .collect()
    }

    fn choice(&self) -> anyhow::Result<Choice> {
        let kernel = self.kernel.map(Kernel::from);
        let named = self.adapter.is_some() || kernel.is_some();
        Ok(match self.backend {
            BackendName::Cpu if named => {
                anyhow::bail!("--adapter and --kernel are of a GPU, and --backend cpu uses none")
            }
            BackendName::Cpu => Choice::Cpu,
            BackendName::Auto if !named => Choice::Auto,
            BackendName::Auto | BackendName::Gpu => Choice::Gpu { adapter: self.adapter.clone(), kernel },
        })
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    let Arguments { command } = Arguments::parse();
    if let Command::ExtractionWorker { memory_bytes } = command {
        // No log, no runtime, nothing but the loop: this process meets strangers' images.
        return match whorl_engine::extraction::worker::run(memory_bytes) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    log_to_stderr();
    let outcome = match command {
        Command::Demo(demo) => demo.run(),
        Command::Init(init) => init.run(),
        Command::Serve(serve) => serve.run(),
        Command::Authority(authority) => authority.run(),
        Command::Import(import) => return import.run(),
        Command::Inspect(inspect) => return inspect.run(),
        Command::Audit(audit) => return audit.run(),
        Command::Backup(backup) => backup.run(),
        Command::Restore(restore) => restore.run(),
        Command::Keys(keys) => keys.run(),
        Command::Doctor(doctor) => doctor.run(),
        Command::Evaluate(evaluate) => evaluate.run(),
        Command::Generate(generate) => generate.run(),
        Command::Calibrate(calibrate) => calibrate.run(),
        Command::Explain(explain) => explain.run(),
        Command::Bench(bench) => bench.run(),
        Command::Bozorth3Worker => evaluate::bozorth3_worker(),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Arguments::command(), "whorl", &mut std::io::stdout());
            Ok(())
        }
        Command::ExtractionWorker { .. } => Ok(()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => match error.downcast_ref::<clap::Error>() {
            Some(wrong) => wrong.exit(),
            None => {
                say_error(&error);
                ExitCode::FAILURE
            }
        },
    }
}

/// What only the command itself can see to be used wrongly: exit code 2, as for what is seen before.
fn used_wrongly(message: &str) -> anyhow::Error {
    Arguments::command().error(clap::error::ErrorKind::ValueValidation, message).into()
}

#[expect(clippy::print_stderr, reason = "the last word of a command goes to the person, not to the log")]
fn say_error(error: &anyhow::Error) {
    eprintln!("whorl: {error:#}");
}

fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| {
        tracing_subscriber::EnvFilter::new("info,sled=warn,wgpu_hal=error,wgpu_core=warn,naga=warn")
    });
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}

/// Address space of an extraction process: a 16-megapixel image takes a quarter of it. Unit: bytes.
const WORKER_MEMORY_BYTES: u64 = 2 << 30;

/// Workers of this very program, one a core.
fn extraction_settings() -> anyhow::Result<PoolSettings> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Ok(PoolSettings {
        program: std::env::current_exe()?,
        arguments: vec!["extraction-worker".into(), WORKER_MEMORY_BYTES.to_string()],
        workers_max: cores,
        time_max: Duration::from_secs(20),
        wait_max: Duration::from_secs(60),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_a_gpu_asks_for_one_and_is_handed_on() {
        let kernel = Some(KernelName::Tile);
        let options = |backend| BackendOptions { backend, adapter: None, kernel };
        let gpu = Choice::Gpu { adapter: None, kernel: Some(Kernel::Tile) };
        assert_eq!(options(BackendName::Auto).choice().unwrap(), gpu);
        assert_eq!(options(BackendName::Gpu).choice().unwrap(), gpu);
        assert!(options(BackendName::Cpu).choice().is_err());
        assert_eq!(options(BackendName::Gpu).arguments(), ["--backend", "gpu", "--kernel", "tile"]);
    }

    #[test]
    fn the_command_line_is_consistent_and_every_subcommand_has_an_example() {
        let mut command = Arguments::command();
        command.clone().debug_assert();
        for sub in command.get_subcommands_mut().filter(|sub| !sub.is_hide_set()) {
            let help = sub.render_long_help().to_string();
            assert!(help.contains("whorl "), "no example in the help of {}", sub.get_name());
        }
    }
}

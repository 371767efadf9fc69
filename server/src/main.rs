//! The program `whorl`.

fn main() -> std::process::ExitCode {
    whorl::cli::main()
}

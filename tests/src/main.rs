//! The program `whorl`, built beside the tests so that they can find it: the same library, the same entry.

fn main() -> std::process::ExitCode {
    whorl::cli::main()
}

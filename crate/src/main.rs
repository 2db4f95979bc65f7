//! The command `pickscore`.

fn main() -> std::process::ExitCode {
    pickscore::cli::main()
}

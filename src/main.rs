//! The program `leveled`.

use std::process::ExitCode;

fn main() -> ExitCode {
    leveled::cli::main()
}

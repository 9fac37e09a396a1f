//! The program: parses the command line, runs the command, turns a failure into an exit status.

use std::process::ExitCode;

use bayeswire::cli::{Cli, ExitStatus};
use clap::{Parser as _, error::ErrorKind};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
                // Nothing can be done about a standard output that is closed.
                let _ = error.print();
                return ExitCode::SUCCESS;
            }
            eprintln!("bayeswire: {}", one_line(&error.to_string()));
            return ExitCode::from(ExitStatus::Usage as u8);
        }
    };
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            for line in failure.message.lines() {
                eprintln!("bayeswire: {line}");
            }
            ExitCode::from(failure.status as u8)
        }
    }
}

/// What is wrong with the command line, without the usage and hints that follow.
fn one_line(error: &str) -> String {
    let lines: Vec<_> = error.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let what = lines.join(" ");
    format!("{} (--help tells more)", what.strip_prefix("error: ").unwrap_or(&what))
}

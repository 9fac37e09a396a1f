//! The command line: one file a subcommand.

mod arguments;
mod built_in;
mod classify;
mod count;
mod evaluate;
mod failure;
mod fit;
mod healthcheck;
mod inspect;
mod merge;
mod models;
mod output;
mod pages;
mod progress;
mod publish;
mod serve;
mod settings;
mod summary;
mod train;

use clap::{Parser, Subcommand};

pub use failure::{ExitStatus, Failure};
pub use serve::effective_config;

use crate::huge_pages::avoid_huge_pages;

/// Tells what news articles are about: a naive-Bayes topic classifier behind gRPC.
///
/// Results go to standard output, everything else to standard error. Every flag can be set by the environment variable that
/// its help names; the flag wins.
///
/// Exit status: 0 done, 1 an evaluation falls short of what --require asks, 64 bad usage, 65 bad data, 66 no such input, 69 server unavailable, 70 a bug of ours, 74 input or
/// output error.
#[derive(Debug, Parser)]
#[command(name = "bayeswire", version = env!("BAYESWIRE_VERSION"), max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Serve(serve::Serve),
    Healthcheck(healthcheck::Healthcheck),
    Train(train::Train),
    Count(count::Count),
    Merge(merge::Merge),
    Fit(fit::Fit),
    Classify(classify::Classify),
    Evaluate(evaluate::Evaluate),
    Inspect(inspect::Inspect),
    Models(models::Models),
    Publish(publish::Publish),
}

impl Cli {
    /// Does what was asked for.
    ///
    /// # Errors
    /// Says why it could not be done, and with which exit status.
    pub fn run(self) -> Result<(), Failure> {
        avoid_huge_pages();
        match self.command {
            Command::Serve(command) => command.run(),
            Command::Healthcheck(command) => command.run(),
            Command::Train(command) => command.run(),
            Command::Count(command) => command.run(),
            Command::Merge(command) => command.run(),
            Command::Fit(command) => command.run(),
            Command::Classify(command) => command.run(),
            Command::Evaluate(command) => command.run(),
            Command::Inspect(command) => command.run(),
            Command::Models(command) => command.run(),
            Command::Publish(command) => command.run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn verify_cli() {
        super::Cli::command().debug_assert();
    }

    #[test]
    fn every_flag_has_an_environment_variable() {
        let cli = super::Cli::command();
        let commands = cli.get_subcommands().flat_map(|c| std::iter::once(c).chain(c.get_subcommands()));
        for command in commands {
            for argument in command.get_arguments().filter(|a| a.get_long().is_some()) {
                let name = argument.get_long().unwrap();
                if name != "help" && name != "version" {
                    let expected = format!("BAYESWIRE_{}", name.replace('-', "_").to_uppercase());
                    let variable = argument.get_env().map(|e| e.to_string_lossy().into_owned());
                    assert_eq!(variable, Some(expected), "{} --{name}", command.get_name());
                }
            }
        }
    }
}

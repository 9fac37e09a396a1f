//! What was asked for on the command line and in the environment, and where.

use std::{fmt, path::Path};

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, parser::ValueSource};
use toml::Value;

use super::{
    CheckedSettings, Settings,
    file::{FileError, read},
    table::{SETTINGS, Setting},
};

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Default,
    File(String),
    Environment,
    Flag,
}

/// A value that was given for a setting.
#[derive(Clone)]
pub(super) struct Given {
    pub(super) name: &'static str,
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// All values that were given by flags and environment variables. Not yet looked at.
#[derive(Clone, Default)]
pub(in crate::cli) struct Asked(Vec<Given>);

/// Values may be secrets.
impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|given| (given.name, &given.origin))).finish()
    }
}

impl Setting {
    pub(super) fn flag(&self) -> String {
        format!("--{}", self.name.replace('_', "-"))
    }

    pub(super) fn variable(&self) -> String {
        format!("BAYESWIRE_{}", self.name.to_uppercase())
    }

    fn argument(&self) -> Arg {
        let mut help = self.help.to_owned();
        if let Some(default) = (self.show)(&Settings::default())
            && !self.value.is_empty()
            && !matches!(&default, Value::Array(list) if list.is_empty())
        {
            help += &format!(" [default: {}]", default.to_string().trim_matches('"'));
        }
        let argument = Arg::new(self.name)
            .long(self.name.replace('_', "-"))
            .env(self.variable())
            .help_heading(self.heading)
            .action(ArgAction::Set)
            .hide_env_values(true)
            .allow_hyphen_values(true)
            .help(help);
        if self.value.is_empty() {
            argument
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("true")
                .value_name("true|false")
        } else {
            argument.value_name(self.value)
        }
    }
}

impl Origin {
    /// The setting as it is called there.
    fn tell(&self, setting: &Setting) -> String {
        match self {
            Self::Default => setting.name.to_owned(),
            Self::File(file) => format!("{file}: {}", setting.name),
            Self::Environment => setting.variable(),
            Self::Flag => setting.flag(),
        }
    }
}

impl Args for Asked {
    fn augment_args(command: Command) -> Command {
        command.args(SETTINGS.iter().map(Setting::argument))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Asked {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = SETTINGS.iter().filter_map(|setting| {
            let value = matches.get_one::<String>(setting.name)?.clone();
            let origin = match matches.value_source(setting.name)? {
                ValueSource::EnvVariable => Origin::Environment,
                _ => Origin::Flag,
            };
            Some(Given { name: setting.name, value: Value::String(value), origin })
        });
        Ok(Self(given.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Asked {
    /// Every setting and where it came from: flags before the environment before the file before defaults.
    ///
    /// # Errors
    /// When the file cannot be read or is not TOML. Values that may not be and keys that are none are in what is given.
    pub(in crate::cli) fn settle(self, file: Option<&Path>) -> Result<Settled, FileError> {
        let (in_file, wrong) = file.map(read).transpose()?.unwrap_or_default();
        let origins = vec![Origin::Default; SETTINGS.len()];
        let mut settled = Settled { settings: Settings::default(), origins, wrong, unset: Vec::new() };
        for (setting, origin) in SETTINGS.iter().zip(&mut settled.origins) {
            for given in in_file.iter().chain(&self.0).filter(|given| given.name == setting.name) {
                match (setting.set)(&mut settled.settings, &given.value) {
                    Ok(()) => *origin = given.origin.clone(),
                    Err(must) => {
                        settled.wrong.push(tell(setting, given, &must));
                        settled.unset.push(setting.name);
                    }
                }
            }
        }
        Ok(settled)
    }
}

fn tell(setting: &Setting, given: &Given, must: &str) -> String {
    let value = if setting.secret { "(secret)".to_owned() } else { given.value.to_string() };
    format!("{} {value}: must be {must}", given.origin.tell(setting))
}

/// Every setting, and where it came from in the order of the table.
#[derive(Debug)]
pub(in crate::cli) struct Settled {
    settings: Settings,
    origins: Vec<Origin>,
    /// A line for every value that may not be and every key that is none.
    wrong: Vec<String>,
    /// The settings with such values, which are as if not given.
    unset: Vec<&'static str>,
}

impl Settled {
    pub(super) const fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn origins(&self) -> &[Origin] {
        &self.origins
    }

    /// The settings, if they may run.
    ///
    /// # Errors
    /// Everything that is wrong, a line each: values, keys, and what does not fit together.
    pub(in crate::cli) fn check(self) -> Result<CheckedSettings, Vec<String>> {
        let Self { settings, mut wrong, unset, .. } = self;
        match settings.check() {
            Ok(checked) if wrong.is_empty() => Ok(checked),
            Ok(_) => Err(wrong),
            Err(unfit) => {
                // What follows from a value that is wrong itself is not worth a line.
                wrong.extend(unfit.into_iter().filter(|line| !unset.iter().any(|name| line.contains(name))));
                Err(wrong)
            }
        }
    }
}

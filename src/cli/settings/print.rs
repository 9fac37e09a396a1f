//! `serve --print-config`.

use std::fmt::Write as _;

use toml::Value;

use super::{
    asked::{Origin, Settled},
    table::SETTINGS,
};

impl Settled {
    /// All settings as a configuration file, with where each came from. Secrets are not shown.
    pub(in crate::cli) fn to_toml(&self) -> String {
        let mut lines = String::new();
        let mut heading = "";
        for (setting, origin) in SETTINGS.iter().zip(self.origins()) {
            if setting.heading != heading {
                let gap = if heading.is_empty() { "" } else { "\n" };
                heading = setting.heading;
                // Writing to a String cannot fail.
                let _ = writeln!(lines, "{gap}# {heading}");
            }
            let name = setting.name;
            let _ = match (setting.show)(self.settings()) {
                None => writeln!(lines, "# {name} is not set"),
                Some(Value::Array(list)) if setting.secret && !list.is_empty() => {
                    writeln!(lines, "# {name} is set and not shown ({})", origin.name())
                }
                Some(value) => writeln!(lines, "{name} = {value} # {}", origin.name()),
            };
        }
        lines
    }
}

impl Origin {
    fn name(&self) -> &str {
        match self {
            Self::Default => "default",
            Self::File(file) => file,
            Self::Environment => "environment",
            Self::Flag => "flag",
        }
    }
}

//! What the deployment files and the manuals say to type exists: subcommands, flags, environment variables, versions.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in their helpers

mod harness;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use harness::{run_to_end, stdout};

/// The flags of each subcommand, and all variables, as the help tells them.
struct Help {
    flags: BTreeMap<String, BTreeSet<String>>,
    variables: BTreeSet<String>,
}

impl Help {
    fn read() -> Self {
        let mut help = Self { flags: BTreeMap::new(), variables: BTreeSet::new() };
        for command in subcommands(&[]) {
            let mut flags = help.add(&[&command]);
            for nested in subcommands(&[&command]) {
                flags.extend(help.add(&[&command, &nested]));
            }
            help.flags.insert(command, flags);
        }
        help
    }

    /// Notes the variables of a subcommand and returns its flags.
    fn add(&mut self, command: &[&str]) -> BTreeSet<String> {
        let text = ask(command);
        self.variables.extend(variables(&text));
        let flags = text.lines().filter_map(|line| {
            let line = line.trim_start();
            let line = if line.starts_with("--") { line } else { line.strip_prefix('-')?.get(1..)? };
            let flag = line.trim_start_matches([',', ' ']);
            flag.starts_with("--").then(|| name(flag))
        });
        flags.collect()
    }

    /// What a text says that the help does not know.
    fn unknown(&self, commands: &[(String, Vec<String>)], text: &str) -> Vec<String> {
        let wrong_flags = commands.iter().flat_map(|(command, flags)| {
            let known = &self.flags[command];
            flags.iter().filter(|flag| !known.contains(*flag)).map(move |flag| format!("{command} {flag}"))
        });
        let wrong_variables = variables(text).into_iter().filter(|name| !self.variables.contains(name));
        wrong_flags.chain(wrong_variables).collect()
    }
}

fn ask(command: &[&str]) -> String {
    let output = run_to_end(command.iter().copied().chain(["--help"]));
    assert_eq!(output.status.code(), Some(0), "{command:?}");
    stdout(&output)
}

/// The names under "Commands:".
fn subcommands(of: &[&str]) -> Vec<String> {
    let text = ask(of);
    let listed =
        text.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = listed.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help");
    names.map(str::to_owned).collect()
}

/// A flag without what follows it.
fn name(flag: &str) -> String {
    let end = |c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    flag.split(end).next().unwrap_or_default().to_owned()
}

/// All words that begin with `BAYESWIRE_`.
fn variables(text: &str) -> BTreeSet<String> {
    let other = |c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    text.split(other).filter(|word| word.starts_with("BAYESWIRE_")).map(str::to_owned).collect()
}

/// The lists `[SUBCOMMAND, ...]` of manifests and `["/bayeswire", "SUBCOMMAND", ...]` of the Containerfile, with their flags.
fn lists(text: &str, help: &Help) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for list in text.split('[').skip(1).filter_map(|rest| rest.split(']').next()) {
        let mut words = list.split(',').map(|word| word.trim().trim_matches('"')).peekable();
        words.next_if_eq(&"/bayeswire");
        if let Some(command) = words.next().filter(|word| help.flags.contains_key(*word)) {
            let flags = words.filter(|word| word.starts_with("--")).map(name).collect();
            found.push((command.to_owned(), flags));
        }
    }
    found
}

/// The command lines `bayeswire SUBCOMMAND ...` of a manual, also behind the name of an image, with their flags; and flags that
/// stand alone between backticks, which may belong to any subcommand.
fn command_lines(text: &str, help: &Help) -> (Vec<(String, Vec<String>)>, Vec<String>) {
    let joined = text.replace("\\\n", " ");
    let (mut commands, mut alone) = (Vec::new(), Vec::new());
    for line in joined.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        for (i, pair) in words.windows(2).enumerate() {
            let program = pair[0].trim_start_matches(['`', '(']).rsplit('/').next().unwrap_or_default();
            let program = program.split(':').next() == Some("bayeswire");
            let command = pair[1].trim_end_matches(['`', '.', ',', ';', ')', ':']);
            if program && help.flags.contains_key(command) {
                let rest =
                    words[i + 1..].iter().take_while(|word| !["|", "||", "&&", ">", ";"].contains(word));
                let mut flags = Vec::new();
                for (n, word) in rest.enumerate() {
                    if word.starts_with("--") {
                        flags.push(name(word));
                    }
                    // The end of the code, or of the command.
                    if word.contains('`') && (n > 0 || word.ends_with('`')) || word.ends_with(';') {
                        break;
                    }
                }
                commands.push((command.to_owned(), flags));
            }
        }
        alone.extend(line.split('`').skip(1).step_by(2).filter(|code| code.starts_with("--")).map(name));
    }
    (commands, alone)
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn the_deployment_files_use_flags_and_variables_that_exist() {
    let help = Help::read();
    let mut paths = files(&repository().join("deploy"), ".yaml");
    paths.extend([repository().join("Containerfile"), repository().join("compose.yaml")]);
    let (mut commands, mut names) = (BTreeSet::new(), BTreeSet::new());
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let listed = lists(&text, &help);
        assert_eq!(help.unknown(&listed, &text), [""; 0], "{}", path.display());
        commands.extend(listed.into_iter().map(|(command, _)| command));
        names.extend(variables(&text));
    }
    // What they are known to use, so that this does not pass because nothing was found.
    for command in ["serve", "healthcheck", "train", "count", "merge", "fit", "evaluate", "publish"] {
        assert!(commands.contains(command), "{command} is not in {commands:?}");
    }
    for name in ["BAYESWIRE_LISTEN", "BAYESWIRE_DRAIN_DELAY", "BAYESWIRE_TLS_CERT", "BAYESWIRE_TOKEN_FILE"] {
        assert!(names.contains(name), "{name} is not in {names:?}");
    }
}

#[test]
fn the_manuals_use_flags_and_variables_that_exist() {
    let help = Help::read();
    let any: BTreeSet<&String> = help.flags.values().flatten().collect();
    let mut paths = files(&repository().join("docs"), ".md");
    paths.push(repository().join("README.md"));
    let mut found = 0;
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let (commands, alone) = command_lines(&text, &help);
        assert_eq!(help.unknown(&commands, &text), [""; 0], "{}", path.display());
        let wrong: Vec<&String> = alone.iter().filter(|flag| !any.contains(flag)).collect();
        assert!(wrong.is_empty(), "{}: {wrong:?}", path.display());
        found += commands.len();
    }
    assert!(found > 20, "only {found} commands were found");
}

#[test]
fn wrong_flags_and_variables_would_be_found() {
    let help = Help::read();
    let manifest = "args: [serve, --modle, /models, --listen, x]\nCMD [\"/bayeswire\", \"count\", \"--shards\"]\n\
                    value: BAYESWIRE_LISTNE\nother: [--config.file=x]";
    let wrong = help.unknown(&lists(manifest, &help), manifest);
    assert_eq!(wrong, ["serve --modle", "count --shards", "BAYESWIRE_LISTNE"]);
    let manual = "Run `bayeswire train x --outptu y` or\n    podman run --rm img/bayeswire:0.1 fit a \\\n  --corpse b | x --c\n\
                  and `--kepe`.";
    let (commands, alone) = command_lines(manual, &help);
    assert_eq!(help.unknown(&commands, manual), ["train --outptu", "fit --corpse"]);
    assert_eq!(alone, ["--kepe"]);
}

#[test]
fn the_image_has_the_version_of_the_program() {
    let version = env!("CARGO_PKG_VERSION");
    let containerfile = fs::read_to_string(repository().join("Containerfile")).unwrap();
    assert!(containerfile.lines().any(|line| line == format!("ARG VERSION={version}")), "{version}");
    let mut tags = 0;
    let mut paths = files(&repository().join("deploy"), ".yaml");
    paths.push(repository().join("compose.yaml"));
    for path in paths {
        for line in fs::read_to_string(&path).unwrap().lines() {
            let line = line.trim().trim_start_matches("- ");
            let tag = line.strip_prefix("image: bayeswire:").or_else(|| line.strip_prefix("newTag: "));
            if let Some(tag) = tag {
                assert_eq!(tag, version, "{}", path.display());
                tags += 1;
            }
        }
    }
    assert!(tags > 8, "only {tags} were found");
}

//! Compiles the .proto files with protox (pure Rust: no protoc on the machine) and notes the git commit.
//! No date and no host name: the same sources give the same binary.

use std::{env, error::Error, fs, path::Path, path::PathBuf, process::Command};

use prost::Message as _;

const PROTOS: [&str; 1] = ["bayeswire/v1/classification_service.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let descriptors = protox::compile(PROTOS, ["proto"])?;
    let bytes = descriptors.encode_to_vec();
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    fs::write(out.join("bayeswire_descriptor.bin"), &bytes)?;
    // prost's own has no JSON.
    let timestamp = (".google.protobuf.Timestamp", "::pbjson_types::Timestamp");
    tonic_prost_build::configure().extern_path(timestamp.0, timestamp.1).compile_fds(descriptors)?;
    pbjson_build::Builder::new().register_descriptors(&bytes)?.extern_path(timestamp.0, timestamp.1).build(
        &[
            ".bayeswire.v1.ClassifyPageResponse",
            ".bayeswire.v1.PageArticle",
            ".bayeswire.v1.ClassifyArticleResponse",
            ".bayeswire.v1.Classification",
            ".bayeswire.v1.Decision",
            ".bayeswire.v1.AbstainReason",
            ".bayeswire.v1.TopicScore",
            ".bayeswire.v1.Coverage",
            ".bayeswire.v1.TermEvidence",
            ".bayeswire.v1.TextSpan",
            ".bayeswire.v1.Field",
        ],
    )?;
    println!("cargo:rustc-env=BAYESWIRE_VERSION={}", version()?);
    Ok(())
}

/// The package version, followed by the git commit where the sources are a git checkout.
fn version() -> Result<String, Box<dyn Error>> {
    let package = env::var("CARGO_PKG_VERSION")?;
    if !Path::new(".git").exists() {
        return Ok(package);
    }
    for file in [".git/HEAD", ".git/logs/HEAD"] {
        if Path::new(file).exists() {
            println!("cargo:rerun-if-changed={file}");
        }
    }
    let commit = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output();
    Ok(match commit {
        Ok(output) if output.status.success() => {
            format!("{package} ({})", String::from_utf8(output.stdout)?.trim())
        }
        _ => package,
    })
}

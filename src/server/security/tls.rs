//! TLS: certificates, keys, and which client has which role.

use std::{
    io::Cursor,
    path::{Path, PathBuf},
    sync::Arc,
};

use arc_swap::ArcSwap;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, RootCertStore,
        client::verify_server_name,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem, pem::PemObject as _},
        server::{ParsedCertificate, VerifierBuilderError, WebPkiClientVerifier},
    },
};

use super::{Role, files::Contents};
use crate::server::TlsConfig;

/// Why TLS cannot be set up; names files, never what is in them.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{}: {}", .0.display(), .1)]
    Read(PathBuf, std::io::Error),
    /// A file is not PEM, or has no such thing in it.
    #[error("{}: {}", .0.display(), .1)]
    Pem(PathBuf, pem::Error),
    /// The certificate and the key are not usable, or do not belong together.
    #[error("{} with {}: {}", .0.display(), .1.display(), .2)]
    Pair(PathBuf, PathBuf, rustls::Error),
    /// The authorities are not usable.
    #[error("{}: {}", .0.display(), .1)]
    Authorities(PathBuf, VerifierBuilderError),
    /// A name that no certificate could be valid for.
    #[error("{0:?} is no DNS name")]
    Name(String),
}

/// TLS as it is offered now.
pub(in crate::server) struct Tls {
    /// Replaced as a whole when a file changes; handshakes that have begun go on with what they had.
    current: ArcSwap<rustls::ServerConfig>,
    operate: Vec<ServerName<'static>>,
    classify: Option<Vec<ServerName<'static>>>,
}

/// The files that TLS is made of, in the order that [`Tls::load`] takes them.
pub(in crate::server) fn tls_paths(config: &TlsConfig) -> Vec<PathBuf> {
    [&config.cert, &config.key].into_iter().chain(&config.client_ca).cloned().collect()
}

impl Tls {
    /// # Errors
    /// When a file is not what it should be, or a name is none.
    pub(in crate::server) fn load(config: &TlsConfig, files: &Contents) -> Result<Self, TlsError> {
        Ok(Self {
            current: ArcSwap::from_pointee(server_config(files)?),
            operate: names(&config.operate_names)?,
            classify: config.classify_names.as_deref().map(names).transpose()?,
        })
    }

    /// From now on handshakes use these files.
    ///
    /// # Errors
    /// When one of them is not what it should be; then the old ones stay.
    pub(in crate::server) fn replace(&self, files: &Contents) -> Result<(), TlsError> {
        self.current.store(Arc::new(server_config(files)?));
        Ok(())
    }

    pub(in crate::server) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.current.load_full())
    }

    /// What a client with this certificate may do. The handshake has shown that an authority signed it.
    pub(in crate::server) fn role(&self, certificate: &CertificateDer<'_>) -> Option<Role> {
        let parsed = ParsedCertificate::try_from(certificate).ok()?;
        let is_one_of =
            |names: &[ServerName<'_>]| names.iter().any(|n| verify_server_name(&parsed, n).is_ok());
        if is_one_of(&self.operate) {
            return Some(Role::Operate);
        }
        self.classify.as_deref().is_none_or(is_one_of).then_some(Role::Classify)
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

fn names(names: &[String]) -> Result<Vec<ServerName<'static>>, TlsError> {
    let parse = |name: &String| ServerName::try_from(name.clone()).map_err(|_| TlsError::Name(name.clone()));
    names.iter().map(parse).collect()
}

fn server_config(files: &Contents) -> Result<rustls::ServerConfig, TlsError> {
    let missing = || TlsError::Pem(PathBuf::new(), pem::Error::NoItemsFound);
    let mut files = files.iter();
    let (cert_path, cert) = files.next().ok_or_else(missing)?;
    let (key_path, key) = files.next().ok_or_else(missing)?;
    let chain = certificates(cert_path, cert)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|e| TlsError::Pem(key_path.clone(), e))?;
    let provider = Arc::new(ring::default_provider());
    let pair = |e| TlsError::Pair(cert_path.clone(), key_path.clone(), e);
    let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(pair)?;
    let builder = match files.next() {
        None => builder.with_no_client_auth(),
        Some((path, authorities)) => {
            let mut roots = RootCertStore::empty();
            for authority in certificates(path, authorities)? {
                roots.add(authority).map_err(pair)?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .map_err(|e| TlsError::Authorities(path.clone(), e))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(pair)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn certificates(path: &Path, bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |e| TlsError::Pem(path.to_owned(), e);
    let found: Vec<_> =
        CertificateDer::pem_reader_iter(Cursor::new(bytes)).collect::<Result<_, _>>().map_err(wrong)?;
    if found.is_empty() { Err(wrong(pem::Error::NoItemsFound)) } else { Ok(found) }
}

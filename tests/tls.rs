//! TLS: who is let in, and certificates that change while the server runs.

#![allow(clippy::unwrap_used, clippy::panic)] // clippy.toml allows them in tests, but not in their helpers

mod harness;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use bayeswire::{
    api::v1::classification_service_client::ClassificationServiceClient,
    server::{ServerConfig, TlsConfig},
};
use harness::{TestServer, article, bayeswire, run_to_end, small_model, stderr};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use tonic::{
    Code, Status,
    transport::{Certificate, Channel, ClientTlsConfig, Identity},
};

const TEXT: &str = "Heavy rain reaches the coast, the forecast says.";

/// An authority that signs certificates.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate and its key, PEM.
#[derive(Clone)]
struct Pair {
    cert: String,
    key: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    fn sign(&self, name: &str, expired: bool) -> Pair {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        if expired {
            params.not_after = date_time_ymd(2020, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        Pair { cert: params.signed_by(&key, &self.issuer).unwrap().pem(), key: key.serialize_pem() }
    }
}

fn write(folder: &Path, pair: &Pair) -> TlsConfig {
    let (cert, key) = (folder.join("tls.crt"), folder.join("tls.key"));
    fs::write(&cert, &pair.cert).unwrap();
    fs::write(&key, &pair.key).unwrap();
    TlsConfig { cert, key, client_ca: None, operate_names: Vec::new(), classify_names: None }
}

async fn start(tls: TlsConfig) -> TestServer {
    let reload_interval = Duration::from_millis(20);
    let config = ServerConfig { tls: Some(tls), reload_interval, ..ServerConfig::default() };
    let server = TestServer::with(config, || Ok(small_model())).await;
    while server.admin("GET /readyz", "").await.0 != 200 {}
    server
}

/// A new connection by a client that trusts `authority` and shows `identity`.
async fn connect(
    server: &TestServer,
    authority: &str,
    identity: Option<&Pair>,
) -> Result<ClassificationServiceClient<Channel>, tonic::transport::Error> {
    let mut tls =
        ClientTlsConfig::new().ca_certificate(Certificate::from_pem(authority)).domain_name("bayeswire.test");
    if let Some(pair) = identity {
        tls = tls.identity(Identity::from_pem(&pair.cert, &pair.key));
    }
    let endpoint = Channel::from_shared(format!("https://{}", server.address)).unwrap();
    Ok(ClassificationServiceClient::new(endpoint.tls_config(tls)?.connect().await?))
}

/// A call on a new connection. With TLS 1.3 a client hears only at its first call that it was not let in.
async fn call(server: &TestServer, authority: &str, identity: Option<&Pair>) -> Result<(), Status> {
    let mut client =
        connect(server, authority, identity).await.map_err(|e| Status::unavailable(e.to_string()))?;
    client.classify_article(article(TEXT)).await.map(|_| ())
}

#[tokio::test]
async fn a_server_is_trusted_only_with_a_certificate_that_is_valid_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, foreign) = (Authority::new(), Authority::new());
    let server = start(write(folder.path(), &ours.sign("bayeswire.test", false))).await;
    call(&server, &ours.pem, None).await.unwrap();
    assert!(call(&server, &foreign.pem, None).await.is_err());
    for bad in [ours.sign("bayeswire.test", true), ours.sign("other.test", false)] {
        let folder = tempfile::tempdir().unwrap();
        let server = start(write(folder.path(), &bad)).await;
        assert!(call(&server, &ours.pem, None).await.is_err());
    }
}

#[tokio::test]
async fn plain_and_tls_do_not_mix_and_neither_hurts_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let server = start(write(folder.path(), &authority.sign("bayeswire.test", false))).await;
    let plain = Channel::from_shared(format!("http://{}", server.address)).unwrap().connect().await;
    if let Ok(channel) = plain {
        let answer = ClassificationServiceClient::new(channel).classify_article(article(TEXT)).await;
        assert!(answer.is_err());
    }
    call(&server, &authority.pem, None).await.unwrap();

    let mut plain = TestServer::with(ServerConfig::default(), || Ok(small_model())).await;
    plain.ready().await;
    assert!(call(&plain, &authority.pem, None).await.is_err());
    plain.ready().await;
}

#[tokio::test]
async fn only_clients_with_a_certificate_of_our_authority_are_let_in() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, foreign) = (Authority::new(), Authority::new());
    let client_ca = folder.path().join("ca.crt");
    fs::write(&client_ca, &ours.pem).unwrap();
    let mut tls = write(folder.path(), &ours.sign("bayeswire.test", false));
    tls.client_ca = Some(client_ca);
    let server = start(tls.clone()).await;
    call(&server, &ours.pem, Some(&ours.sign("desk.test", false))).await.unwrap();
    for refused in [None, Some(ours.sign("desk.test", true)), Some(foreign.sign("desk.test", false))] {
        let status = call(&server, &ours.pem, refused.as_ref()).await.unwrap_err();
        assert_ne!(status.code(), Code::Ok);
    }
    server.metric("bayeswire_tls_handshakes_failed_total 3").await;

    // Let in, but with a name that has no role.
    tls.classify_names = Some(vec!["desk.test".to_owned()]);
    tls.operate_names = vec!["operator.test".to_owned()];
    let server = start(tls).await;
    for name in ["desk.test", "operator.test"] {
        call(&server, &ours.pem, Some(&ours.sign(name, false))).await.unwrap();
    }
    let status = call(&server, &ours.pem, Some(&ours.sign("guest.test", false))).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated);
}

#[tokio::test]
async fn the_next_handshake_uses_a_new_certificate_and_open_connections_live_on() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (Authority::new(), Authority::new());
    let server = start(write(folder.path(), &old.sign("bayeswire.test", false))).await;
    let mut open = connect(&server, &old.pem, None).await.unwrap();
    open.classify_article(article(TEXT)).await.unwrap();

    write(folder.path(), &Pair { cert: "no certificate".to_owned(), key: "no key".to_owned() });
    server.metric("bayeswire_reloads_total{outcome=\"refused\",what=\"certificate\"} 1").await;
    call(&server, &old.pem, None).await.unwrap();

    write(folder.path(), &new.sign("bayeswire.test", false));
    while call(&server, &new.pem, None).await.is_err() {}
    assert!(call(&server, &old.pem, None).await.is_err());
    open.classify_article(article(TEXT)).await.unwrap();
}

#[test]
fn an_address_that_others_reach_needs_tls_or_to_be_told() {
    let output = run_to_end(["serve", "--listen", "0.0.0.0:0"]);
    assert_eq!(output.status.code(), Some(64));
    assert!(stderr(&output).contains("no TLS"), "{}", stderr(&output));
    let told = bayeswire().args(["serve", "--listen", "0.0.0.0:0", "--insecure", "--print-config"]).output();
    assert_eq!(told.unwrap().status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn healthcheck_asks_through_tls_and_says_no_with_69() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new();
    let server = start(write(folder.path(), &authority.sign("localhost", false))).await;
    let ca: PathBuf = folder.path().join("ca.crt");
    fs::write(&ca, &authority.pem).unwrap();
    let url = format!("https://localhost:{}", server.address.port());
    let check = |arguments: Vec<String>| {
        let output = run_to_end(["healthcheck".to_owned()].into_iter().chain(arguments));
        (output.status.code(), stderr(&output))
    };
    let trusting = vec!["--server".to_owned(), url.clone(), "--tls-ca".to_owned(), ca.display().to_string()];
    assert_eq!(check(trusting.clone()), (Some(0), String::new()));
    let unknown: Vec<_> =
        trusting.into_iter().chain(["--service".to_owned(), "no.Such".to_owned()]).collect();
    assert_eq!(check(unknown).0, Some(69));
    assert_eq!(check(vec!["--server".to_owned(), url]).0, Some(69));
    let port = server.address.port();
    server.stop().await.unwrap();
    let (status, told) = check(vec!["--server".to_owned(), format!("http://127.0.0.1:{port}")]);
    assert_eq!(status, Some(69), "{told}");
}

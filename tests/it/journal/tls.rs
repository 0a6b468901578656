//! The way to the database: encrypted, and only to a server that shows the right certificate.

use std::process::Command;

use rongcloud_callback::{
    clock::Clock,
    journal::{self, JournalError},
};
use tempfile::tempdir;

use super::support::{message, options};
use crate::support::{postgres::Cluster, until};

/// An authority, and a certificate of it for `localhost`: PEM of the authority, the certificate and its key.
fn certificates() -> [String; 3] {
    let folder = tempdir().unwrap();
    let openssl = |arguments: &str| {
        let output = Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(folder.path())
            .output()
            .expect("openssl, which the package postgresql depends on");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    std::fs::write(folder.path().join("names"), "subjectAltName=DNS:localhost").unwrap();
    openssl("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=authority");
    openssl("req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost");
    openssl(
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem",
    );
    ["ca.pem", "server.pem", "server.key"].map(read)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_elsewhere_must_show_a_certificate_of_its_name_that_is_trusted() {
    let Some(cluster) = Cluster::start().await else { return };
    let url = cluster.database().await;
    let [authority, certificate, key] = certificates();
    let authority = cluster.file("ca.pem", &authority);
    let (certificate, key) =
        (cluster.file("server.pem", &certificate), cluster.file("server.key", &key));
    let encrypted = url.replace("127.0.0.1", "localhost").replace("?sslmode=disable", "");
    let trusted = format!("{encrypted}?sslrootcert={}", authority.display());

    let open = async |url: &str| journal::open_server(url, options(&Clock::system())).await;
    let plain = open(&trusted).await.expect_err("the server has no TLS yet").to_string();
    assert!(plain.contains("TLS"), "{plain}");
    cluster.set(&format!(
        "ssl = on\nssl_cert_file = '{}'\nssl_key_file = '{}'\n",
        certificate.display(),
        key.display()
    ));
    let journal = until("TLS", async || open(&trusted).await.ok()).await;
    journal.append(message("a", "1"), None).await.unwrap();
    journal.close().await.unwrap();

    let elsewhere = trusted.replace("localhost", "127.0.0.1");
    for (url, why) in [(&encrypted, "UnknownIssuer"), (&elsewhere, "not valid for name")] {
        let refused = open(url).await.expect_err("not to be trusted");
        assert!(matches!(refused, JournalError::Unavailable(_)), "{refused:?}");
        assert!(refused.to_string().contains(why), "{refused}");
    }
}

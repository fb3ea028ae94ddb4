//! Reaching a database by TLS: what each `sslmode` looks at, and that what it looks at is right.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tollgate::store::{OpenError, Options, PostgresUrl, Store, StoreUrl};

use super::options;
use crate::cluster::{Cluster, Database};
use crate::ground::Ground;
use crate::server::poll;

/// Never waits for the disk.
const WITHOUT_SYNC: [&str; 2] = ["fsync=off", "full_page_writes=off"];

struct Server {
    folder: tempfile::TempDir,
    cluster: Arc<Cluster>,
    database: Database,
}

impl Server {
    /// With a certificate for `localhost` from the authority in the file `root`; there is another one in `other`.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let [root, other] = ["Root", "Other"].map(authority);
        fs::write(path("root"), root.pem()).unwrap();
        fs::write(path("other"), other.pem()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = certificate.signed_by(&key, &root).unwrap();
        install(folder.path(), &certificate.pem(), &key);
        let [cert, key] = ["cert", "key"].map(|it| format!("ssl_{it}_file={}", path(it).display()));
        let settings = [WITHOUT_SYNC[0], WITHOUT_SYNC[1], "ssl=on", &cert, &key];
        let cluster = Cluster::own(&settings);
        let database = cluster.database();
        Self { folder, cluster, database }
    }

    /// Opens a store there; says whether it is reached by TLS.
    fn open(&self, host: &str, query: &str) -> Result<bool, OpenError> {
        let file = |name: &str| self.folder.path().join(name).display().to_string();
        let query = query.replace("ROOT", &file("root")).replace("OTHER", &file("other"));
        let query = query.replace("CERT", &file("cert"));
        let url = self.database.url().replace("127.0.0.1", host);
        let url = format!("{url}?application_name=asked&{query}").parse::<PostgresUrl>().unwrap();
        let store = Store::open(Options { url: StoreUrl::Postgres(url), ..options(&Ground::file()) })?;
        let is_encrypted = self.database.sql(
            "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'asked'",
        );
        store.close();
        drop(store);
        let left = "SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = 'asked'";
        poll(|| (self.database.sql(left) == "0").then_some(())).expect("its connections end");
        Ok(is_encrypted == "t")
    }

    fn refuses(&self, host: &str, query: &str, reason: &str) {
        let refused = self.open(host, query).map(|_| ()).unwrap_err();
        assert!(matches!(refused, OpenError::Unreachable { .. }), "{query}: {refused}");
        let refused = refused.to_string();
        assert!(refused.contains(reason), "{host} {query}: {refused}");
        assert!(refused.starts_with("cannot connect to postgres://postgres@"), "{refused}");
    }
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Puts a certificate and its key where the server looks for them, as somebody else than whom it would not take them.
fn install(folder: &Path, certificate: &str, key: &KeyPair) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    for (name, text) in [("cert", certificate.to_owned()), ("key", key.serialize_pem())] {
        let path = folder.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        if fs::metadata("/proc/self").unwrap().uid() == 0 {
            // Root's cluster runs as this one.
            let chown = Command::new("chown").arg("postgres:").arg(&path).status().unwrap();
            assert!(chown.success());
        }
    }
}

#[test]
fn what_is_looked_at_goes_by_the_mode() {
    let server = Server::new();
    for (host, query, is_encrypted) in [
        ("127.0.0.1", "", true),
        ("127.0.0.1", "sslmode=disable", false),
        ("127.0.0.1", "sslmode=prefer&sslrootcert=OTHER", true),
        ("127.0.0.1", "sslmode=require", true),
        ("127.0.0.1", "sslmode=require&sslrootcert=ROOT", true),
        ("127.0.0.1", "sslmode=verify-ca&sslrootcert=ROOT", true),
        ("localhost", "sslmode=verify-full&sslrootcert=ROOT", true),
    ] {
        assert_eq!(server.open(host, query).unwrap(), is_encrypted, "{host} {query}");
    }
    server.refuses("127.0.0.1", "sslmode=verify-full&sslrootcert=ROOT", "not valid for name");
    for query in ["sslmode=require&sslrootcert=OTHER", "sslmode=verify-ca&sslrootcert=OTHER"] {
        server.refuses("localhost", query, "UnknownIssuer");
    }
    server.refuses("localhost", "sslmode=verify-full&sslrootcert=OTHER", "UnknownIssuer");
    server.refuses("localhost", "sslmode=verify-full&sslrootcert=system", "UnknownIssuer");
    let nowhere = server.open("localhost", "sslmode=verify-ca&sslrootcert=/nowhere").unwrap_err();
    assert!(matches!(nowhere, OpenError::File { .. }), "{nowhere}");

    // One that signed itself is its own root, as `openssl req -x509` makes it.
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let own = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    install(server.folder.path(), &own.pem(), own.key());
    server.database.sql("SELECT pg_reload_conf()");
    let query = "sslmode=verify-full&sslrootcert=CERT";
    // The root has to be read by whoever connects, too, which is us.
    poll(|| server.open("localhost", query).ok()).expect("it is taken for what it is");
    assert!(server.open("127.0.0.1", "sslmode=verify-ca&sslrootcert=CERT").unwrap());
    server.refuses("127.0.0.1", query, "not valid for name");
    server.refuses("localhost", "sslmode=verify-ca&sslrootcert=ROOT", "certificate");
    drop(server.cluster);
}

#[test]
fn a_server_without_tls_is_asked_in_the_clear_only_where_that_is_allowed() {
    let database = Cluster::shared().database();
    let open = |query: &str| {
        let url = format!("{}?{query}", database.url()).parse::<PostgresUrl>().unwrap();
        Store::open(Options { url: StoreUrl::Postgres(url), ..options(&Ground::file()) }).map(drop)
    };
    open("").unwrap();
    open("sslmode=disable").unwrap();
    let refused = open("sslmode=require").unwrap_err().to_string();
    assert!(refused.ends_with("server does not support TLS"), "{refused}");
}

/// Several hosts are tried one after the other, and what only follows is passed over where it is to be written to.
#[test]
fn the_host_is_found_that_can_be_written_to() {
    let primary = Cluster::own(&WITHOUT_SYNC);
    let database = primary.database();
    let standby = primary.standby();
    let name = database.url().rsplit('/').next().unwrap().to_owned();
    let follows = format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'");
    poll(|| {
        let there = database.psql(&database.url_at(standby.port()), &[&follows]);
        (there.stdout == "1").then_some(())
    })
    .expect("the standby follows");
    let hosts = format!("127.0.0.1:1,127.0.0.1:{},127.0.0.1:{}", standby.port(), primary.port());
    let url = format!("postgres://postgres@{hosts}/{name}?target_session_attrs=read-write");
    let url = url.parse::<PostgresUrl>().unwrap();
    let store = Store::open(Options { url: StoreUrl::Postgres(url), ..options(&Ground::file()) }).unwrap();
    store.close();
    let made = "SELECT count(*) FROM schema_version";
    assert_eq!(database.sql(made), "1", "the schema was made where it could be");
}

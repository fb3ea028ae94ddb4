//! The programs of the page about settling, taken from the page and run as the API behind each proxy.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::upstream::Upstream;
use super::{Call, Kind, Rig, free_address, proxy};
use crate::server::{poll, say};

pub(super) async fn as_the_page_says(kind: Kind) {
    for (language, program, file) in
        [("python", "python3", "answers.py"), ("javascript", "node", "answers.mjs")]
    {
        let address = free_address();
        let rig = Rig::in_front_of(kind, "2.00", Upstream::start().await, address).await;
        let _program = Program::start(language, program, file, &rig, address);
        an_answer_costs_what_it_comes_to(&rig).await;
        nothing_is_paid_for_what_fails(&rig).await;
        nothing_is_done_without_a_hold(&rig, address).await;
        assert_eq!(rig.api.get("/api/v1/holds").await.expect(200)["holds"], json!([]), "{language}");
        rig.finish();
    }
}

/// Of the 0.50 that were held, 0.03 are charged, and the rest is there again.
async fn an_answer_costs_what_it_comes_to(rig: &Rig) {
    let call = Call::new("POST", "/v1/answers").by(&rig.customer).header("X-Hold-Id: somebody-elses");
    let reply = rig.send(&call.body(r#"{"question": "why is that"}"#)).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let hold = ended(rig, &reply.json()["hold"]).await;
    assert_eq!((&hold["status"], &hold["charged"]), (&json!("settled"), &json!("0.03")));
    assert_eq!(hold["account"], json!(rig.customer.id));
    assert_eq!(rig.api.account(&rig.customer.id).await["available"], json!("1.97"));
}

async fn nothing_is_paid_for_what_fails(rig: &Rig) {
    let call = Call::new("POST", "/v1/answers").by(&rig.customer);
    let reply = rig.send(&call.body(r#"{"question": ""}"#)).await;
    assert_eq!(reply.status, 400, "{reply:?}");
    let hold = ended(rig, &reply.json()["hold"]).await;
    assert_eq!(hold["status"], json!("released"));
    assert_eq!(rig.api.account(&rig.customer.id).await["available"], json!("1.97"));
}

/// Whoever comes round the proxy, or by a rule that holds nothing, gets nothing.
async fn nothing_is_done_without_a_hold(rig: &Rig, address: SocketAddr) {
    let call = Call::new("POST", "/v1/answers").body(r#"{"question": "why is that"}"#);
    assert_eq!(call.send(address).await.status, 500);
    let call = Call::new("POST", "/v1/messages").by(&rig.customer).body(r#"{"question": "why is that"}"#);
    assert_eq!(rig.send(&call).await.status, 404);
}

async fn ended(rig: &Rig, hold: &Value) -> Value {
    let id = hold.as_str().unwrap_or_else(|| panic!("no hold: {hold}"));
    rig.api.get(&format!("/api/v1/holds/{id}")).await.expect(200)
}

/// A running program of the page. Dropped, it is killed.
struct Program {
    child: Child,
    dir: TempDir,
}

impl Program {
    fn start(language: &str, program: &str, file: &str, rig: &Rig, address: SocketAddr) -> Self {
        let page = fs::read_to_string(proxy::recipes().join("settle.md")).unwrap();
        let block = page.split_once(&format!("```{language}\n")).and_then(|it| it.1.split_once("```\n"));
        let dir = tempfile::Builder::new().prefix("tollgate-api-").tempdir().unwrap();
        fs::write(dir.path().join(file), block.unwrap_or_else(|| panic!("no {language} on the page")).0)
            .unwrap();
        let output = fs::File::create(dir.path().join("output")).unwrap();
        let mut command = Command::new(program);
        command.arg(file).current_dir(dir.path()).process_group(0);
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        command.env("TOLLGATE", format!("http://{}", rig.tollgate)).env("GATE_TOKEN", &rig.gate_token);
        command
            .env("PORT", address.port().to_string())
            .env("no_proxy", "127.0.0.1")
            .env("NO_PROXY", "127.0.0.1");
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
        let mut program = Self { child, dir };
        let is_up = poll(|| match program.child.try_wait().unwrap() {
            Some(_) => Some(false),
            None => TcpStream::connect(address).is_ok().then_some(true),
        });
        assert_eq!(is_up, Some(true), "the {language} program did not start");
        program
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Errors only say that it is gone already. A launcher of Python may stand before it, so the whole group goes.
        let _gone = killpg(Pid::from_raw(i32::try_from(self.child.id()).unwrap()), Signal::SIGKILL);
        let _gone = self.child.wait();
        if std::thread::panicking() {
            say(&fs::read_to_string(self.dir.path().join("output")).unwrap_or_default());
        }
    }
}

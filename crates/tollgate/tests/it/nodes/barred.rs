//! A suspension and a revocation on one node, asked about at once on another: by every door, for what only reads, for what is
//! free, and for what costs.

use reqwest::RequestBuilder;
use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use tonic::transport::{Channel, Endpoint};

use super::{Nodes, eventually};
use crate::gate::by_grpc;
use crate::server::{Account, Api, send, text};

const SIGN_IN: &str = "/console/sign-in";

/// Somebody whose calls go to the other node, where everything that may be remembered of it is remembered.
struct Caller {
    api: Api,
    account: Account,
    auth_id: String,
    gate: String,
    grpc: Channel,
    visit: Visit,
}

/// A browser that is signed in to the console of one node.
struct Visit {
    http: reqwest::Client,
    page: String,
    cookies: String,
}

/// How somebody is barred.
#[derive(Clone, Copy, Debug)]
enum Bar {
    Suspend,
    SuspendItsPrimary,
    Revoke,
    Close,
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_barred_on_one_node_is_so_on_another_at_once_and_by_every_door() {
    let nodes = Nodes::start(|it| it.arg("--grpc-listen").arg("127.0.0.1:0"));
    let [one, other] = [nodes.node(0), nodes.node(1)];
    let grpc = Endpoint::from_shared(other.said("grpc on ")).unwrap().connect().await.unwrap();
    let api = one.api();
    let gate = text(&api.post("/api/v1/tokens", json!({ "scope": "gate" })).await.expect(201)["token"]);
    put_plan(&api).await;
    let shown = Api::new(other.url(), &gate);
    eventually("its token is known", async || shown.get("/api/v1/holds").await.status == 200).await;
    for bar in [Bar::Suspend, Bar::SuspendItsPrimary, Bar::Revoke, Bar::Close] {
        let primary = api.open_with("1000").await;
        let account = api.open_sub(&primary, "shared").await;
        let auth_id = text(&api.account(&account.id).await["auth_id"]);
        let visit = Visit::sign_in(other.url(), &account).await;
        let (api, gate, grpc) = (other.api(), gate.clone(), grpc.clone());
        let caller = Caller { api, account, auth_id, gate, grpc, visit };
        // Twice, so that the second time everything is remembered that ever is.
        for _ in 0..2 {
            let open = caller.asks_everything().await;
            assert!(open.iter().all(|it| matches!(it.1, 200 | 201)), "before {bar:?}: {open:?}");
        }
        let spent = spent(&one.api(), &primary).await;
        bar.set(&one.api(), &primary, &caller.account).await;
        let barred = caller.asks_everything().await;
        for (door, status) in &barred {
            let is_refused = match bar {
                // An account that is not there, or a credential that is none.
                Bar::Revoke | Bar::Close => matches!(status, 303 | 401 | 403 | 404 | 409),
                Bar::Suspend | Bar::SuspendItsPrimary => matches!(status, 401 | 403 | 409),
            };
            // The operator charges in its own name: a credential of the account is not asked for.
            let may = matches!(bar, Bar::Revoke) && *door == "operator's charge";
            assert!(is_refused || may, "{bar:?}: {door} was answered {status} of {barred:?}");
        }
        let more = if matches!(bar, Bar::Revoke) { 1 } else { 0 };
        assert_eq!(self::spent(&one.api(), &primary).await, spent + more, "{bar:?}");
        if matches!(bar, Bar::Suspend) {
            patch(&one.api(), &caller.account, json!({ "status": "active" })).await;
            let open = caller.asks_everything().await;
            assert!(open.iter().all(|it| matches!(it.1, 200 | 201)), "when it may call again: {open:?}");
        }
    }
    nodes.end();
}

async fn put_plan(api: &Api) {
    let plan = json!({ "currency": "EUR", "default": true, "rules": [
        { "method": "POST", "path": "/v1/messages", "operation": "sms.send", "mode": "charge", "unit_price": "0.01" },
        { "path": "/v1/free/**", "operation": "read", "mode": "free" },
    ] });
    send(api.request("PUT", "/api/v1/price-plans/standard").body(plan.to_string()))
        .await
        .unwrap()
        .expect(200);
}

async fn patch(api: &Api, account: &Account, body: Value) {
    let path = format!("/api/v1/accounts/{}", account.id);
    send(api.request("PATCH", &path).body(body.to_string())).await.unwrap().expect(200);
}

/// How many charges there are on an account.
async fn spent(api: &Api, primary: &Account) -> usize {
    api.postings(&primary.id).await.iter().filter(|it| it["kind"] == "charge").count()
}

impl Bar {
    async fn set(self, api: &Api, primary: &Account, account: &Account) {
        match self {
            Self::Suspend => patch(api, account, json!({ "status": "suspended" })).await,
            Self::SuspendItsPrimary => patch(api, primary, json!({ "status": "suspended" })).await,
            Self::Revoke => {
                // Another one takes its place, and it is dead at once.
                let path = format!("/api/v1/accounts/{}/credentials/rotate", account.id);
                api.post(&path, json!({ "kind": "secret", "overlap_seconds": 0 })).await.expect(201);
            }
            Self::Close => {
                let path = format!("/api/v1/accounts/{}/close", account.id);
                api.post(&path, json!({})).await.expect(200);
            }
        }
    }
}

impl Caller {
    /// What each door answers.
    async fn asks_everything(&self) -> Vec<(&'static str, u16)> {
        let Caller { api, account, auth_id, gate, grpc, visit } = self;
        let own = |method, path: &str| api.request_as(account, method, path);
        let gated = |path: &str| own("POST", &format!("/gate/envoy{path}")).header("x-gate-token", gate);
        let plivo = api.bare("GET", &format!("/v1/Account/{auth_id}/"));
        let balance =
            format!("/account/get-balance?api_key={}&api_secret={}", account.api_key, account.secret);
        let charge = json!({ "account": account.id, "amount": "0.01" }).to_string();
        let pair = (&*account.api_key, &*account.secret);
        vec![
            ("native read", status(own("GET", &format!("/api/v1/accounts/{}", account.id))).await),
            ("native list", status(own("GET", "/api/v1/events")).await),
            ("vonage read", status(api.bare("GET", &balance)).await),
            ("plivo read", status(plivo.basic_auth(auth_id, Some(&account.secret))).await),
            ("gate, free", status(gated("/v1/free/one")).await),
            ("gate, charged", status(gated("/v1/messages")).await),
            ("grpc, free", by_grpc(grpc, pair, "/v1/free/one").await),
            ("grpc, charged", by_grpc(grpc, pair, "/v1/messages").await),
            ("console", visit.look().await),
            ("operator's charge", status(api.request("POST", "/api/v1/charges").body(charge)).await),
        ]
    }
}

async fn status(request: RequestBuilder) -> u16 {
    send(request).await.unwrap().status
}

impl Visit {
    async fn sign_in(url: &str, account: &Account) -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        let form = http.get(format!("{url}{SIGN_IN}")).send().await.unwrap();
        let visitor = cookies(&form);
        let form = form.text().await.unwrap();
        let token = form.split("name=\"form_token\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let fields = [("form_token", token), ("name", &account.api_key), ("secret", &account.secret)];
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let signing = http.post(format!("{url}{SIGN_IN}")).header(COOKIE, visitor);
        let signing = signing.header("content-type", "application/x-www-form-urlencoded");
        let signed = signing.header("sec-fetch-site", "same-origin").body(body).send().await.unwrap();
        assert_eq!(signed.status(), 303);
        let page = format!("{url}/console/accounts/{}", account.api_key);
        Self { http, page, cookies: cookies(&signed) }
    }

    async fn look(&self) -> u16 {
        let looking = self.http.get(&self.page).header(COOKIE, &self.cookies);
        looking.send().await.unwrap().status().as_u16()
    }
}

fn cookies(answer: &reqwest::Response) -> String {
    let all = answer.headers().get_all(SET_COOKIE).iter().map(|it| it.to_str().unwrap());
    all.map(|it| it.split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
}

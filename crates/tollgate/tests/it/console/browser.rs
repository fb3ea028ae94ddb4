//! A browser without a screen: it keeps cookies, follows what it is sent to, and fills in forms as they stand on a page.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Method, Request};

use crate::house::{Answer, House, OPERATOR_TOKEN, Opening};

/// One browser in front of a house.
pub(crate) struct Browser<'a> {
    house: &'a House,
    pub(crate) cookies: BTreeMap<String, String>,
}

/// A form as it stands on a page.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) fields: Vec<(String, String)>,
}

impl Form {
    /// With another value in a field, or one field more.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        match self.fields.iter_mut().find(|it| it.0 == name) {
            Some(field) => field.1 = value.to_owned(),
            None => self.fields.push((name.to_owned(), value.to_owned())),
        }
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.fields.retain(|it| it.0 != name);
        self
    }

    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.iter().find(|it| it.0 == name).map_or("", |it| &it.1)
    }
}

impl<'a> Browser<'a> {
    pub(crate) fn new(house: &'a House) -> Self {
        Self { house, cookies: BTreeMap::new() }
    }

    /// Signed in with an account's secret.
    pub(crate) async fn of(house: &'a House, account: &Opening) -> Self {
        Self::with(house, &account.key, &account.secret).await
    }

    /// Signed in with any of an account's names, and any of its secrets or tokens.
    pub(crate) async fn with(house: &'a House, name: &str, secret: &str) -> Self {
        Self::signed_in(house, &[("name", name), ("secret", secret)]).await
    }

    /// Signed in with the operator's token.
    pub(crate) async fn of_operator(house: &'a House) -> Self {
        Self::with_token(house, OPERATOR_TOKEN).await
    }

    /// Signed in with an operator token.
    pub(crate) async fn with_token(house: &'a House, token: &str) -> Self {
        Self::signed_in(house, &[("as", "operator"), ("token", token)]).await
    }

    async fn signed_in(house: &'a House, fields: &[(&str, &str)]) -> Self {
        let mut browser = Self::new(house);
        let page = browser.get("/console/sign-in").await;
        let plain = form(&page, "/console/sign-in");
        let filled = fields.iter().fold(plain, |form, (name, value)| form.with(name, value));
        let answer = browser.submit(&filled).await;
        assert_eq!(answer.status, 303, "{answer}");
        browser
    }

    /// What every form of its session carries.
    pub(crate) async fn form_token(&mut self) -> String {
        // Whoever is refused a page can still sign out on it.
        let page = self.get("/console/tokens").await;
        form(&page, "/console/sign-out").field("form_token").to_owned()
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::builder().method(Method::GET).uri(path), String::new()).await
    }

    /// As [`Browser::get`], and on to wherever it is sent.
    pub(crate) async fn open(&mut self, path: &str) -> Answer {
        let mut answer = self.get(path).await;
        for _ in 0..5 {
            let Some(next) = answer.header("location").map(str::to_owned) else { break };
            answer = self.get(&next).await;
        }
        answer
    }

    /// What its cookies are in a header.
    pub(crate) fn cookie(&self) -> String {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        cookies.join("; ")
    }

    pub(crate) async fn submit(&mut self, form: &Form) -> Answer {
        self.submit_with(form, &[("sec-fetch-site", "same-origin")]).await
    }

    pub(crate) async fn submit_with(&mut self, form: &Form, headers: &[(&str, &str)]) -> Answer {
        let request = Request::builder()
            .method(Method::POST)
            .uri(&form.action)
            .header("content-type", "application/x-www-form-urlencoded");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&form.fields).finish();
        self.send(request, body).await
    }

    async fn send(&mut self, request: axum::http::request::Builder, body: String) -> Answer {
        let request = match self.cookies.is_empty() {
            true => request,
            false => request.header("cookie", self.cookie()),
        };
        let answer = self.house.send(request.body(Body::from(body)).unwrap()).await;
        for cookie in answer.headers.get_all("set-cookie") {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let (value, about) = rest.split_once(';').unwrap();
            assert!(about.contains("HttpOnly") && about.contains("SameSite=Strict"), "{about}");
            assert!(about.contains("Path=/console"), "{about}");
            if about.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }
}

/// The first form of a page that goes to `action`, with what stands in it.
pub(crate) fn form(page: &Answer, action: &str) -> Form {
    form_with(page, action, "")
}

/// The first that also has this text in it.
pub(crate) fn form_with(page: &Answer, action: &str, part: &str) -> Form {
    let text = page.text();
    let mut forms = text.split("<form").skip(1).map(|it| it.split("</form>").next().unwrap());
    let found = forms.find(|it| it.contains(&format!("action=\"{action}\"")) && it.contains(part));
    let found = found.unwrap_or_else(|| panic!("no form with {part:?} goes to {action}: {page}"));
    let mut fields = Vec::new();
    for input in found.split("<input").skip(1) {
        let input = input.split('>').next().unwrap();
        let of = |name: &str| {
            let rest = input.split(&format!(" {name}=\"")).nth(1)?;
            Some(unescaped(rest.split('"').next()?))
        };
        let is_left_out = input.contains("type=\"radio\"") && !input.contains(" checked")
            || input.contains("type=\"checkbox\"") && !input.contains(" checked");
        if let (Some(name), false) = (of("name"), is_left_out) {
            fields.push((name, of("value").unwrap_or_default()));
        }
    }
    for area in found.split("<textarea").skip(1) {
        let (about, rest) = area.split_once('>').unwrap();
        let name = about.split(" name=\"").nth(1).unwrap().split('"').next().unwrap();
        fields.push((name.to_owned(), unescaped(rest.split("</textarea>").next().unwrap())));
    }
    Form { action: action.to_owned(), fields }
}

/// The text of the element with this id.
pub(crate) fn text(page: &Answer, id: &str) -> String {
    let rest = page.text().split(&format!("id=\"{id}\"")).nth(1);
    let rest = rest.unwrap_or_else(|| panic!("there is no {id}: {page}"));
    rest.split_once('>').unwrap().1.split('<').next().unwrap().to_owned()
}

fn unescaped(text: &str) -> String {
    [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")]
        .into_iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// What stands behind `data-live="name"`, without its tags.
pub(crate) fn figure(page: &Answer, name: &str) -> String {
    let text = page.text();
    let rest = text.split(&format!("data-live=\"{name}\"")).nth(1);
    let rest = rest.unwrap_or_else(|| panic!("there is no {name}: {page}"));
    let rest = rest.split_once('>').unwrap().1;
    let end = ["</dd>", "</td>", "</span>", "</strong>"];
    let end = end.iter().filter_map(|it| rest.find(it)).min().unwrap();
    let mut shown = String::new();
    let mut is_tag = false;
    for character in rest[..end].chars() {
        match character {
            '<' => is_tag = true,
            '>' => is_tag = false,
            _ if is_tag => {}
            other => shown.push(other),
        }
    }
    shown
}

//! What a client says that must not count.

use super::call::Call;
use super::examination::{Examination, Judged, Seen};
use super::report::{Check, Fault, Verdict};

/// In which gateways put the path of a call.
const PATH_HEADERS: [&str; 5] =
    ["X-Original-URI", "X-Forwarded-Uri", "X-Original-URL", "X-Rewrite-URL", "X-Envoy-Original-Path"];
/// In which they put its method.
const METHOD_HEADERS: [&str; 2] = ["X-Original-Method", "X-Forwarded-Method"];
/// What the gate says to the upstream.
const GATE_SAYS: [&str; 6] =
    ["X-Sub-Account", "X-Sub-Root", "X-Sub-Operation", "X-Hold-Id", "X-Hold-Amount", "X-Credit-Remaining"];
/// What the gateway says to the gate, or the gate to the gateway.
const GATEWAY_SAYS: [&str; 4] = ["X-Gate-Token", "X-Gate-Client", "X-Sub-Status", "X-Sub-Token"];
/// What prices are never read from.
const QUERY: &str = "cost=0&price=0&amount=0&mode=free&operation=free&account=nobody";

/// Something that a client adds to its call.
struct Extra {
    name: String,
    value: String,
    is_query: bool,
}

impl Extra {
    fn header(name: &str, value: impl Into<String>) -> Self {
        Self { name: name.to_owned(), value: value.into(), is_query: false }
    }

    fn add_to(&self, mut call: Call) -> Call {
        if !self.is_query {
            return call.with(&self.name, &*self.value);
        }
        call.target.push(if call.target.contains('?') { '&' } else { '?' });
        call.target.push_str(&self.value);
        call
    }
}

impl Examination<'_> {
    /// Several calls under one request id, in each header where gateways look for one.
    pub(super) async fn request_id(&mut self) -> Result<(), String> {
        let own = Extra::header("X-Gate-Request-Id", format!("doctor-{}", self.mark));
        let usual = Extra::header("X-Request-Id", &*own.value);
        self.fund(3).await?;
        let first = self.send(usual.add_to(own.add_to(self.call()))).await?;
        let mut judged = if self.is_paid(&first) {
            let named = first.postings.first().is_some_and(|it| it.is_named);
            Ok(named)
        } else {
            Err((Fault::RequestId, format!("{} and {}: {}", own.name, usual.name, self.effect(&first))))
        };
        for extra in [&own, &usual] {
            let seen = self.send(extra.add_to(self.call())).await?;
            if judged.is_ok() && !self.is_paid(&seen) {
                let effect = self.effect(&seen);
                judged = Err((
                    Fault::RequestId,
                    format!("the second call with the same {}: {effect}", extra.name),
                ));
            }
        }
        let verdict = match judged {
            Ok(true) => Verdict::Ok("three calls with the same one were paid for three times".to_owned()),
            Ok(false) => Verdict::NotProven(
                "three calls with the same one were paid for three times, but the gateway sets no X-Gate-Request-Id, so that a \
                 check which it repeats is paid for again"
                    .to_owned(),
            ),
            Err((fault, says)) => Verdict::Fault(fault, says),
        };
        self.report.note(Check::RequestId, verdict);
        Ok(())
    }

    /// Headers that name a path or a method that is cheaper, or that would be refused.
    pub(super) async fn path(&mut self) -> Result<(), String> {
        let decoy = &self.price.decoy_path;
        let paths = PATH_HEADERS.map(|it| Extra::header(it, &**decoy));
        let mut believed = self.believed(&paths).await?;
        if let Some(method) = &self.price.decoy_method {
            let methods = METHOD_HEADERS.map(|it| Extra::header(it, &**method));
            believed.extend(self.believed(&methods).await?);
        }
        let judged = match believed.is_empty() {
            true => Ok(format!("calls that claimed to be of {decoy} were paid for in full")),
            false => Err((Fault::Path, believed.join("; "))),
        };
        self.note(Check::Path, judged);
        Ok(())
    }

    /// Headers that only the gate or the gateway may set, and a query that asks for a price.
    pub(super) async fn headers(&mut self) -> Result<(), String> {
        let spoofed =
            |name: &str| Extra::header(name, format!("spoofed.{}.{}", name.to_lowercase(), self.mark));
        let said = GATE_SAYS.map(spoofed);
        let mut extras: Vec<_> = GATEWAY_SAYS.into_iter().map(spoofed).collect();
        extras.push(Extra { name: "the query".to_owned(), value: QUERY.to_owned(), is_query: true });
        self.fund(1).await?;
        let call = said.iter().fold(self.call(), |call, it| it.add_to(call));
        let seen = self.send(call).await?;
        let mut faults = if self.is_paid(&seen) { Vec::new() } else { vec![self.effect(&seen)] };
        let echoed = said.iter().filter(|it| seen.reply.as_ref().is_ok_and(|answer| answer.holds(&it.value)));
        let echoed: Vec<_> = echoed.map(|it| &*it.name).collect();
        if !echoed.is_empty() {
            faults.push(format!("the client's own {} came to the upstream", echoed.join(", ")));
        }
        faults.extend(self.believed(&extras).await?);
        let judged: Judged = match faults.is_empty() {
            true => Ok("such calls were paid for in full by the account that made them".to_owned()),
            false => Err((Fault::Headers, faults.join("; "))),
        };
        self.note(Check::Headers, judged);
        Ok(())
    }

    /// Other spellings of the path, which an upstream may read as the same.
    pub(super) async fn spelling(&mut self) -> Result<(), String> {
        let mut unpaid = Vec::new();
        let all = spellings(&self.args.through.path);
        for spelling in &all {
            self.fund(1).await?;
            let call = Call { target: self.target(spelling), ..self.call() };
            let seen = self.send(call).await?;
            if self.came_through(&seen) && !self.is_paid(&seen) {
                unpaid.push(format!("{spelling} got {}, and {}", seen.got(), seen.charged()));
            }
        }
        let judged = match unpaid.is_empty() {
            true => Ok(format!("{} were refused or paid for in full", all.join(" "))),
            false => Err((Fault::Spelling, unpaid.join("; "))),
        };
        self.note(Check::Spelling, judged);
        Ok(())
    }

    /// Makes the call with all of these; if they change anything, with each alone, to know which. What each changed.
    async fn believed(&mut self, extras: &[Extra]) -> Result<Vec<String>, String> {
        self.fund(1).await?;
        let together = self.send(extras.iter().fold(self.call(), |call, it| it.add_to(call))).await?;
        if self.is_paid(&together) {
            return Ok(Vec::new());
        }
        let mut believed = Vec::new();
        for extra in extras {
            self.fund(1).await?;
            let seen = self.send(extra.add_to(self.call())).await?;
            if !self.is_paid(&seen) {
                let Extra { name, value, .. } = extra;
                believed.push(format!("{name} of {value}: {}", self.effect(&seen)));
            }
        }
        if believed.is_empty() {
            let names: Vec<_> = extras.iter().map(|it| &*it.name).collect();
            believed.push(format!("{} together: {}", names.join(", "), self.effect(&together)));
        }
        Ok(believed)
    }

    /// What became of a call that should have been paid for as usual.
    fn effect(&self, seen: &Seen) -> String {
        let free =
            if self.came_through(seen) && seen.postings.is_empty() { "it passed unpaid: " } else { "" };
        format!("{free}it got {}, and {}", seen.got(), seen.charged())
    }
}

/// Ways to write a path that some servers read as the same.
fn spellings(path: &str) -> Vec<String> {
    let plain = path.trim_end_matches('/');
    let Some((before, last)) = plain.rsplit_once('/') else {
        return vec!["//".to_owned(), "/./".to_owned(), "/tollgate-doctor/..".to_owned()];
    };
    let mut spellings = vec![
        format!("/{plain}"),
        format!("{before}//{last}"),
        format!("{before}/./{last}"),
        format!("/tollgate-doctor/..{plain}"),
        format!("{plain};doctor"),
    ];
    if let Some((at, letter)) = last.char_indices().rfind(|it| it.1.is_ascii_alphanumeric()) {
        let (start, end) = last.split_at(at);
        let rest = end.get(letter.len_utf8()..).unwrap_or_default();
        spellings.push(format!("{before}/{start}%{:02X}{rest}", u32::from(letter)));
    }
    if !before.is_empty() {
        spellings.push(format!("{before}%2F{last}"));
    }
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_other_spelling_is_in_normal_form() {
        for path in ["/", "/a", "/v1/messages", "/v1/messages/", "/v1/m-"] {
            for spelling in spellings(path) {
                assert!(!ledger::path::is_normal(&spelling), "{path}: {spelling}");
            }
        }
    }

    #[test]
    fn the_last_letter_is_escaped() {
        assert!(spellings("/v1/messages").contains(&"/v1/message%73".to_owned()));
    }
}

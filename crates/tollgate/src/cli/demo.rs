//! `tollgate demo`: a partner's month over real HTTP, against a server of its own, every number checked.

mod checks;
mod client;
mod month;
mod page;
mod server;
mod story;

use std::net::SocketAddr;

use clap::Args;

use self::client::Client;
use self::server::Server;
use self::story::{Member, Story};
use super::Ended;
use super::stop::Stop;

/// Flags of `tollgate demo`.
#[derive(Args, Debug)]
pub(super) struct DemoArgs {
    /// End after the last step instead of staying up; exit code 0 only if every number was right
    #[arg(long)]
    exit: bool,

    /// Make the calls through this HTTP proxy, to watch them
    #[arg(long, value_name = "ADDR")]
    via: Option<SocketAddr>,
}

pub(super) fn run(args: &DemoArgs) -> Result<(), Ended> {
    // One call at a time needs no second thread.
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Ended::cannot_start)?;
    runtime.block_on(demo(args))
}

async fn demo(args: &DemoArgs) -> Result<(), Ended> {
    let mut stop = Stop::listen()?;
    let mut server = tokio::select! {
        server = Server::start() => server?,
        () = stop.asked() => return Err(stopped_early()),
    };
    page::opening(&server, args.via);
    let client = Client { server: server.address(), via: args.via };
    let mut story = Story::new(client, server.operator_token());
    let played = tokio::select! {
        played = story.play() => played,
        () = stop.asked() => return server.stop().await.and(Err(stopped_early())),
    };
    // Whoever wants to look around may want to all the more when something was wrong.
    let ended = played.and_then(|()| story.verdict());
    if !args.exit {
        if let Err(wrong) = &ended {
            page::wrong(&wrong.sentence);
        }
        explore(&mut server, &mut stop, story.members()).await?;
    }
    server.stop().await?;
    ended
}

/// Leaves everything as it is until somebody asks for the end.
async fn explore(server: &mut Server, stop: &mut Stop, members: &[Member]) -> Result<(), Ended> {
    page::exploring(server, members);
    tokio::select! {
        // A Ctrl-C reaches the server, too; that it ends is then no surprise.
        biased;
        () = stop.asked() => Ok(()),
        ended = server.ended() => Err(Ended::cannot_start(ended)),
    }
}

fn stopped_early() -> Ended {
    Ended::wrong("the demo was stopped before its last step")
}

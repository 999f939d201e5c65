//! Strict replay of a console.
//!
//! A new connection takes the next recorded session; after the last the first comes again. What is typed is compared with the
//! record key by key, however it is cut, and answered with what the device said at that place. Ends of lines are all the same,
//! and what telnet says of itself is no part of it. Whoever deviates is hung up at the end of the line: a device that does not
//! know what to say may do that at any time. A goodbye that the record lacks is no deviation: whether it still arrives when an
//! agent hangs up at once is chance, then as now. The recorded login is redacted: the lab's own is asked for in its place.

pub(crate) mod script;
mod talk;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use fencelab_transcript::Transcript;

use self::script::{Key, Script, Session};
use self::talk::{Heard, Talk, quoted};
use super::Divergences;
use crate::device::{Credentials, RequestLog};
use crate::face::{Carrier, Context, Reply};
use crate::fault::Op;
use crate::plant::{Cause, Power};

/// A transcript being replayed.
#[derive(Debug)]
pub(crate) struct Player {
    script: Script,
    carrier: Carrier,
    credentials: Credentials,
    /// Index of the next session.
    next: usize,
    /// Connections so far.
    count: u32,
    talks: BTreeMap<SocketAddr, Talk>,
    pub(super) divergences: Divergences,
    pub(super) timed: bool,
}

/// The plugs that marks name, with their power at the start.
pub(super) fn plugs_at_start(transcript: &Transcript) -> Vec<(String, Power)> {
    Script::of(transcript).marks.plugs()
}

impl Player {
    pub(super) fn new(transcript: &Transcript, carrier: Carrier, credentials: &Credentials) -> Self {
        Self {
            script: Script::of(transcript),
            carrier,
            credentials: credentials.clone(),
            next: 0,
            count: 0,
            talks: BTreeMap::new(),
            divergences: Divergences::default(),
            timed: false,
        }
    }

    pub(super) fn sessions(&self) -> usize {
        self.talks.len()
    }

    /// Whether telnet's own bytes are among those on the wire.
    pub(crate) fn negotiates(&self) -> bool {
        self.carrier == Carrier::Telnet
    }

    /// Whether the device asks who it is, and not the carrier.
    pub(crate) fn asks_itself(&self) -> bool {
        self.carrier != Carrier::Ssh || self.script.sessions.iter().any(Session::asked_itself)
    }

    /// Whether the carrier may let somebody in: a recorded user or the lab's, with the lab's password.
    pub(crate) fn admits(&self, user: &str, password: Option<&str>) -> bool {
        let recorded = self.script.sessions.iter().filter_map(|session| session.user.as_deref());
        let mut users = recorded.chain([self.credentials.user.as_str()]);
        self.asks_itself()
            || (users.any(|name| name == user) && password == Some(self.credentials.password.as_str()))
    }

    /// Whether what comes next from there is a secret.
    pub(crate) fn awaits_secret(&self, peer: SocketAddr) -> bool {
        self.talk(peer).is_some_and(|(talk, session)| talk.awaits_secret(session))
    }

    fn talk(&self, peer: SocketAddr) -> Option<(&Talk, &Session)> {
        let talk = self.talks.get(&peer)?;
        Some((talk, self.script.sessions.get(talk.session)?))
    }

    /// Somebody connects.
    pub(crate) fn connect(&mut self, now: Duration, peer: SocketAddr) -> Vec<Reply> {
        if self.next >= self.script.sessions.len() {
            self.next = 0;
        }
        let Some(session) = self.script.sessions.get(self.next) else {
            let nobody = Some((1, "no session".to_owned()));
            self.divergences.note(now, nobody, || "a connection".to_owned());
            return vec![Reply::end(Op::Session)];
        };
        self.count = self.count.saturating_add(1);
        let mut talk = Talk::new(self.count, self.next, self.negotiates());
        self.next += 1;
        let mut replies = vec![Reply::new(talk.end.open(), Duration::ZERO, Op::Session)];
        replies.retain(|reply| !reply.bytes.is_empty());
        replies.extend(said(session, &talk, 0, 0, self.timed));
        if session.hung_up != Some(0) {
            self.talks.insert(peer, talk);
        }
        replies
    }

    /// Bytes come; none: the other side has hung up.
    pub(super) fn handle(
        &mut self,
        now: Duration,
        peer: SocketAddr,
        bytes: &[u8],
        context: &mut Context<'_>,
    ) -> Vec<Reply> {
        let Some(mut talk) = self.talks.remove(&peer) else { return Vec::new() };
        let Some(session) = self.script.sessions.get(talk.session) else { return Vec::new() };
        if bytes.is_empty() {
            if talk.astray.is_some() && !session.is_left_at(talk.at) {
                stray(&mut self.divergences, now, &talk, session, &self.credentials);
            }
            return Vec::new();
        }
        let (data, reply) = talk.end.decode(bytes);
        let mut replies = vec![Reply::new(reply, Duration::ZERO, Op::Session)];
        replies.retain(|reply| !reply.bytes.is_empty());
        for byte in data {
            let before = talk.at;
            let Some(heard) = talk.hear(now, byte, session, &self.credentials) else { continue };
            match heard {
                Heard::Right => {}
                Heard::Line => {
                    self.log_line(now, &talk, session, context);
                    talk.begin_line();
                }
                Heard::Astray => continue,
                // Who asks something waits for the answer, and is hung up while it waits.
                Heard::AstrayLine if session.is_left_at(talk.at) && !talk.has_said_goodbye => {
                    talk.has_said_goodbye = true;
                    continue;
                }
                Heard::AstrayLine => {
                    stray(&mut self.divergences, now, &talk, session, &self.credentials);
                    replies.push(Reply::end(op(session, before)));
                    return replies;
                }
            }
            let from = before + 1;
            for (_, plug, powers) in
                session.moves.iter().filter(|(after, ..)| (from..=talk.at).contains(after))
            {
                let steps: Vec<_> = powers.iter().map(|power| (now, *power)).collect();
                let cause = Cause::Request(context.log.next_number().saturating_sub(1));
                context.plant.schedule(now, plug, &steps, cause);
            }
            replies.extend(said(session, &talk, from, talk.at, self.timed));
            if session.hung_up.is_some_and(|at| (from..=talk.at).contains(&at)) {
                return replies;
            }
        }
        self.talks.insert(peer, talk);
        replies
    }

    fn log_line(&self, now: Duration, talk: &Talk, session: &Session, context: &mut Context<'_>) {
        let answered = session.said.iter().any(|said| said.after == talk.at);
        context.log.push(RequestLog {
            exchange: context.faults.exchange(),
            number: 0,
            at: now,
            face: context.face,
            session: talk.number,
            request: session.text(session.line_of(talk.at.saturating_sub(1))),
            answer: if answered { "as recorded" } else { "nothing" }.to_owned(),
            effect: None,
        });
    }

    /// When somebody who deviated has had time enough for the rest of the line.
    pub(crate) fn next_wake(&self) -> Option<Duration> {
        self.talks.values().filter_map(|talk| talk.astray).min()
    }

    /// Hangs up who has deviated and does not end the line.
    pub(crate) fn wake(&mut self, now: Duration) -> Vec<(SocketAddr, Reply)> {
        let is_due = |talk: &Talk| talk.astray.is_some_and(|until| until <= now);
        let due: Vec<SocketAddr> =
            self.talks.iter().filter(|(_, talk)| is_due(talk)).map(|(peer, _)| *peer).collect();
        for peer in &due {
            let Some(talk) = self.talks.remove(peer) else { continue };
            let Some(session) = self.script.sessions.get(talk.session) else { continue };
            stray(&mut self.divergences, now, &talk, session, &self.credentials);
        }
        due.into_iter().map(|peer| (peer, Reply::end(Op::Other))).collect()
    }

    /// What these bytes would be about: a record does not say which lines tell the power, so every one may.
    pub(super) fn classify(&self, peer: SocketAddr) -> Op {
        self.talk(peer).map_or(Op::Session, |(talk, session)| op(session, talk.at))
    }

    /// Whether these bytes end a line, or are a key that may count.
    pub(crate) fn is_request(&self, peer: SocketAddr, bytes: &[u8]) -> bool {
        let Some((talk, _)) = self.talk(peer) else { return false };
        talk.end.clone().decode(bytes).0.iter().any(u8::is_ascii_control)
    }
}

/// What the device said after so many strokes, `from` to `to`, and its end.
fn said(session: &Session, talk: &Talk, from: usize, to: usize, timed: bool) -> Vec<Reply> {
    let here = session.said.iter().filter(|said| (from..=to).contains(&said.after));
    let mut replies: Vec<Reply> = here
        .map(|said| {
            let delay = if timed { said.delay } else { Duration::ZERO };
            Reply::new(talk.end.encode(&said.bytes), delay, op(session, said.after))
        })
        .collect();
    if session.hung_up.is_some_and(|at| (from..=to).contains(&at)) {
        let delay = replies.last().map_or(Duration::ZERO, |reply| reply.delay);
        replies.push(Reply { delay, ..Reply::end(op(session, to)) });
    }
    replies
}

/// What a place of the session is about: who comes in, an order, or anything that may tell the power.
fn op(session: &Session, at: usize) -> Op {
    let line = session.line_of(at.saturating_sub(1));
    match session.accepted() {
        Some(secret) if at <= secret => Op::Session,
        _ if at == 0 => Op::Session,
        _ if session.moves.iter().any(|(after, ..)| *after == line.end + 1) => Op::Control,
        _ => Op::Status,
    }
}

/// Notes that somebody did not say what was recorded.
fn stray(divergences: &mut Divergences, now: Duration, talk: &Talk, session: &Session, login: &Credentials) {
    let expected = session.strokes.get(talk.at).map(|stroke| {
        let text = match stroke.key {
            Key::Secret => "the lab's password".to_owned(),
            _ => quoted(&session.text(session.line_of(talk.at))),
        };
        (stroke.line, text)
    });
    divergences.note(now, expected, || talk.shown(login));
}

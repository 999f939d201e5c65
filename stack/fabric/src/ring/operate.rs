//! Operation: who has the token sends.

use std::time::Duration;

use super::Output;
use super::node::Node;
use super::wire::{Data, Packet, SPAN, Token, Wanted};
use crate::transport::To;

/// A token names so many missing places at most, so that it stays a small packet.
pub(super) const WANTED: usize = 30;

impl Node {
    /// The token has come.
    pub(super) fn operate(&mut self, now: Duration, mut token: Token) {
        self.hop = token.hop;
        self.tally.tokens += 1;
        let since = self.last_token.replace(now).map(|last| now.saturating_sub(last));
        self.out.push(Output::Token(since));

        let again = self.serve(&mut token);
        let others = token.sent.saturating_sub(self.last_sent);
        let most = self.config.max_messages.min(self.config.window.saturating_sub(others));
        let mut sent = 0;
        while again + sent < most && token.seq < token.aru.saturating_add(SPAN / 2) {
            let Some(data) = self.queue.pop_front() else { break };
            token.seq = token.seq.saturating_add(1);
            self.order(data, token.seq);
            sent += 1;
        }
        self.deliver();

        let own = self.history.aru;
        if token.aru_by.is_none_or(|by| by == self.own) || own < token.aru {
            token.aru = own;
            token.aru_by = (own < token.seq).then_some(self.own);
        }
        let ring = self.history.ring;
        for seq in self.history.missing(token.seq).take(WANTED) {
            let wanted = Wanted { ring, seq };
            if token.wanted.len() < WANTED && !token.wanted.contains(&wanted) {
                token.wanted.push(wanted);
            }
        }
        self.settle(self.last_aru.min(token.aru));
        self.last_aru = token.aru;
        self.last_sent = again + sent;
        token.sent = others.saturating_add(self.last_sent);
        token.hop = token.hop.saturating_add(1);
        let (next, seq) = (self.behind(self.members.iter().copied()), token.seq);
        self.pass(now, next, &Packet::Token(token), seq);
    }

    /// Sends again what others are missing. Answers how much.
    fn serve(&mut self, token: &mut Token) -> u32 {
        let mut again = 0;
        let (history, out, most) = (&self.history, &mut self.out, self.config.max_messages);
        token.wanted.retain(|wanted| match history.get(wanted.seq).filter(|_| again < most) {
            Some(data) => {
                out.push(Output::Send(To::Others, Packet::Data(data.clone()).emit()));
                again += 1;
                false
            }
            // What everyone has is wanted no more.
            None => wanted.seq > history.safe,
        });
        self.tally.retransmits += u64::from(again);
        again
    }

    /// Gives a packet of this node its place, and sends it.
    fn order(&mut self, data: Data, seq: u64) {
        let data = Data { ring: self.history.ring, seq, ..data };
        if data.is_last {
            self.unstable.push_back((seq, data.number));
        }
        self.tally.sent += 1;
        if self.members.len() > 1 {
            self.out.push(Output::Send(To::Others, Packet::Data(data.clone()).emit()));
        }
        self.history.take(data);
    }

    /// Everyone has what is up to here.
    fn settle(&mut self, safe: u64) {
        self.history.forget(safe);
        let mut stable = None;
        while let Some((_, number)) = self.unstable.pop_front_if(|(seq, _)| *seq <= safe) {
            stable = Some(number);
        }
        self.out.extend(stable.map(Output::Stable));
    }

    /// A node that is alone needs no token.
    pub(super) fn send_alone(&mut self) {
        if !self.is_operational() || self.members.len() != 1 {
            return;
        }
        while let Some(data) = self.queue.pop_front() {
            self.order(data, self.history.aru + 1);
            self.deliver();
            self.settle(self.history.aru);
        }
    }
}

//! The process of one node: it has one part in a fabric at a time, and does what it is told.

use std::io::{BufRead, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use crate::load::{self, Wishes};
use crate::measure;
use crate::member::{Member, Opened};
use crate::order::{Answer, Order};
use crate::transport::{Error, Place, Transport};

/// Takes orders from `orders` until it ends, and answers on `answers`. `ip` is where it opens transports unless told otherwise.
///
/// # Errors
/// `answers` cannot be written to.
pub fn work(
    orders: impl BufRead + Send + 'static,
    mut answers: impl Write,
    ip: Option<IpAddr>,
) -> std::io::Result<()> {
    let (sender, receiver) = channel();
    // What is wished of a load that runs must not wait behind it.
    std::thread::spawn(move || {
        let mut wishes = Arc::new(Wishes::default());
        for line in orders.lines() {
            let Ok(line) = line else { break };
            let order = serde_json::from_str::<Order>(&line);
            match order {
                Ok(Order::Stop) => wishes.stop(),
                Ok(Order::Cut(is_cut)) => wishes.cut(is_cut),
                order => {
                    wishes = Arc::new(Wishes::default());
                    let order = order.map_err(|error| format!("an order that is none: {error}"));
                    if sender.send((order, Arc::clone(&wishes))).is_err() {
                        break;
                    }
                }
            }
        }
        wishes.stop();
    });
    Worker { ip: ip.unwrap_or(Ipv4Addr::LOCALHOST.into()), opened: None, member: None }
        .run(&receiver, &mut answers)
}

type Ordered = (Result<Order, String>, Arc<Wishes>);

struct Worker {
    ip: IpAddr,
    opened: Option<Opened>,
    member: Option<Member>,
}

impl Worker {
    fn run(&mut self, orders: &Receiver<Ordered>, answers: &mut impl Write) -> std::io::Result<()> {
        let mut lost = None;
        for (order, wishes) in orders {
            let mut tell = |answer: &Answer| {
                let line = serde_json::to_string(answer).unwrap_or_default();
                if let Err(error) = writeln!(answers, "{line}").and_then(|()| answers.flush()) {
                    // Nobody listens any more.
                    wishes.stop();
                    lost = Some(error);
                }
            };
            let done = order.map_err(Error::Unfit).and_then(|order| self.obey(order, &wishes, &mut tell));
            tell(&done.unwrap_or_else(|error| match error {
                Error::NoDevice(why) => Answer::NoDevice(why),
                error => Answer::Failed(error.to_string()),
            }));
            if let Some(error) = lost {
                return Err(error);
            }
        }
        Ok(())
    }

    fn obey(
        &mut self,
        order: Order,
        wishes: &Wishes,
        tell: &mut dyn FnMut(&Answer),
    ) -> Result<Answer, Error> {
        match order {
            Order::Open { kind, ip, nodes, message, waiting, device } => {
                self.member = None;
                measure::prepare();
                let ip = ip.unwrap_or(self.ip);
                let opened = Opened::open(kind, &Place { ip, nodes, message, waiting, device })?;
                let address = opened.address();
                self.opened = Some(opened);
                Ok(Answer::Opened { address, environment: Box::new(measure::environment(ip)) })
            }
            Order::Link { own, addresses } => {
                let opened = self.opened.take().ok_or_else(|| unfit("nothing is open"))?;
                let (limits, guarantees) = self.member.insert(opened.link(own, &addresses)?).nature();
                Ok(Answer::Linked { limits, guarantees })
            }
            Order::Clock => Ok(Answer::Clock(measure::now())),
            Order::PingPong(load) => {
                let result = load::ping_pong(self.transport()?, &load, wishes)?;
                Ok(Answer::PingPong(Box::new(result)))
            }
            Order::Stream(load) => {
                Ok(Answer::Stream(Box::new(load::stream(self.transport()?, &load, wishes)?)))
            }
            Order::Ring(load) => {
                let turned = self.linked()?.turn(&load, wishes, &mut |event| tell(&Answer::Ring(event)));
                Ok(Answer::Stopped(turned?.map(Box::new)))
            }
            Order::Stop | Order::Cut(_) | Order::Kill | Order::Freeze | Order::Thaw => {
                Err(unfit("this order is not for the node's process"))
            }
        }
    }

    fn linked(&mut self) -> Result<&mut Member, Error> {
        self.member.as_mut().ok_or_else(|| unfit("no transport is linked"))
    }

    fn transport(&mut self) -> Result<&mut dyn Transport, Error> {
        self.linked()?.transport()
    }
}

fn unfit(words: &str) -> Error {
    Error::Unfit(words.to_owned())
}

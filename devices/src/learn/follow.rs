//! Which fields follow a plug's power, which requests move it, and how long that takes. Knows no protocol.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::story::{Place, Story, Wish};
use super::truth::Truth;
use crate::plant::Power;

/// What a field showed while the power was known. The place is the first line that says so.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    /// While it was on, as told by marks.
    pub(super) on: BTreeMap<String, Place>,
    /// While it was off.
    pub(super) off: BTreeMap<String, Place>,
    /// While it is only presumed to have been on.
    pub(super) maybe_on: BTreeMap<String, Place>,
    /// While it is only presumed to have been off.
    pub(super) maybe_off: BTreeMap<String, Place>,
    /// Asked for by name in a status, on, off or reboot of this plug: what an agent believes.
    pub(super) asked: bool,
}

/// How a field follows a plug.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Follows {
    pub(super) on: BTreeMap<String, Place>,
    pub(super) off: BTreeMap<String, Place>,
    /// Both powers were told; otherwise one was presumed.
    pub(super) told: bool,
}

impl Shown {
    /// Whether the field shows other values while on than while off.
    pub(super) fn follows(&self) -> Option<Follows> {
        let apart = |on: &BTreeMap<String, Place>, off: &BTreeMap<String, Place>| {
            !on.is_empty() && !off.is_empty() && on.keys().all(|value| !off.contains_key(value))
        };
        if apart(&self.on, &self.off) {
            return Some(Follows { on: self.on.clone(), off: self.off.clone(), told: true });
        }
        let on = if self.on.is_empty() { &self.maybe_on } else { &self.on };
        let off = if self.off.is_empty() { &self.maybe_off } else { &self.off };
        (apart(on, off) && (self.on.is_empty() || self.off.is_empty())).then(|| Follows {
            on: on.clone(),
            off: off.clone(),
            told: false,
        })
    }
}

/// Everything that was shown while a plug's power was known.
pub(super) fn shown<K: Clone + Ord>(story: &Story<K>, plug: &str) -> BTreeMap<K, Shown> {
    let mut fields: BTreeMap<K, Shown> = BTreeMap::new();
    for recording in story {
        let truth = Truth::of(recording, plug);
        for exchange in &recording.exchanges {
            let act = exchange.act.and_then(|act| recording.acts.get(act));
            let own = act.is_some_and(|act| act.plug.as_deref() == Some(plug) && act.wish != Wish::Other);
            let known = truth.at(exchange.place.line);
            if !own && known.is_none() {
                continue;
            }
            // What a write's answer repeats is what was written, not what is.
            for (field, value) in exchange.told.iter().filter(|_| exchange.wrote.is_empty()) {
                let shown = fields.entry(field.clone()).or_default();
                shown.asked |= own && exchange.named;
                let values = match known {
                    Some((Power::On, true)) => &mut shown.on,
                    Some((Power::Off, true)) => &mut shown.off,
                    Some((Power::On, false)) => &mut shown.maybe_on,
                    Some((Power::Off, false)) => &mut shown.maybe_off,
                    None => continue,
                };
                values.entry(value.clone()).or_insert_with(|| exchange.place.clone());
            }
        }
    }
    fields
}

/// An order that was accepted in an action that came to its end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Order<K> {
    pub(super) plug: String,
    pub(super) does: Does,
    pub(super) field: K,
    pub(super) value: String,
    pub(super) place: Place,
    /// The action sent no other field but this one.
    pub(super) alone: bool,
}

/// What an order does.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Does {
    On,
    Off,
    Cycle,
}

impl Does {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Cycle => "cycle",
        }
    }

    fn of(power: Power) -> Self {
        match power {
            Power::On => Self::On,
            Power::Off => Self::Off,
        }
    }
}

/// The orders of all actions that succeeded.
pub(super) fn orders<K: Clone + Ord>(story: &Story<K>) -> Vec<Order<K>> {
    let mut orders = Vec::new();
    for recording in story {
        for (index, act) in recording.acts.iter().enumerate() {
            let (Some(plug), true) = (&act.plug, act.done()) else { continue };
            let sent: Vec<(&K, &String, &Place)> = recording
                .exchanges
                .iter()
                .filter(|exchange| exchange.act == Some(index) && exchange.accepted)
                .flat_map(|exchange| {
                    exchange.wrote.iter().map(|(field, value)| (field, value, &exchange.place))
                })
                .collect();
            let fields: BTreeSet<&K> = sent.iter().map(|(field, ..)| *field).collect();
            let values: Vec<&String> = {
                let mut values: Vec<&String> = sent.iter().map(|(_, value, _)| *value).collect();
                values.dedup();
                values
            };
            for (field, value, place) in &sent {
                let does = match act.wish {
                    Wish::Power(power) => Does::of(power),
                    // Two orders of one field are off and on; one is the device's own cycle.
                    Wish::Cycle if fields.len() == 1 && values.len() == 1 => Does::Cycle,
                    Wish::Cycle if fields.len() == 1 && values.len() == 2 => {
                        if values.first() == Some(value) { Does::Off } else { Does::On }
                    }
                    Wish::Cycle | Wish::Look | Wish::Other => continue,
                };
                orders.push(Order {
                    plug: plug.clone(),
                    does,
                    field: (*field).clone(),
                    value: (*value).clone(),
                    place: (*place).clone(),
                    alone: fields.len() == 1,
                });
            }
        }
    }
    orders
}

/// From an order to its truth: later than every look that showed the old power, not later than any that showed the new.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Delay {
    /// The latest look that did not show the new power yet, since the order.
    pub(super) after: Option<(Duration, Place)>,
    /// The earliest look at the new power.
    pub(super) within: Option<(Duration, Place)>,
}

/// What was shown on the way that is neither of the two.
pub(super) type OnTheWay = Vec<(String, Place)>;

/// The delay of all orders to `power`. `status` names the field that shows a plug's power, `reads` what a value means.
pub(super) fn delay<K: Clone + Ord>(
    story: &Story<K>,
    power: Power,
    is_order: &dyn Fn(&str, &K, &str) -> bool,
    status: &dyn Fn(&str, &K) -> bool,
    reads: &dyn Fn(&str) -> Option<Power>,
) -> (Delay, OnTheWay) {
    let (mut delay, mut on_the_way) = (Delay::default(), Vec::new());
    for recording in story {
        for (index, act) in recording.acts.iter().enumerate() {
            let Some(plug) = act.plug.as_deref().filter(|_| act.done()) else { continue };
            let order = recording.exchanges.iter().position(|exchange| {
                exchange.act == Some(index)
                    && exchange.accepted
                    && exchange.wrote.iter().any(|(field, value)| is_order(plug, field, value))
            });
            let Some(order) = order else { continue };
            let Some(sent) = recording.exchanges.get(order).map(|exchange| exchange.at) else { continue };
            // Until the next write the plug is on its way to this power, or there.
            let later = recording.exchanges.iter().skip(order + 1).take_while(|other| other.wrote.is_empty());
            let mut arrived = false;
            for look in later {
                // What happens after it has arrived is another story.
                if arrived {
                    break;
                }
                let since = look.at.saturating_sub(sent);
                for (_, value) in look.told.iter().filter(|(field, _)| status(plug, field)) {
                    match reads(value) {
                        Some(seen) if seen == power => {
                            arrived = true;
                            if delay.within.as_ref().is_none_or(|(best, _)| since < *best) {
                                delay.within = Some((since, look.place.clone()));
                            }
                        }
                        other => {
                            if delay.after.as_ref().is_none_or(|(best, _)| since > *best) {
                                delay.after = Some((since, look.place.clone()));
                            }
                            if other.is_none() {
                                on_the_way.push((value.clone(), look.place.clone()));
                            }
                        }
                    }
                }
            }
        }
    }
    (delay, on_the_way)
}

impl Delay {
    /// A short decimal between the bounds; `None` if the bounds contradict each other. Without a look at the old power, zero.
    pub(super) fn chosen(&self) -> Option<Duration> {
        let Some((low, _)) = &self.after else { return Some(Duration::ZERO) };
        let Some((high, _)) = &self.within else { return Some(*low + Duration::from_millis(1)) };
        if low >= high {
            return None;
        }
        let middle = (*low + *high) / 2;
        for step in [1_000_000, 500_000, 100_000, 50_000, 10_000, 1_000_u64] {
            let micros = u64::try_from(middle.as_micros()).unwrap_or(u64::MAX);
            let near = Duration::from_micros(micros.saturating_add(step / 2) / step * step);
            // Not at a bound: what was recorded at 0.999 s will come at 1.001 s another time.
            if near.abs_diff(middle) <= (*high - *low) / 4 {
                return Some(near);
            }
        }
        Some(middle)
    }
}

/// A time as a person reads it: seconds, to the millisecond.
pub(super) fn words(time: Duration) -> String {
    let text = format!("{:.3}", time.as_secs_f64());
    format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Option<(Duration, Place)> {
        Some((Duration::from_millis(millis), Place { file: "a".into(), line: 1 }))
    }

    #[test]
    fn a_delay_is_a_short_decimal_between_its_bounds() {
        for (after, within, chosen) in [
            (None, at(800), Some(0)),
            (at(250), at(800), Some(500)),
            (at(0), at(1_000), Some(500)),
            (at(1_002), at(2_002), Some(1_500)),
            (at(2_100), at(4_200), Some(3_000)),
            (at(1_001), at(1_003), Some(1_002)),
            (at(400), None, Some(401)),
            (at(400), at(400), None),
        ] {
            let delay = Delay { after, within };
            assert_eq!(delay.chosen(), chosen.map(Duration::from_millis), "{delay:?}");
        }
    }
}

//! States and rules as they are written, for every face.

use serde::Deserialize;
use toml::Spanned;

use super::Text;
use crate::plant::Power;
use crate::spec::rule::Meaning;
use crate::spec::text::WordOr;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::spec) struct State<S> {
    pub(in crate::spec) name: Text,
    pub(in crate::spec) means: Meaning,
    #[serde(default = "Vec::new")]
    pub(in crate::spec) seen: Vec<S>,
    pub(in crate::spec) source: Text,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::spec) struct Rule<O, A> {
    pub(in crate::spec) on: Spanned<O>,
    pub(in crate::spec) answer: Option<Spanned<WordOr<A>>>,
    pub(in crate::spec) done: Option<bool>,
    pub(in crate::spec) done_after: Option<Text>,
    pub(in crate::spec) moves: Option<Text>,
    pub(in crate::spec) resets: Option<Text>,
    pub(in crate::spec) reset_time: Option<Text>,
    pub(in crate::spec) source: Text,
}

/// The keys of `on` that say when, whatever the protocol.
pub(in crate::spec) struct Timing<'a> {
    pub(in crate::spec) while_power: Option<Power>,
    pub(in crate::spec) after: Option<&'a Text>,
    pub(in crate::spec) window: Option<&'a Text>,
    pub(in crate::spec) first: Option<&'a Spanned<u32>>,
    pub(in crate::spec) nth: Option<&'a Spanned<u32>>,
    pub(in crate::spec) every: Option<&'a Spanned<u32>>,
}

/// Has them.
pub(in crate::spec) trait Timed {
    fn timing(&self) -> Timing<'_>;
}

/// A table `on`: the protocol's own keys and those of [`Timing`]. serde cannot flatten one struct into another and still
/// refuse unknown keys, so the common ones are written by this.
macro_rules! on_table {
    ($(#[$doc:meta])* $name:ident { $($key:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Deserialize)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        pub(in crate::spec) struct $name {
            $(pub(in crate::spec) $key: $kind,)*
            while_power: Option<crate::plant::Power>,
            after: Option<Text>,
            #[serde(rename = "for")]
            window: Option<Text>,
            first: Option<Spanned<u32>>,
            nth: Option<Spanned<u32>>,
            every: Option<Spanned<u32>>,
        }

        impl $crate::spec::raw::rule::Timed for $name {
            fn timing(&self) -> $crate::spec::raw::rule::Timing<'_> {
                $crate::spec::raw::rule::Timing {
                    while_power: self.while_power,
                    after: self.after.as_ref(),
                    window: self.window.as_ref(),
                    first: self.first.as_ref(),
                    nth: self.nth.as_ref(),
                    every: self.every.as_ref(),
                }
            }
        }
    };
}
pub(super) use on_table;

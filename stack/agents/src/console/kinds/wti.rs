//! WTI's network power switches ("NPS Series User's Guide", `/S`, `/SG`, `/ON`, `/OFF`).
//!
//! The status screen is a table whose columns differ from model to model, so they are found by what their heads say. A plug
//! is called as in the column "plug", or a group by its name; a plug that is busy shows an asterisk, which is neither on
//! nor off. A group is off only when all of its plugs are.

use crate::{
    console::{
        dialect::Dialect,
        kind::{Choice, Kind},
        pattern::Ending,
        plug::{Notation, Plug},
        reading::{ON_OFF, Refusals, absent},
        step::Say,
        talk::Talk,
        terminal::Pager,
        text::one_line,
    },
    failure::{Failure, Step},
    fence::{Outlet, PowerState, Wanted},
};

const REFUSALS: Refusals =
    Refusals::line(r"(?i)^\s*(?:error|invalid|.*(?:invalid (?:command|plug)|access denied|not permitted))");

/// A row of a table: what stands in each column.
type Row = Vec<String>;

/// A table of a status screen.
struct Table {
    heads: Row,
    rows: Vec<Row>,
}

impl Table {
    /// The table whose first head is `first`. Each page may repeat the heads. A row that is shorter than they are ends it, and
    /// what is no row is passed over.
    fn read(screen: &str, first: &str) -> Option<Self> {
        let columns = |line: &str| line.split('|').map(|column| column.trim().to_owned()).collect::<Row>();
        let mut lines = screen.lines().map(str::trim_end);
        let heads = lines.find_map(|line| {
            let heads = columns(line);
            heads.first().is_some_and(|head| head.eq_ignore_ascii_case(first)).then_some(heads)
        })?;
        let rows = lines.filter(|line| line.contains('|')).map(columns);
        let rows = rows.take_while(|row| row.len() >= heads.len()).filter(|row| *row != heads).collect();
        Some(Self { heads, rows })
    }

    fn column(&self, head: &str) -> Result<usize, Failure> {
        self.heads.iter().position(|own| own.eq_ignore_ascii_case(head)).ok_or_else(|| {
            Failure::lasting(Step::Parse, format!("the table of the device has no column {head:?}"))
        })
    }
}

/// What a plug or a group is called, its alias, its state.
type Found = (String, String, PowerState);

fn plugs(screen: &str) -> Result<Vec<Found>, Failure> {
    let Some(table) = Table::read(screen, "PLUG") else {
        let seen = format!("the device shows no table of plugs, but {:?}", one_line(screen));
        return Err(Failure::passing(Step::Parse, seen));
    };
    let (plug, name, status) = (table.column("PLUG")?, table.column("NAME")?, table.column("STATUS")?);
    let cell = |row: &Row, column: usize| row.get(column).cloned().unwrap_or_default();
    let rows = table.rows.iter().filter(|row| !cell(row, plug).is_empty());
    Ok(rows.map(|row| (cell(row, plug), cell(row, name), ON_OFF.read(&cell(row, status)))).collect())
}

/// The rows of a group stand below each other, its name in the first of them.
fn groups(screen: &str) -> Result<Vec<Found>, Failure> {
    let Some(table) = Table::read(screen, "GROUP NAME") else { return Ok(Vec::new()) };
    let (name, plug, status) = (table.column("GROUP NAME")?, table.column("PLUG")?, table.column("STATUS")?);
    let mut groups: Vec<(String, Vec<PowerState>)> = Vec::new();
    for row in &table.rows {
        let cell = |column: usize| row.get(column).map(String::as_str).unwrap_or_default();
        if !cell(name).is_empty() {
            groups.push((cell(name).to_owned(), Vec::new()));
        }
        // A group without plugs has dashes.
        if let Some((_, states)) = groups.last_mut()
            && !cell(plug).is_empty()
            && !cell(status).contains("---")
        {
            states.push(ON_OFF.read(cell(status)));
        }
    }
    Ok(groups.into_iter().map(|(name, states)| (name.clone(), name, together(&states))).collect())
}

/// On if any is, off if all are, and unknown otherwise.
fn together(states: &[PowerState]) -> PowerState {
    let unknown = || PowerState::Unknown("not all plugs of the group are known to be off".to_owned());
    match states {
        [] => PowerState::Unknown("the group has no plugs".to_owned()),
        states if states.contains(&PowerState::On) => PowerState::On,
        states if states.iter().all(|state| *state == PowerState::Off) => PowerState::Off,
        _ => unknown(),
    }
}

/// The only one of this name. The device does not mind the case, so another case is the second choice.
fn find(all: &[Found], wanted: &str) -> Result<Option<Found>, Failure> {
    for same in [str::eq, str::eq_ignore_ascii_case] {
        let mut found = all.iter().filter(|(name, ..)| same(name, wanted));
        match (found.next(), found.next()) {
            (None, _) => {}
            (Some(one), None) => return Ok(Some(one.clone())),
            (Some(_), Some(_)) => {
                return Err(Failure::lasting(Step::Command, format!("the device lists plug {wanted} twice")));
            }
        }
    }
    Ok(None)
}

struct Wti;

impl Wti {
    fn plugs(talk: &mut Talk<'_, '_>) -> Result<Vec<Found>, Failure> {
        plugs(&Self::say(talk, Say::line("/S"), &Plug::default())?)
    }

    /// Some firmware has no groups, and does not know the command.
    fn groups(talk: &mut Talk<'_, '_>) -> Result<Vec<Found>, Failure> {
        groups(&Self::say(talk, Say::line("/SG").may_fail(), &Plug::default())?)
    }

    fn say(talk: &mut Talk<'_, '_>, say: Say, plug: &Plug) -> Result<String, Failure> {
        let pagers = [Pager { ending: Ending::telling("(?i)Enter:"), say: "\r\n" }];
        Ok(talk.say(&say, plug, &REFUSALS, &pagers)?.text)
    }

    fn find(talk: &mut Talk<'_, '_>, plug: &Plug) -> Result<Found, Failure> {
        if let Some(found) = find(&Self::plugs(talk)?, &plug.name)? {
            return Ok(found);
        }
        let found = find(&Self::groups(talk)?, &plug.name)?;
        found.ok_or_else(|| absent(&plug.name, "the device lists other plugs and groups, and not this one"))
    }
}

impl Dialect for Wti {
    fn power(&self, talk: &mut Talk<'_, '_>, plug: &Plug) -> Result<PowerState, Failure> {
        Ok(Self::find(talk, plug)?.2)
    }

    fn set(&self, talk: &mut Talk<'_, '_>, plug: &Plug, wanted: Wanted) -> Result<(), Failure> {
        // An expression for several plugs is none that the device lists.
        Self::find(talk, plug)?;
        let say = match wanted {
            Wanted::On => Say::line("/on {plug},y"),
            Wanted::Off => Say::line("/off {plug},y"),
        };
        Self::say(talk, say.slow(), plug)?;
        Ok(())
    }

    fn list(&self, talk: &mut Talk<'_, '_>, _: bool) -> Result<Option<Vec<Outlet>>, Failure> {
        let mut all = Self::plugs(talk)?;
        all.extend(Self::groups(talk)?);
        Ok(Some(all.into_iter().map(|(plug, alias, state)| Outlet { plug, alias, state }).collect()))
    }

    fn quit(&self) -> &'static [&'static str] {
        &["/X"]
    }
}

static NPS: Wti = Wti;

/// What `fence_wti` speaks to. Some of these devices ask for a password only, or for nothing.
pub(crate) static WTI: Kind = Kind::new(Choice::Always(&NPS))
    .prompts_are(
        "['RSM>', 'MPC>', 'IPS>', 'TPS>', 'NBB>', 'NPS>', 'VMR>']",
        &["RSM>", "MPC>", "IPS>", "TPS>", "NBB>", "NPS>", "VMR>"],
    )
    .plugs(Notation::Word);

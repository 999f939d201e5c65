//! The result: printed, and with `--write` put into the README.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// A table of results.
#[derive(Clone, Debug)]
pub struct Table {
    name: &'static str,
    head: Vec<String>,
    rows: Vec<Vec<String>>,
    failed: Vec<String>,
}

impl Table {
    /// An empty one; `name` is the program's, and marks the table's place in the README.
    pub fn new<const N: usize>(name: &'static str, head: [&str; N]) -> Self {
        Self { name, head: head.map(str::to_owned).to_vec(), rows: Vec::new(), failed: Vec::new() }
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.to_vec());
    }

    /// A target as a cell: it says whether it is met, and [`Table::finish`] fails if it is not.
    pub fn target(&mut self, what: &str, met: bool) -> String {
        if !met {
            self.failed.push(what.to_owned());
        }
        format!("{what} {}", if met { "✓" } else { "✗" })
    }

    /// The table as Markdown with columns of one width.
    pub fn markdown(&self) -> String {
        let width = |column: usize| {
            let cells = self.rows.iter().chain([&self.head]).filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<_> = (0..self.head.len()).map(width).collect();
        let mut text = String::new();
        let mut line = |cells: &[String]| {
            for (cell, width) in cells.iter().zip(&widths) {
                let _ = write!(text, "| {cell:width$} ");
            }
            text.push_str("|\n");
        };
        line(&self.head);
        line(&widths.iter().map(|width| "-".repeat(*width)).collect::<Vec<_>>());
        self.rows.iter().for_each(|row| line(row));
        text
    }

    /// Prints the table; with `write` also puts it into `benches/README.md`.
    ///
    /// # Errors
    /// A target is missed, or the README cannot be written.
    pub fn finish(&self, write: bool) -> Result<()> {
        print!("{}", self.markdown());
        if write {
            let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
            let old = fs::read_to_string(&readme).context("failed to read benches/README.md")?;
            let (begin, end) = (format!("<!-- {} -->\n", self.name), format!("<!-- /{} -->", self.name));
            let (before, rest) =
                old.split_once(&begin).with_context(|| format!("no {begin:?} in benches/README.md"))?;
            let (_, after) =
                rest.split_once(&end).with_context(|| format!("no {end:?} in benches/README.md"))?;
            let new = format!("{before}{begin}{}{end}{after}", self.markdown());
            fs::write(&readme, new).context("failed to write benches/README.md")?;
        }
        ensure!(self.failed.is_empty(), "missed: {}", self.failed.join("; "));
        Ok(())
    }
}

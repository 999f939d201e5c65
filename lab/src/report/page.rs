//! The frame of every page: it needs nothing else, neither font nor network, and its one script only copies and unfolds.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::style;

/// Nothing may be fetched and nothing sent, whatever a device or an agent made its words of.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// Copies the text beside a button, and unfolds what a link leads into.
const SCRIPT: &str = r"
document.addEventListener('click', event => {
  const button = event.target.closest('button.copy');
  if (!button) return;
  const block = button.parentElement.querySelector('pre');
  const say = words => { button.textContent = words; setTimeout(() => { button.textContent = 'copy'; }, 1500); };
  const select = () => {
    getSelection().selectAllChildren(block);
    say(document.execCommand('copy') ? 'copied' : 'selected');
  };
  if (navigator.clipboard) navigator.clipboard.writeText(block.textContent).then(() => say('copied'), select);
  else select();
});
const unfold = () => {
  let place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let it = place; it; it = it.parentElement) if (it.tagName === 'DETAILS') it.open = true;
  if (place) place.scrollIntoView();
};
addEventListener('hashchange', unfold);
unfold();
";

/// A whole page.
pub(super) fn render(title: &str, body: Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(style::SHEET)) }
            }
            body {
                main { (body) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// The head of a page: what it is of, how it was made, and the verdict.
pub(super) fn head(name: &str, made: &Markup, (look, verdict): (&str, &str)) -> Markup {
    html! {
        div.top {
            div { h1 { (name) } p.faint { (made) } }
            div.verdict.(look) { (verdict) }
        }
    }
}

/// Numbers that stand beside each other.
pub(super) fn tiles(tiles: &[(String, &str)]) -> Markup {
    html! { div.tiles { @for (value, name) in tiles { div.tile { b { (value) } span.faint { (name) } } } } }
}

/// A block of text with a button that copies it.
pub(super) fn copied(class: &str, text: &str) -> Markup {
    html! { div.copied { pre.(class) { (text) } button.copy type="button" { "copy" } } }
}

/// A number with its digits in threes.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().filter_map(|group| std::str::from_utf8(group).ok()).collect();
    groups.join("\u{202f}")
}

/// A number from a hundred on, with narrow spaces between its thousands and nothing behind the point.
pub(super) fn thousands_of(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let sign = if value < 0.0 { "-" } else { "" };
    digits.parse().map_or_else(|_| digits.clone(), |whole| format!("{sign}{}", thousands(whole)))
}

/// What stands under every page.
pub(super) fn foot() -> Markup {
    html! {
        footer {
            "fencelab " (env!("CARGO_PKG_VERSION")) ". A verdict asks only the emulated plug: what an agent says is believed by nobody here."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(thousands),
            ["0", "999", "1\u{202f}000", "1\u{202f}234\u{202f}567"]
        );
    }
}

//! Durations as people write them: `250us`, `0.8s`, `500ms`, `3m`, `2h`.

use std::time::Duration;

/// The longest duration that is accepted: 366 days. Anything longer is a slip of the pen.
pub const MAX: Duration = Duration::from_secs(366 * 24 * 3600);

/// Reads `<number><unit>`; units: `ns`, `us`, `ms`, `s`, `m`, `h`. Fractions are allowed (`0.8s`).
///
/// # Errors
/// A sentence that says what is wrong and how to mend it.
pub fn parse(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let nanoseconds_per_unit: u128 = match unit.trim() {
        "ns" => 1,
        "us" | "µs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" | "min" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        "" => return Err(format!("`{text}` has no unit; write for example `{text}s` or `{text}ms`")),
        other => return Err(format!("`{other}` is no unit of time; use ns, us, ms, s, m or h")),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let bad = || format!("`{text}` is no duration; write for example `3s`, `0.8s` or `500ms`");
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') || fraction.len() > 12 {
        return Err(bad());
    }
    let digits = |part: &str| if part.is_empty() { Ok(0) } else { part.parse::<u128>().map_err(|_| bad()) };
    let total = digits(whole)?.checked_mul(nanoseconds_per_unit).and_then(|whole| {
        let scale = 10u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        let part = digits(fraction).ok()?.checked_mul(nanoseconds_per_unit)?;
        whole.checked_add(part / scale)
    });
    match total {
        Some(total) if total <= MAX.as_nanos() => {
            let seconds = u64::try_from(total / 1_000_000_000).map_err(|_| bad())?;
            let rest = u32::try_from(total % 1_000_000_000).map_err(|_| bad())?;
            Ok(Duration::new(seconds, rest))
        }
        _ => Err(format!("`{text}` is too long; the limit is {} hours", MAX.as_secs() / 3600)),
    }
}

/// Writes the shortest exact form in one unit that [`parse`] reads back to the same value.
#[must_use]
pub fn format(duration: Duration) -> String {
    let total = duration.as_nanos();
    for (unit, name) in [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")] {
        if total.is_multiple_of(unit) {
            return format!("{}{name}", total / unit);
        }
    }
    format!("{total}ns")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_each_unit() {
        for (text, ms) in
            [("3s", 3000), ("0.8s", 800), ("500ms", 500), ("2m", 120_000), ("1h", 3_600_000), (".5s", 500)]
        {
            assert_eq!(parse(text), Ok(Duration::from_millis(ms)), "{text}");
        }
    }

    #[test]
    fn says_how_to_mend() {
        assert!(parse("3").unwrap_err().contains("`3s`"));
        assert!(parse("3 days").unwrap_err().contains("no unit of time"));
        for bad in ["", "s", ".", "1.2.3s", "-1s", "99999999999999999999999999999999999999999s", "1e9s"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn limit_is_inclusive() {
        assert!(parse("8784h").is_ok());
        assert!(parse("8784.000001h").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in ".*") { let _ = parse(&text); }

        #[test]
        fn written_is_read_back(nanoseconds in 0u64..31_622_400_000_000_000) {
            let duration = Duration::from_nanos(nanoseconds);
            prop_assert_eq!(parse(&format(duration)), Ok(duration));
        }
    }
}

//! From a raw reading to a value (IPMI 2.0, §36.3).

/// The formula of a sensor: `y = L((M·x + B·10^K1)·10^K2)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Analog {
    format: Format,
    linearization: u8,
    m: i16,
    b: i16,
    b_exponent: i8,
    result_exponent: i8,
}

/// How the raw byte is a number (§43.1, byte 21, bits 7:6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Unsigned,
    OnesComplement,
    TwosComplement,
    /// The sensor has no analog reading.
    None,
}

/// `value` as a number of `bits` bits with a sign.
fn signed(value: u16, bits: u32) -> i16 {
    let shift = 16 - bits;
    ((value << shift) as i16) >> shift
}

impl Analog {
    /// From the fields of a full record: bytes 21, 24 and 25–30.
    pub fn new(units: u8, linearization: u8, factors: [u8; 6]) -> Self {
        let [m_low, m_high, b_low, b_high, _, exponents] = factors;
        let ten_bits = |low: u8, high: u8| signed(u16::from(low) | u16::from(high & 0xc0) << 2, 10);
        Self {
            format: match units >> 6 {
                0 => Format::Unsigned,
                1 => Format::OnesComplement,
                2 => Format::TwosComplement,
                _ => Format::None,
            },
            linearization: linearization & 0x7f,
            m: ten_bits(m_low, m_high),
            b: ten_bits(b_low, b_high),
            b_exponent: signed(u16::from(exponents & 0x0f), 4) as i8,
            result_exponent: signed(u16::from(exponents >> 4), 4) as i8,
        }
    }

    /// The value in the sensor's unit, or nothing if the sensor has none or is not linear in a known way.
    ///
    /// Sensors with a linearization of 70h–7Fh need Get Sensor Reading Factors for each reading.
    pub fn value(&self, raw: u8) -> Option<f64> {
        let x = match self.format {
            Format::Unsigned => f64::from(raw),
            // In ones' complement FFh is minus nought.
            Format::OnesComplement if raw >= 0x80 => -f64::from(!raw),
            Format::OnesComplement => f64::from(raw),
            Format::TwosComplement => f64::from(raw as i8),
            Format::None => return None,
        };
        let power = |exponent: i8| 10_f64.powi(i32::from(exponent));
        let y = (f64::from(self.m) * x + f64::from(self.b) * power(self.b_exponent))
            * power(self.result_exponent);
        Some(match self.linearization {
            0 => y,
            1 => y.ln(),
            2 => y.log10(),
            3 => y.log2(),
            4 => y.exp(),
            5 => 10_f64.powf(y),
            6 => y.exp2(),
            7 => y.recip(),
            8 => y.powi(2),
            9 => y.powi(3),
            10 => y.sqrt(),
            11 => y.cbrt(),
            _ => return None,
        })
        .filter(|y| y.is_finite())
    }
}

/// The name of a unit (table 43-15); the commoner ones.
pub fn unit_name(unit: u8) -> String {
    match unit {
        0 => "unspecified units",
        1 => "degrees C",
        2 => "degrees F",
        3 => "degrees K",
        4 => "volts",
        5 => "amps",
        6 => "watts",
        7 => "joules",
        8 => "coulombs",
        9 => "VA",
        17 => "CFM",
        18 => "RPM",
        19 => "Hz",
        20 => "microseconds",
        21 => "milliseconds",
        22 => "seconds",
        23 => "minutes",
        24 => "hours",
        other => return format!("unit {other}"),
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::Analog;

    #[test]
    fn factors_are_ten_bits_and_exponents_four_with_sign() {
        // A 12 V rail: M = 63, B = 0, result exponent -3.
        let rail = Analog::new(0, 0, [0x3f, 0, 0, 0, 0, 0xd0]);
        assert_eq!(rail.value(190).map(|v| (v * 1000.0).round()), Some(11970.0));
        // M = -1, B = -2, B exponent 1.
        let falling = Analog::new(0, 0, [0xff, 0xc0, 0xfe, 0xc0, 0, 0x01]);
        assert_eq!(falling.value(5), Some(-25.0));
    }

    #[test]
    fn the_same_byte_reads_by_its_format() {
        let value = |units| Analog::new(units, 0, [1, 0, 0, 0, 0, 0]).value(0xfe);
        assert_eq!(value(0x00), Some(254.0));
        assert_eq!(value(0x40), Some(-1.0));
        assert_eq!(value(0x80), Some(-2.0));
        assert_eq!(value(0xc0), None);
    }

    #[test]
    fn what_cannot_be_computed_has_no_value() {
        assert_eq!(Analog::new(0, 7, [1, 0, 0, 0, 0, 0]).value(0), None, "1/0");
        assert_eq!(Analog::new(0, 0x70, [1, 0, 0, 0, 0, 0]).value(1), None, "non-linear");
    }
}

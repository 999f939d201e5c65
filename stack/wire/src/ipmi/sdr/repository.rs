//! A store of records that is read in parts, under a reservation (IPMI 2.0, §33.11–33.12; §31.4–31.5).

use crate::ipmi::command::storage::RecordPart;
use crate::ipmi::message::Completion;

/// Records in the order in which they are handed out; serves SDRs and SEL entries alike.
///
/// A record's id is its first two bytes. A record shorter than that cannot be asked for.
#[derive(Clone, Debug, Default)]
pub struct Repository {
    records: Vec<Vec<u8>>,
    reservation: u16,
}

impl Repository {
    /// These records, in this order.
    pub fn new(records: Vec<Vec<u8>>) -> Self {
        Self { records, reservation: 0 }
    }

    /// All records.
    pub fn records(&self) -> &[Vec<u8>] {
        &self.records
    }

    /// A new reservation; the one before it ends. Never 0, which means "none".
    pub fn reserve(&mut self) -> u16 {
        self.reservation = self.reservation.checked_add(1).unwrap_or(1);
        self.reservation
    }

    /// Adds a record at the end; reservations end, as the specification wants of any change.
    pub fn add(&mut self, record: Vec<u8>) {
        self.records.push(record);
        self.reserve();
    }

    /// Removes every record; reservations end.
    pub fn clear(&mut self) {
        self.records.clear();
        self.reserve();
    }

    /// Whether this reservation still holds. 0 holds as long as nobody ever reserved.
    pub fn holds(&self, reservation: u16) -> bool {
        reservation == self.reservation
    }

    /// Answers Get SDR, Get Device SDR or Get SEL Entry.
    ///
    /// # Errors
    /// The completion code: no such record, reservation cancelled (asked only for a part that does not begin at
    /// the record's first byte), offset beyond the record.
    pub fn read(
        &self,
        reservation: u16,
        record: u16,
        offset: u8,
        count: u8,
    ) -> Result<RecordPart, Completion> {
        let place = match record {
            0x0000 => Some(0),
            0xffff => self.records.len().checked_sub(1),
            id => self.records.iter().position(|bytes| id_of(bytes) == Some(id)),
        };
        let bytes = place.and_then(|place| self.records.get(place)).ok_or(Completion::NOT_PRESENT)?;
        if offset != 0 && !self.holds(reservation) {
            return Err(Completion::RESERVATION_CANCELLED);
        }
        let tail = bytes.get(usize::from(offset)..).ok_or(Completion::OUT_OF_RANGE)?;
        let wanted = if count == 0xff { tail.len() } else { usize::from(count).min(tail.len()) };
        let next = place.and_then(|place| self.records.get(place + 1)).and_then(|bytes| id_of(bytes));
        Ok(RecordPart {
            next: next.unwrap_or(0xffff),
            data: tail.iter().take(wanted).copied().collect(),
            rest: Vec::new(),
        })
    }
}

fn id_of(record: &[u8]) -> Option<u16> {
    record.first_chunk().map(|id| u16::from_le_bytes(*id))
}

#[cfg(test)]
mod tests {
    use super::Repository;
    use crate::ipmi::message::Completion;

    fn two() -> Repository {
        Repository::new(vec![vec![1, 0, 0x51, 0xc0, 2, 0xaa, 0xbb], vec![7, 0, 0x51, 0xc0, 1, 0xcc]])
    }

    #[test]
    fn records_are_chained_by_their_ids() {
        let store = two();
        assert_eq!(store.read(0, 0, 0, 0xff).map(|part| (part.next, part.data.len())), Ok((7, 7)));
        assert_eq!(store.read(0, 7, 0, 0xff).map(|part| part.next), Ok(0xffff));
        assert_eq!(store.read(0, 0xffff, 0, 2).map(|part| part.data), Ok(vec![7, 0]));
        assert_eq!(store.read(0, 9, 0, 0xff), Err(Completion::NOT_PRESENT));
    }

    #[test]
    fn a_part_needs_the_reservation_that_still_holds() {
        let mut store = two();
        let id = store.reserve();
        assert_eq!(store.read(id, 1, 5, 2).map(|part| part.data), Ok(vec![0xaa, 0xbb]));
        store.add(vec![8, 0]);
        assert_eq!(store.read(id, 1, 5, 2), Err(Completion::RESERVATION_CANCELLED));
    }

    #[test]
    fn the_end_of_a_record_can_be_read_and_a_step_beyond_cannot() {
        let store = two();
        assert_eq!(store.read(0, 1, 7, 1).map(|part| part.data), Ok(vec![]));
        assert_eq!(store.read(0, 1, 8, 1), Err(Completion::OUT_OF_RANGE));
    }
}

//! The global route header: forty bytes that stand before a datagram's message in the receiver's buffer, whether the datagram had
//! the header or not, and that the device counts (ibv_post_recv(3); InfiniBand Architecture Specification 1, section 11.4.1.2).

/// Its length.
pub(super) const GRH: usize = 40;

/// The length of the message, of what the device counted. `None`: it was no datagram.
pub(super) fn stripped(counted: usize) -> Option<usize> {
    counted.checked_sub(GRH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_no_part_of_the_message() {
        assert_eq!(stripped(GRH + 64), Some(64));
        assert_eq!(stripped(GRH), Some(0));
        assert_eq!(stripped(GRH - 1), None);
    }

    /// corosync 1.x did not take it off: a message that was sent on grew by it each time, until it was too long for the link.
    #[test]
    fn a_message_that_is_sent_on_does_not_grow() {
        let mut message = 2048;
        for _ in 0..100 {
            let counted = message + GRH;
            message = stripped(counted).unwrap();
        }
        assert_eq!(message, 2048);
    }
}

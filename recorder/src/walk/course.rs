//! The course of a walk: what to ask next, and when to stop. It knows no time and no network.

use fencelab_wire::snmp::{Binding, ErrorStatus, Oid, Pdu, PduKind, Value};

/// Where a walk stands.
#[derive(Debug)]
pub(super) struct Course {
    /// The subtrees that are left, the last one first.
    left: Vec<Oid>,
    root: Oid,
    /// The object behind which to ask on.
    at: Oid,
    /// Whether anything was found below `root`.
    found: bool,
    /// Whether `root` itself is being asked for, since nothing stands below it.
    exactly: bool,
    /// Objects for each question; 0 = one by GetNext.
    repetitions: u16,
    pub(super) objects: u64,
    pub(super) objects_max: u64,
    pub(super) warnings: Vec<String>,
}

/// What to ask.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Question {
    pub(super) kind: PduKind,
    pub(super) object: Oid,
    /// Of a GetBulk.
    pub(super) repetitions: u16,
}

impl Course {
    /// Over these subtrees; `repetitions` 0 asks for one object at a time.
    pub(super) fn new(roots: &[Oid], repetitions: u16, objects_max: u64) -> Self {
        let mut left: Vec<Oid> = roots.iter().rev().cloned().collect();
        let root = left.pop().unwrap_or_else(|| Oid::from([1, 3, 6, 1]));
        Self {
            left,
            at: root.clone(),
            root,
            found: false,
            exactly: false,
            repetitions,
            objects: 0,
            objects_max,
            warnings: Vec::new(),
        }
    }

    /// The last object that was seen, or the root.
    pub(super) fn at(&self) -> &Oid {
        &self.at
    }

    /// The question to ask now.
    pub(super) fn question(&self) -> Question {
        let kind = match (self.exactly, self.repetitions) {
            (true, _) => PduKind::Get,
            (false, 0) => PduKind::GetNext,
            (false, _) => PduKind::GetBulk,
        };
        Question { kind, object: self.at.clone(), repetitions: self.repetitions }
    }

    /// Asks for less at a time; answers whether that was possible.
    pub(super) fn ask_less(&mut self) -> bool {
        let less = self.repetitions / 2;
        std::mem::replace(&mut self.repetitions, less) != less
    }

    /// Asks for one object at a time; answers whether it was more before.
    pub(super) fn ask_for_one(&mut self) -> bool {
        std::mem::replace(&mut self.repetitions, 0) > 0
    }

    /// Takes an answer; answers whether the walk goes on.
    pub(super) fn hear(&mut self, answer: &Pdu) -> bool {
        if answer.error != ErrorStatus::NO_ERROR {
            return self.refused(answer.error);
        }
        if answer.bindings.is_empty() {
            self.warn("the device answers without any object");
            return self.end_of_subtree();
        }
        for Binding { object, value } in &answer.bindings {
            if self.exactly {
                self.objects += u64::from(*object == self.root && !value.is_exception());
                return self.next_subtree();
            }
            if *value == Value::EndOfMibView || value.is_exception() || !object.starts_with(&self.root) {
                return self.end_of_subtree();
            }
            if *object <= self.at && (self.found || *object != self.at) {
                self.warn(&format!(
                    "the device goes back to {object}; the walk of this subtree ends, or it would never"
                ));
                return self.next_subtree();
            }
            if *object == self.at {
                self.warn(
                    "the device answers with the object it was asked from; the walk of this subtree ends",
                );
                return self.next_subtree();
            }
            self.at = object.clone();
            self.found = true;
            self.objects += 1;
            if self.objects >= self.objects_max {
                self.warn(&format!("{} objects were read, which is the limit; the walk ends", self.objects));
                return false;
            }
        }
        true
    }

    fn refused(&mut self, error: ErrorStatus) -> bool {
        match error {
            // The end of the view in SNMPv1 (RFC 1157, 4.1.3).
            ErrorStatus::NO_SUCH_NAME => self.end_of_subtree(),
            ErrorStatus::TOO_BIG if !self.exactly && self.ask_less() => true,
            other => {
                self.warn(&format!("the device refuses to go on: {other}; the walk of this subtree ends"));
                self.next_subtree()
            }
        }
    }

    /// Gives the subtree up, for a reason outside the answers; answers whether another one is left.
    pub(super) fn give_up(&mut self, why: &str) -> bool {
        self.warn(why);
        self.next_subtree()
    }

    /// A root may be an object itself; then nothing stands below it.
    fn end_of_subtree(&mut self) -> bool {
        if self.found || self.exactly {
            return self.next_subtree();
        }
        self.exactly = true;
        self.at = self.root.clone();
        true
    }

    fn next_subtree(&mut self) -> bool {
        let Some(next) = self.left.pop() else { return false };
        self.root = next.clone();
        self.at = next;
        (self.found, self.exactly) = (false, false);
        true
    }

    fn warn(&mut self, what: &str) {
        self.warnings.push(format!("behind {}: {what}", self.at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oid(text: &str) -> Oid {
        text.parse().unwrap()
    }

    fn answer(objects: &[&str]) -> Pdu {
        let bindings = objects.iter().map(|object| Binding { object: oid(object), value: Value::Integer(1) });
        Pdu::new(PduKind::Response, 1, bindings.collect())
    }

    fn course(roots: &[&str], repetitions: u16) -> Course {
        let roots: Vec<Oid> = roots.iter().map(|root| oid(root)).collect();
        Course::new(&roots, repetitions, 1000)
    }

    #[test]
    fn a_walk_goes_on_behind_the_last_object_until_the_subtree_ends() {
        let mut course = course(&["1.3.6.1", "1.3.7"], 2);
        assert!(course.hear(&answer(&["1.3.6.1.1", "1.3.6.1.2"])));
        let question = Question { kind: PduKind::GetBulk, object: oid("1.3.6.1.2"), repetitions: 2 };
        assert_eq!(course.question(), question);
        assert!(course.hear(&answer(&["1.3.6.1.3", "1.3.6.2"])), "another subtree is left");
        assert_eq!(course.question().object, oid("1.3.7"));
        assert!(course.hear(&answer(&["1.4"])), "perhaps the root is an object");
        assert_eq!(course.question().kind, PduKind::Get);
        assert!(!course.hear(&answer(&["1.3.7"])));
        assert_eq!((course.objects, course.warnings.len()), (4, 0));
    }

    #[test]
    fn a_device_that_goes_back_or_in_a_ring_is_left() {
        for objects in [&["1.3.6.1.5", "1.3.6.1.4"][..], &["1.3.6.1.5", "1.3.6.1.5"], &["1.3.6.1"]] {
            let mut course = course(&["1.3.6.1"], 10);
            assert!(!course.hear(&answer(objects)), "{objects:?}");
            assert_eq!(course.warnings.len(), 1, "{objects:?}");
        }
    }

    #[test]
    fn the_limit_of_objects_holds() {
        let mut course = Course::new(&[oid("1.3")], 5, 2);
        assert!(!course.hear(&answer(&["1.3.1", "1.3.2", "1.3.3"])));
        assert_eq!(course.objects, 2);
        let mut course = Course::new(&[oid("1.3")], 5, 3);
        assert!(course.hear(&answer(&["1.3.1", "1.3.2"])), "a step below it");
    }

    #[test]
    fn errors_end_a_subtree_or_ask_for_less() {
        let refusal = |error| Pdu { error, ..answer(&[]) };
        let mut bulk = course(&["1.3"], 8);
        assert!(bulk.hear(&refusal(ErrorStatus::TOO_BIG)));
        assert_eq!(bulk.question().repetitions, 4);
        assert!((0..3).all(|_| bulk.ask_less()) && !bulk.ask_less());
        assert_eq!(bulk.question().kind, PduKind::GetNext);
        assert!(!bulk.hear(&refusal(ErrorStatus::TOO_BIG)));
        let mut v1 = course(&["1.3"], 0);
        assert!(v1.hear(&answer(&["1.3.1"])));
        assert!(!v1.hear(&refusal(ErrorStatus::NO_SUCH_NAME)));
        assert_eq!(v1.warnings, [""; 0], "this is how SNMPv1 ends");
        let mut broken = course(&["1.3"], 0);
        assert!(!broken.hear(&refusal(ErrorStatus::GEN_ERR)));
        assert_eq!(broken.warnings.len(), 1);
    }
}

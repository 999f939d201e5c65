//! Covers pairs: cases in which every value of every dimension meets every value of every other one, in few cases.
//!
//! Most defects need one unusual thing or two at once (D. R. Kuhn et al., NIST SP 800-142, §1). Trying all pairs one by one is
//! dear; a case that is unusual in several ways covers many pairs at once, but may also hide what one of them would have shown. The
//! generator is greedy and moderate: it takes a pair that is still open, leaves most of the other dimensions as usual, and of a few
//! draws takes the one that closes most of the open pairs.

use std::collections::BTreeSet;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

/// Draws that compete for each case.
const RIVALS: usize = 8;

/// So many of the first dimension's values come in half of the cases.
const FIRST: usize = 3;

/// A generator of cases, each a value number for every dimension.
pub(crate) struct Cover {
    sizes: Vec<usize>,
    open: BTreeSet<Pair>,
    /// The two last dimensions have the same values, and it does not matter which of the two comes first.
    twins: bool,
    /// Pairs of dimensions, those with the fewest pairs of values first.
    blocks: Vec<(usize, usize)>,
    given: u64,
}

/// Two values of two dimensions, the lower dimension first.
type Pair = ((usize, usize), (usize, usize));

impl Cover {
    /// Dimensions of so many values each, of which number 0 is the usual one: pairs of two usual values need no case. The first
    /// dimension, where cases begin, is in no pair: it has a value in every case, mostly one of the first few.
    ///
    /// `twins`: the two last dimensions have the same values in the same order, and a pair of them is the same either way; the
    /// pair of a value with itself is none.
    pub(crate) fn new(sizes: Vec<usize>, twins: bool) -> Self {
        let mut open = BTreeSet::new();
        let mut blocks = Vec::new();
        for (one, first) in sizes.iter().enumerate().skip(1) {
            for (two, second) in sizes.iter().enumerate().skip(one + 1) {
                let are_twins = twins && two + 1 == sizes.len() && one + 2 == sizes.len();
                let pairs = (1..*first).flat_map(|a| (1..*second).map(move |b| ((one, a), (two, b))));
                open.extend(pairs.filter(|((_, a), (_, b))| !are_twins || a < b));
                blocks.push((first * second, (one, two)));
            }
        }
        blocks.sort_unstable();
        let blocks = blocks.into_iter().map(|(_, block)| block).collect();
        Cover { sizes, open, twins, blocks, given: 0 }
    }

    /// How many pairs no case has shown yet.
    pub(crate) fn open(&self) -> usize {
        self.open.len()
    }

    /// The next case; `None` when all pairs have been in one.
    pub(crate) fn next(&mut self, random: &mut ChaCha8Rng) -> Option<Vec<usize>> {
        self.given += 1;
        let from = if self.given.is_multiple_of(2) { self.smallest() } else { self.pick(random) }?;
        let best = (0..RIVALS).map(|_| self.draw(from, random)).max_by_key(|case| self.closes(case))?;
        self.close(&best);
        Some(best)
    }

    /// A pair of the smallest block that is not covered yet: small spaces are exhausted before large ones are well begun.
    fn smallest(&mut self) -> Option<Pair> {
        loop {
            let (one, two) = *self.blocks.first()?;
            let mut of_first = self.open.range(((one, 0), (0, 0))..((one + 1, 0), (0, 0)));
            if let Some(pair) = of_first.find(|((_, _), (dimension, _))| *dimension == two) {
                return Some(*pair);
            }
            self.blocks.remove(0);
        }
    }

    /// Any open pair will do; one from a random place spreads over the dimensions from the beginning.
    fn pick(&self, random: &mut ChaCha8Rng) -> Option<Pair> {
        let dimension = 1 + below(random, self.sizes.len().saturating_sub(1));
        let value = below(random, self.sizes.get(dimension).copied().unwrap_or(1));
        self.open.range(((dimension, value), (0, 0))..).next().or_else(|| self.open.first()).copied()
    }

    fn draw(&self, (one, two): Pair, random: &mut ChaCha8Rng) -> Vec<usize> {
        // Mostly the usual: whatever is refused at the door hides what stands behind it.
        let mut value = |(dimension, size): (usize, &usize)| match dimension {
            0 if below(random, 2) == 0 => below(random, FIRST.min(*size)),
            0 => below(random, *size),
            _ if below(random, 4) == 0 => below(random, *size),
            _ => 0,
        };
        let mut case: Vec<usize> = self.sizes.iter().enumerate().map(&mut value).collect();
        for (dimension, value) in [one, two] {
            if let Some(slot) = case.get_mut(dimension) {
                *slot = value;
            }
        }
        case
    }

    fn pairs(&self, case: &[usize]) -> impl Iterator<Item = Pair> {
        let places = case.iter().copied().enumerate();
        let last = if self.twins { self.sizes.len().checked_sub(1) } else { None };
        let pairs =
            places.clone().flat_map(move |one| places.clone().skip(one.0 + 1).map(move |two| (one, two)));
        pairs.map(move |((one, a), (two, b))| {
            let are_twins = Some(two) == last && one + 1 == two;
            if are_twins && a > b { ((one, b), (two, a)) } else { ((one, a), (two, b)) }
        })
    }

    fn closes(&self, case: &[usize]) -> usize {
        self.pairs(case).filter(|pair| self.open.contains(pair)).count()
    }

    fn close(&mut self, case: &[usize]) {
        let shown: Vec<Pair> = self.pairs(case).collect();
        shown.iter().for_each(|pair| {
            self.open.remove(pair);
        });
    }
}

/// A number below `limit`; 0 where there is none.
pub(crate) fn below(random: &mut ChaCha8Rng, limit: usize) -> usize {
    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
    let number = random.next_u64().checked_rem(limit).unwrap_or_default();
    usize::try_from(number).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn every_pair_is_in_a_case_and_few_cases_do() {
        let sizes = vec![5, 4, 12, 3, 30];
        let mut cover = Cover::new(sizes.clone(), false);
        let all = cover.open();
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let mut seen = BTreeSet::new();
        let mut cases = 0;
        while let Some(case) = cover.next(&mut random) {
            assert!(case.iter().zip(&sizes).all(|(value, size)| value < size));
            seen.extend(cover.pairs(&case).filter(|((one, a), (_, b))| *one > 0 && *a > 0 && *b > 0));
            cases += 1;
        }
        assert_eq!((seen.len(), cover.open()), (all, 0));
        // One by one it would be as many cases as pairs.
        assert!(cases < all, "{cases} cases for {all} pairs");
    }

    #[test]
    fn a_pair_of_twins_is_the_same_either_way() {
        let mut cover = Cover::new(vec![1, 2, 6, 6], true);
        // 1 × 5 twice, and 4 + 3 + 2 + 1.
        assert_eq!(cover.open(), 20);
        let mut random = ChaCha8Rng::seed_from_u64(7);
        while cover.next(&mut random).is_some() {}
        assert_eq!(cover.open(), 0);
    }

    #[test]
    fn the_smallest_block_is_covered_soon() {
        let mut cover = Cover::new(vec![1, 4, 4, 100, 100], false);
        let mut random = ChaCha8Rng::seed_from_u64(7);
        for _ in 0..18 {
            cover.next(&mut random);
        }
        assert!(cover.open.iter().all(|((one, _), (two, _))| (*one, *two) != (1, 2)), "all nine pairs");
    }

    #[test]
    fn the_seed_decides() {
        let cases = |seed| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let mut cover = Cover::new(vec![3, 3, 3], false);
            std::iter::from_fn(|| cover.next(&mut random)).collect::<Vec<_>>()
        };
        assert_eq!(cases(1), cases(1));
        assert_ne!(cases(1), cases(2));
        assert!(cases(1).len() >= 2);
    }
}

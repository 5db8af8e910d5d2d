//! Chance that can be repeated: a seed and the number of a case give the same throws.

use rand::rngs::ChaCha8Rng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};

pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    /// A stream of its own for each case, so that one can be made without those before it.
    pub(crate) fn of(seed: u64, case: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(case);
        Self(rng)
    }

    pub(crate) fn percent(&mut self, chance: u32) -> bool {
        self.0.random_range(0..100) < chance
    }

    /// A number for something that is only chosen later, when it is known from how many.
    pub(crate) fn throw(&mut self) -> usize {
        self.0.random_range(0..usize::from(u16::MAX))
    }

    pub(crate) fn between(&mut self, least: u32, most: u32) -> u32 {
        self.0.random_range(least..=most)
    }

    pub(crate) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        list.choose(&mut self.0)
            .expect("there is something to pick")
    }

    /// One of them, each as likely as its weight says.
    pub(crate) fn weighted<'a, T>(&mut self, list: &'a [(usize, T)]) -> &'a T {
        let (_, picked) = list
            .choose_weighted(&mut self.0, |(weight, _)| *weight)
            .expect("there is something to pick");
        picked
    }
}

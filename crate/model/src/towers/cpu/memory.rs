//! Reuses the memory of matrices.
//!
//! Fresh memory is cleared, and the system maps it page by page. For the matrices of sixteen
//! images, that would take as long as multiplying bytes.

use std::{
    mem,
    ops::{Deref, DerefMut},
    sync::{Mutex, MutexGuard, TryLockError},
};

/// Memory that nothing uses, of at most [`MOST`] values in all.
static FREE: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());
/// 128 MB. 16 MB in wasm, whose memory is limited and never returned to the system, so that fresh
/// memory costs less there.
const MOST: usize = if cfg!(target_family = "wasm") { 4 << 20 } else { 32 << 20 };

/// Nobody waits for the lock, since a process that was forked while it was held would wait forever.
fn free() -> Option<MutexGuard<'static, Vec<Vec<f32>>>> {
    match FREE.try_lock() {
        Ok(free) => Some(free),
        Err(TryLockError::Poisoned(free)) => Some(free.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// f32 values whose memory is kept for others.
#[derive(Debug)]
pub(super) struct Recycled {
    memory: Vec<f32>,
    length: usize,
}

impl Recycled {
    /// `length` values, which are unspecified.
    pub(super) fn unspecified(length: usize) -> Self {
        let memory = free().map(|mut free| {
            let fitting = (0..free.len()).filter(|&at| free[at].len() >= length);
            let smallest = fitting.min_by_key(|&at| free[at].len());
            // A new piece replaces the largest one, so that the total does not grow.
            let largest = || (0..free.len()).max_by_key(|&at| free[at].len());
            smallest.or_else(largest).map(|at| free.swap_remove(at)).unwrap_or_default()
        });
        match memory {
            Some(memory) if memory.len() >= length => Self { memory, length },
            too_small => {
                drop(too_small);
                Self { memory: vec![0.0; length], length }
            }
        }
    }

    /// The values.
    pub(super) fn into_vec(mut self) -> Vec<f32> {
        if self.memory.len() == self.length { mem::take(&mut self.memory) } else { self.to_vec() }
    }
}

impl From<Vec<f32>> for Recycled {
    fn from(memory: Vec<f32>) -> Self {
        Self { length: memory.len(), memory }
    }
}

impl Clone for Recycled {
    fn clone(&self) -> Self {
        let mut copy = Self::unspecified(self.length);
        copy.copy_from_slice(self);
        copy
    }
}

impl Drop for Recycled {
    fn drop(&mut self) {
        let memory = mem::take(&mut self.memory);
        if let Some(mut free) = free()
            && !memory.is_empty()
            && free.iter().map(Vec::len).sum::<usize>() + memory.len() <= MOST
        {
            free.push(memory);
        }
    }
}

impl Deref for Recycled {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.memory[..self.length]
    }
}

impl DerefMut for Recycled {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.memory[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_length_and_keep_what_is_written() {
        let mut one = Recycled::unspecified(1000);
        one.fill(1.0);
        let mut two = Recycled::unspecified(10);
        two.fill(2.0);
        assert!(one.len() == 1000 && one.iter().all(|x| *x == 1.0));
        drop(one);
        let copy = two.clone();
        let three = Recycled::unspecified(900);
        assert_eq!(three.len(), 900);
        assert_eq!(copy.into_vec(), [2.0; 10]);
        assert_eq!(Recycled::from(vec![3.0, 4.0]).into_vec(), [3.0, 4.0]);
    }

    #[test]
    fn a_vector_does_not_take_a_large_piece_with_it() {
        let large = Recycled { memory: vec![1.0; 1 << 16], length: 3 };
        let values = large.into_vec();
        assert!(values == [1.0; 3] && values.capacity() < 100);
    }
}

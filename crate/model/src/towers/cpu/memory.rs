//! Memory of matrices, which is used again.
//!
//! Fresh memory is cleared, and the system maps it page by page. For the matrices of sixteen
//! images, that would take as long as multiplying bytes.

use std::{
    mem,
    ops::{Deref, DerefMut},
    sync::{Mutex, PoisonError},
};

/// Memory that nothing uses, at most [`KEPT`] pieces.
static FREE: Mutex<Vec<Vec<f32>>> = Mutex::new(Vec::new());
/// As many as the steps of a layer leave free at a time.
const KEPT: usize = 4;

/// f32 values whose memory is kept for others.
#[derive(Debug, Default)]
pub(super) struct Recycled {
    memory: Vec<f32>,
    length: usize,
}

impl Recycled {
    /// `length` values, which are unspecified.
    pub(super) fn unspecified(length: usize) -> Self {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = (0..free.len()).filter(|&at| free[at].len() >= length);
        let memory = match fitting.min_by_key(|&at| free[at].len()) {
            Some(at) => free.swap_remove(at),
            None => {
                // It replaces the largest piece, so that no more are kept than are used.
                let largest = (0..free.len()).max_by_key(|&at| free[at].len());
                drop(largest.map(|at| free.swap_remove(at)));
                drop(free);
                vec![0.0; length]
            }
        };
        Self { memory, length }
    }

    /// The values.
    pub(super) fn into_vec(mut self) -> Vec<f32> {
        let mut values = mem::take(&mut self.memory);
        values.truncate(self.length);
        values
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
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        if !memory.is_empty() && free.len() < KEPT {
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
}

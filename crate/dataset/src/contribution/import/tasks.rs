//! The queue of files to read.

use std::collections::VecDeque;

use super::files::Kind;

/// A file to read.
#[derive(Debug)]
pub(super) enum Task {
    /// The directory of the zip with this index.
    Zip(usize),
    /// A file, by its group and path.
    Of(usize, String, What),
}

/// How to read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Sums,
    Manifest,
    Check,
    Data(Kind),
}

/// The tasks in the order of their execution: all checksums are read before any is compared, and
/// all are compared before any data are read.
#[derive(Debug, Default)]
pub(super) struct Tasks([VecDeque<Task>; 5]);

impl Tasks {
    fn of(&mut self, task: &Task) -> &mut VecDeque<Task> {
        let at = match task {
            Task::Zip(_) => 0,
            Task::Of(_, _, What::Sums) => 1,
            Task::Of(_, _, What::Manifest) => 2,
            Task::Of(_, _, What::Check) => 3,
            Task::Of(_, _, What::Data(_)) => 4,
        };
        &mut self.0[at]
    }

    pub(super) fn add(&mut self, task: Task) {
        self.of(&task).push_back(task);
    }

    /// Puts a task back at the front.
    pub(super) fn again(&mut self, task: Task) {
        self.of(&task).push_front(task);
    }

    pub(super) fn next(&mut self) -> Option<Task> {
        self.0.iter_mut().find_map(VecDeque::pop_front)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(VecDeque::is_empty)
    }

    pub(super) fn retain(&mut self, stays: impl Fn(&Task) -> bool) {
        self.0.iter_mut().for_each(|tasks| tasks.retain(&stays));
    }
}

//! Which trial runs next: side by side only what fits into memory together.

use std::collections::VecDeque;

/// Trials that wait and trials that run, by their number.
#[derive(Debug, Clone)]
pub struct Queue {
    waiting: VecDeque<usize>,
    running: Vec<usize>,
    /// Predicted peak of each trial in bytes.
    memory: Vec<u64>,
    jobs: usize,
    limit: Option<u64>,
}

impl Queue {
    /// A queue of one trial for each predicted peak; at most `jobs` run at a time, and together they may need `limit` bytes.
    pub fn new(memory: Vec<u64>, jobs: usize, limit: Option<u64>) -> Self {
        Self { waiting: (0..memory.len()).collect(), running: Vec::new(), memory, jobs: jobs.max(1), limit }
    }

    /// Takes the first waiting trial that fits beside those that run. One always runs alone, even if it is predicted not to fit:
    /// whether it may run at all was decided before.
    pub fn start(&mut self) -> Option<usize> {
        if self.running.len() >= self.jobs {
            return None;
        }
        let taken: u64 = self.running.iter().map(|trial| self.memory[*trial]).sum();
        let fits = |trial: &usize| {
            self.running.is_empty() || self.limit.is_none_or(|limit| taken.saturating_add(self.memory[*trial]) <= limit)
        };
        let place = self.waiting.iter().position(fits)?;
        let trial = self.waiting.remove(place)?;
        self.running.push(trial);
        Some(trial)
    }

    /// Notes that a trial has ended.
    pub fn end(&mut self, trial: usize) {
        self.running.retain(|running| *running != trial);
    }

    /// Number of trials that run.
    pub fn running(&self) -> usize {
        self.running.len()
    }

    /// Number of trials that wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(queue: &mut Queue) -> Vec<usize> {
        std::iter::from_fn(|| queue.start()).collect()
    }

    #[test]
    fn as_many_as_asked_for() {
        let mut queue = Queue::new(vec![1; 5], 2, None);
        assert_eq!(started(&mut queue), [0, 1]);
        queue.end(0);
        assert_eq!((started(&mut queue), queue.running(), queue.waiting()), (vec![2], 2, 2));
    }

    #[test]
    fn only_what_fits_together() {
        let mut queue = Queue::new(vec![6, 5, 4, 12], 3, Some(10));
        // 5 does not fit beside 6, but 4 does.
        assert_eq!(started(&mut queue), [0, 2]);
        queue.end(0);
        assert_eq!(started(&mut queue), [1]);
        queue.end(2);
        assert!(started(&mut queue).is_empty());
        queue.end(1);
        assert_eq!((started(&mut queue), queue.waiting()), (vec![3], 0));
    }
}

//! A value that is computed on a worker from what is selected, kept until that changes.
//!
//! A view asks for it once a frame; the first time its key is new the work in progress is given up and other work
//! begins. The value needs no news of its own: it comes back through a channel of this work alone.

use super::{
    banner::Banner,
    worker::{Post, spawn},
};
use crate::engine::Job;
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
    mpsc::{Receiver, TryRecvError, channel},
};

/// What is known about one key.
enum Known<V> {
    Running { job: Job, done: Arc<AtomicU32>, inbox: Receiver<Result<V, Banner>> },
    Done(V),
    Failed(Banner),
}

/// A computed value and the key it is of: a run's number with a head, a token, a choice.
pub struct Derived<K, V> {
    now: Option<(K, Known<V>)>,
    before: Option<(K, V)>,
}

impl<K, V> Default for Derived<K, V> {
    fn default() -> Self {
        Self { now: None, before: None }
    }
}

impl<K: PartialEq, V: Send + 'static> Derived<K, V> {
    /// Hears what came back. Whether `key` is what is known or being worked on: then [`Self::follow`] has nothing to do,
    /// and what it would work with need not be copied.
    pub fn is_of(&mut self, key: Option<&K>, post: &Post) -> bool {
        self.hear(post);
        key == self.now.as_ref().map(|(known, _)| known)
    }

    /// Hears what came back, and starts the work that `make` makes of `key` where that is not the one that is known or
    /// being worked on. Without a key the work ends; what was known stays as [`Self::before`].
    pub fn follow<W>(&mut self, name: &str, key: Option<K>, post: &Post, make: impl FnOnce(&K) -> W)
    where
        W: FnOnce(&Job) -> Result<V, Banner> + Send + 'static,
    {
        if self.is_of(key.as_ref(), post) {
            return;
        }
        self.stop();
        let Some(key) = key else { return };
        let (sender, inbox) = channel();
        let done = Arc::new(AtomicU32::new(0));
        let (share, waker) = (Arc::clone(&done), post.clone());
        let job = Job::with_progress(move |progress| {
            share.store(progress.done.to_bits(), Ordering::Relaxed);
            waker.nudge();
        });
        let (work, theirs) = (make(&key), job.clone());
        spawn(name, post, 0, move |post| {
            let result = work(&theirs);
            if !theirs.is_cancelled() && sender.send(result).is_ok() {
                post.nudge();
            }
        });
        self.now = Some((key, Known::Running { job, done, inbox }));
    }

    fn hear(&mut self, post: &Post) {
        let Some((_, known)) = &mut self.now else { return };
        let Known::Running { inbox, .. } = known else { return };
        *known = match inbox.try_recv() {
            Ok(Ok(value)) => {
                // Nobody asks for it any more, and it may be large
                self.before = None;
                Known::Done(value)
            }
            Ok(Err(banner)) => Known::Failed(banner),
            Err(TryRecvError::Disconnected) => Known::Failed(Banner::panic(post.words())),
            Err(TryRecvError::Empty) => return,
        };
    }

    /// Ends the work; a value that was there is kept as the one before.
    pub fn stop(&mut self) {
        match self.now.take() {
            Some((_, Known::Running { job, .. })) => job.cancel(),
            Some((key, Known::Done(value))) => self.before = Some((key, value)),
            Some((_, Known::Failed(_))) | None => {}
        }
    }

    /// The value of the key that was asked for last.
    pub fn get(&self) -> Option<&V> {
        match &self.now {
            Some((_, Known::Done(value))) => Some(value),
            _ => None,
        }
    }

    /// The value, taken out; its key is known no more.
    pub fn take(&mut self) -> Option<V> {
        match self.now.take() {
            Some((_, Known::Done(value))) => Some(value),
            other => {
                self.now = other;
                None
            }
        }
    }

    /// The same, or while that is computed the one before it, with its key: a view need not go blank meanwhile.
    pub fn latest(&self) -> Option<(&K, &V)> {
        match &self.now {
            Some((key, Known::Done(value))) => Some((key, value)),
            Some((_, Known::Running { .. })) => self.before.as_ref().map(|(key, value)| (key, value)),
            _ => None,
        }
    }

    /// Why there is no value.
    pub fn error(&self) -> Option<&Banner> {
        match &self.now {
            Some((_, Known::Failed(banner))) => Some(banner),
            _ => None,
        }
    }

    /// How much of the work is done, 0 to 1, while it lasts.
    pub fn progress(&self) -> Option<f32> {
        match &self.now {
            Some((_, Known::Running { done, .. })) => Some(f32::from_bits(done.load(Ordering::Relaxed))),
            _ => None,
        }
    }
}

impl<K, V> Drop for Derived<K, V> {
    fn drop(&mut self) {
        if let Some((_, Known::Running { job, .. })) = &self.now {
            job.cancel();
        }
    }
}

//! Contract: a value that a worker computes is shown until its successor is there, and then kept no longer.

use mnemoscope::app::{derived::Derived, worker::Post};
use std::sync::{Arc, Barrier, Weak};
use std::time::{Duration, Instant};

/// Waits until the value of `key` is there.
fn settle(derived: &mut Derived<u32, Arc<u32>>, key: u32, post: &Post) {
    let start = Instant::now();
    while !(derived.is_of(Some(&key), post) && derived.get().is_some()) {
        assert!(start.elapsed() < Duration::from_mins(1), "waited in vain");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn the_value_before_is_shown_until_its_successor_is_there_and_then_let_go() {
    let (post, _inbox) = Post::new();
    let mut derived: Derived<u32, Arc<u32>> = Derived::default();
    derived.follow("first", Some(1), &post, |_| |_: &_| Ok(Arc::new(10)));
    settle(&mut derived, 1, &post);
    let first: Weak<u32> = derived.get().map(Arc::downgrade).expect("settled");

    let gate = Arc::new(Barrier::new(2));
    let theirs = Arc::clone(&gate);
    derived.follow("second", Some(2), &post, |_| {
        move |_: &_| {
            theirs.wait();
            Ok(Arc::new(20))
        }
    });
    assert_eq!(derived.latest().map(|(key, value)| (*key, **value)), Some((1, 10)), "no blank meanwhile");
    assert!(derived.get().is_none(), "and it is not taken for the new one");
    gate.wait();
    settle(&mut derived, 2, &post);
    assert_eq!(derived.latest().map(|(key, value)| (*key, **value)), Some((2, 20)));
    assert!(first.upgrade().is_none(), "what nobody sees takes no memory");
}

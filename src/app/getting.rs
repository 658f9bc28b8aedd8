//! Models that are not open: which ones this machine has, and which the hub would give.

use super::{
    banner::Banner,
    session::Session,
    words::Words,
    worker::{News, spawn},
};
use crate::engine::{Found, Hub, HubError, Job, Library, Offer, Preferences};

/// What is known of them.
#[derive(Default)]
pub struct Shelf {
    /// On this machine; none while it is being looked at.
    pub models: Option<Vec<Found>>,
    /// What the hub said of the name that was asked for.
    pub offer: Option<Offer>,
    /// Whether every connection is forbidden.
    pub offline: bool,
}

impl Session {
    /// Looks again what is on this machine.
    pub fn look_for_models(&mut self) {
        self.shelf.models = None;
        self.shelf.offline = Preferences::load().offline;
        spawn("look for models", self.post(), 0, |post| {
            post.send(News::Listed(Library::usual().scan(&Job::new())));
        });
    }

    /// Asks the hub what a name stands for: its size and licence come first.
    pub fn look_up(&mut self, name: String) {
        self.shelf.offer = None;
        let (number, job) = self.begin_aside(self.post.words().asking);
        spawn("ask the hub", self.post(), number, move |post| {
            post.send(match hub().and_then(|hub| hub.look_up(&name, None, &job)) {
                Ok(offer) => News::Offered { job: number, offer },
                Err(error) => failed(number, &error, post.words()),
            });
        });
    }

    /// Fetches what was offered, then it opens.
    pub fn fetch(&mut self) {
        let Some(offer) = self.shelf.offer.clone() else { return };
        let (number, job) = self.begin_aside(self.post.words().fetching);
        spawn("fetch a model", self.post(), number, move |post| {
            post.send(match hub().and_then(|hub| hub.fetch(&offer, &job)) {
                // A folder in the cache is named by a checksum: its model's own name says more
                Ok(path) if path.is_dir() => News::Fetched { job: number, path: offer.name.into() },
                Ok(path) => News::Fetched { job: number, path },
                Err(error) => failed(number, &error, post.words()),
            });
        });
    }

    /// Forbids or allows connections, for good.
    pub fn set_offline(&mut self, offline: bool) {
        self.shelf.offline = offline;
        let preferences = Preferences { offline, ..Preferences::load() };
        if let Err(error) = preferences.save() {
            self.banner = Some(Banner::error(&error, None));
        }
    }
}

fn hub() -> Result<Hub, HubError> {
    Hub::usual().ok_or(HubError::NoHome)
}

fn failed(job: u64, error: &HubError, words: &Words) -> News {
    match error {
        HubError::Cancelled => News::Cancelled { job },
        error => News::Failed { job, banner: Banner::of(error, words) },
    }
}

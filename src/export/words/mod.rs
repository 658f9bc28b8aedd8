//! The words of figures: titles, axes, legends and notes, each in every language at once, so that none can be forgotten.
//!
//! A topic a file. Layouts, pictures and views name an entry; which language it is read in is the look's choice
//! ([`Look::lang`](super::Look)), made where text is placed. Files of numbers keep the English names of their columns.

pub mod asked;
pub mod atlas;
pub mod maps;
pub mod marks;
pub mod names;
pub mod page;
pub mod views;

use std::borrow::Cow;

use super::options::Lang;

/// With a small first letter, as in the middle of a sentence or a list.
pub fn uncapped(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// What is said, in every language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Says {
    /// In English.
    pub en: Cow<'static, str>,
    /// 简体中文.
    pub zh: Cow<'static, str>,
}

impl From<&str> for Says {
    /// What is made of signs alone reads alike in both.
    fn from(signs: &str) -> Self {
        Self::new(signs.to_owned(), signs.to_owned())
    }
}

impl From<String> for Says {
    fn from(signs: String) -> Self {
        Self::new(signs.clone(), signs)
    }
}

impl Says {
    /// Words that never change.
    pub const fn of(en: &'static str, zh: &'static str) -> Self {
        Self { en: Cow::Borrowed(en), zh: Cow::Borrowed(zh) }
    }

    /// What is said, in each language.
    pub fn new(en: impl Into<Cow<'static, str>>, zh: impl Into<Cow<'static, str>>) -> Self {
        Self { en: en.into(), zh: zh.into() }
    }

    /// Says more.
    pub fn go_on(&mut self, more: &Self) {
        self.en.to_mut().push_str(&more.en);
        self.zh.to_mut().push_str(&more.zh);
    }

    /// In one of them.
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.en,
            Lang::Zh => &self.zh,
        }
    }

    /// Several, one after the other.
    pub fn joined<'a>(all: impl IntoIterator<Item = &'a Self>, between: &str) -> Self {
        let mut whole = Self::default();
        for (place, one) in all.into_iter().enumerate() {
            if place > 0 {
                whole.go_on(&between.into());
            }
            whole.go_on(one);
        }
        whole
    }
}

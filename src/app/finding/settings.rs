//! What can be set to one of several values, and what can be done with the user's own layouts.

use super::Thing;
use crate::{
    app::{
        command::Command,
        layout,
        scene::Scene,
        settings::SIZES,
        state::Sort,
        theme,
        tinting::{Tint, TokenChoice},
        words::{Language, Words},
    },
    render::ColorMap,
};
use strum::IntoEnumIterator as _;

/// What can be set to one of several values.
pub(super) fn settings(scene: &Scene<'_>) -> Vec<Thing> {
    let (words, english) = (scene.words, Language::English.words());
    let item =
        |name: String, note: &str, command| Thing::new(name, words.finding.setting, note.to_owned(), command);
    let in_use = words.finding.in_use;
    // The other theme is found by the name of this one, too
    let themes = [words.to_dark, words.to_light];
    let mut all = vec![
        item(words.to_dark.to_owned(), "", Command::SetDark(true))
            .or(english.to_dark)
            .does(themes)
            .unless(scene.dark, in_use),
        item(words.to_light.to_owned(), "", Command::SetDark(false))
            .or(english.to_light)
            .does(themes)
            .unless(!scene.dark, in_use),
    ];
    all.extend(Language::iter().map(|language| {
        let command = Command::SetLanguage(language);
        item(language.words().finding.own_name.to_owned(), "", command)
            .or(language.words().finding.english_name)
            .unless(language == words.language, in_use)
    }));
    all.extend(SIZES.map(|percent| {
        let name = |words: &Words| (words.finding.size_of)(percent);
        item(name(words), "", Command::SetPercent(percent))
            .or(&name(english))
            .unless(percent == scene.settings.percent, in_use)
    }));
    let home = theme::shared(scene.dark);
    let maps = ColorMap::iter().filter(|map| !map.is_signed() && map.theme() == home);
    all.extend(maps.map(|map| {
        let name = |words: &Words| (words.finding.colours_of)((words.map.colours)(map));
        item(name(words), "", Command::SetMap { dark: scene.dark, map })
            .or(&name(english))
            .unless(map == scene.state.look.map(scene.dark), in_use)
    }));
    all.extend(Tint::iter().map(|tint| {
        let name = |words: &Words| format!("{} {}", words.strip.tinted_by, (words.strip.tint)(tint));
        let command = Command::SetTokens(TokenChoice { tint, ..scene.state.tokens });
        item(name(words), words.tokens, command)
            .or(&name(english))
            .unless(tint == scene.state.tokens.tint, in_use)
    }));
    all.extend([Sort::Layer, Sort::Measure].map(|sort| {
        let name = |words: &Words| {
            let order = if sort == Sort::Layer { words.sort_layer } else { words.sort_measure };
            format!("{} {order}", words.sort)
        };
        item(name(words), words.heads, Command::SetSort(sort))
            .or(&name(english))
            .unless(sort == scene.state.look.sort, in_use)
    }));
    all
}

/// Renaming and deleting each layout of the user's own.
pub(super) fn own_layouts(scene: &Scene<'_>) -> Vec<Thing> {
    let (words, english) = (scene.words, Language::English.words());
    let own = layout::names(scene.state).into_iter().filter(|name| !layout::is_preset(name));
    let acts = |name: String| {
        let called =
            |words: &Words| [words.rename_layout, words.delete_layout].map(|act| format!("{act} · {name}"));
        let commands = [Command::AskForLayout(Some(name.clone())), Command::DeleteLayout(name.clone())];
        let named = called(words).into_iter().zip(called(english)).zip(commands);
        named
            .map(|((own, other), command)| {
                Thing::new(own, words.found_layout, String::new(), command).or(&other)
            })
            .collect::<Vec<_>>()
    };
    own.flat_map(acts).collect()
}

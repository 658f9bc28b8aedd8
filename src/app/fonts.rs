//! Faces of the system for letters that the embedded ones lack: Chinese, Japanese and Korean in a sans face, where there
//! is one, all others in what the system itself would take.

use egui::{
    Context,
    epaint::text::{FallbackRequest, FontData, FontInsert, FontPriority, FontProvider, InsertFontFamily},
};
use egui_system_font_provider::SystemFontProvider;
use fontique::{Collection, CollectionOptions, QueryFont, QueryStatus, SourceCache, SourceCacheOptions};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// Sans faces with Chinese, most wanted first. Asked for none, a system may well give a brush script: fontconfig does
/// where TeX's Chinese fonts are installed.
pub const SANS: [&str; 14] = [
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Source Han Sans CN",
    "PingFang SC",
    "Hiragino Sans GB",
    "Microsoft YaHei UI",
    "Microsoft YaHei",
    "DengXian",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Noto Sans CJK JP",
    "SimHei",
    "Droid Sans Fallback",
];

/// The system's faces, listed once.
static SYSTEM: LazyLock<Mutex<(Collection, SourceCache)>> = LazyLock::new(|| {
    let collection = Collection::new(CollectionOptions { shared: false, system_fonts: true });
    Mutex::new((collection, SourceCache::new(SourceCacheOptions::default())))
});

/// Has the context ask the system for letters that the embedded faces lack.
pub fn install(ctx: &Context) {
    // Listing takes a while; a window that needs it at once waits for it
    let listed = std::thread::Builder::new().name("fonts".into()).spawn(|| {
        LazyLock::force(&SYSTEM);
    });
    if let Err(error) = listed {
        log::warn!("fonts are listed when they are needed: {error}");
    }
    ctx.set_font_providers(vec![Arc::new(EastAsian), Arc::new(SystemFontProvider::new())]);
}

/// Finds a sans face for Chinese, Japanese and Korean.
pub struct EastAsian;

impl FontProvider for EastAsian {
    fn font_for(&self, request: &FallbackRequest<'_>) -> Option<FontInsert> {
        let letter = request.cluster.chars().next().filter(|&c| is_east_asian(c))?;
        let mut system = SYSTEM.lock().unwrap_or_else(PoisonError::into_inner);
        let (collection, cache) = &mut *system;
        let mut query = collection.query(cache);
        query.set_families(SANS);
        let mut found: Option<QueryFont> = None;
        query.matches_with(|font| {
            if font.charmap().and_then(|map| map.map(letter)).is_none_or(|glyph| glyph == 0) {
                return QueryStatus::Continue;
            }
            found = Some(font.clone());
            QueryStatus::Stop
        });
        drop(query);
        let font = found?;
        let family = collection.family_name(font.family.0).unwrap_or_default();
        let name = format!("system:{family}:{}:{}", font.family.1, font.index);
        let (bytes, _) = font.blob.into_raw_parts();
        let family = InsertFontFamily { family: request.family.clone(), priority: FontPriority::Lowest };
        Some(FontInsert { name, data: FontData::from_blob(bytes, font.index), families: vec![family] })
    }
}

/// Han, kana, Hangul, and the signs and wide letters that stand among them.
fn is_east_asian(c: char) -> bool {
    matches!(c,
        '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{33ff}' | '\u{3400}'..='\u{9fff}' | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ffef}'
        | '\u{20000}'..='\u{3ffff}')
}

//! What an instance tells of a video when it is asked apart: captions, chapters, storyboards, a long description.

use qetch_core::{
    Content, Kind, Role, Url,
    lenient::{flag_of, number_of, telling, text_of},
};
use serde_json::{Map, Value};

use super::ask::{Instance, Pass};

/// What was told. An instance may be too old to know of a part.
#[derive(Debug, Default)]
pub(super) struct Extras {
    captions: Vec<Value>,
    chapters: Vec<Value>,
    storyboards: Vec<Value>,
    pub(super) description: Option<String>,
}

/// What a storyboard tells, but for its link: how large its pictures are, and how many seconds each stands for.
const STORYBOARD: [&str; 5] = ["totalWidth", "totalHeight", "spriteWidth", "spriteHeight", "spriteDuration"];

/// The most captions that are read: there is one of each language.
const MOST_CAPTIONS: usize = 128;

/// Asks for all of it. What cannot be had is told in `warnings`: the video can.
pub(super) async fn of(
    instance: &Instance,
    id: &str,
    is_truncated: bool,
    warnings: &mut Vec<String>,
) -> Extras {
    let mut extras = Extras {
        captions: list(instance, id, "captions", "data", warnings).await,
        chapters: list(instance, id, "chapters", "chapters", warnings).await,
        storyboards: list(instance, id, "storyboards", "storyboards", warnings).await,
        description: None,
    };
    if is_truncated {
        let told = ask(instance, id, "description", warnings).await;
        extras.description = told.and_then(|told| text_of(&told["description"]));
    }
    extras.chapters = extras.chapters.iter().filter_map(chapter).collect();
    extras.storyboards = extras.storyboards.iter().filter_map(|it| storyboard(instance, it)).collect();
    extras
}

/// The list that stands under `key` in the answer to `name`.
async fn list(
    instance: &Instance,
    id: &str,
    name: &str,
    key: &str,
    warnings: &mut Vec<String>,
) -> Vec<Value> {
    match ask(instance, id, name, warnings).await.as_mut().map(|told| told[key].take()) {
        Some(Value::Array(list)) => list,
        Some(_) => {
            warnings.push(format!("the {name} of PeerTube video {id} are told in a form that is not known"));
            Vec::new()
        }
        None => Vec::new(),
    }
}

async fn ask(instance: &Instance, id: &str, name: &str, warnings: &mut Vec<String>) -> Option<Value> {
    let what = format!("the {name} of PeerTube video {id}");
    match instance.get::<Map<String, Value>>(&format!("videos/{id}/{name}"), &what).await {
        Ok(told) => Some(Value::Object(told)),
        // It is too old to know of them.
        Err(error) if error.code() == "not_found" => None,
        Err(error) => {
            warnings.push(format!("{what} cannot be had: {error}"));
            None
        }
    }
}

fn chapter(value: &Value) -> Option<Value> {
    let seconds: f64 = number_of(&value["timecode"])?;
    Some(serde_json::json!({ "timecode": seconds, "title": text_of(&value["title"])? }))
}

fn storyboard(instance: &Instance, value: &Value) -> Option<Value> {
    let link = text_of(&value["fileUrl"]).or_else(|| text_of(&value["storyboardPath"]))?;
    let mut known = telling(value.as_object()?, &STORYBOARD);
    known.insert("fileUrl".to_owned(), instance.link(&link)?.as_str().into());
    Some(Value::Object(known))
}

impl Extras {
    /// The captions as contents, those that a person wrote first.
    pub(super) fn captions(
        &self,
        instance: &Instance,
        uuid: &str,
        source: &Url,
        pass: Option<&Pass>,
    ) -> Vec<Content> {
        let mut captions: Vec<(bool, Content)> = Vec::new();
        for told in self.captions.iter().take(MOST_CAPTIONS) {
            let made = caption(instance, uuid, source, told, pass);
            if let Some(made) = made.filter(|it| captions.iter().all(|other| other.1.uid != it.1.uid)) {
                captions.push(made);
            }
        }
        captions.sort_by_key(|(is_generated, _)| *is_generated);
        captions.into_iter().map(|(_, content)| content).collect()
    }

    /// What is told of a main content.
    pub(super) fn describe(&self, content: &mut Content) {
        for (name, list) in [("chapters", &self.chapters), ("storyboards", &self.storyboards)] {
            if !list.is_empty() {
                content.metadata.insert(name.to_owned(), Value::Array(list.clone()));
            }
        }
    }
}

/// A caption, and whether a program wrote it. There is one of each language.
fn caption(
    instance: &Instance,
    uuid: &str,
    source: &Url,
    told: &Value,
    pass: Option<&Pass>,
) -> Option<(bool, Content)> {
    let language = text_of(&told["language"]["id"])?;
    let is_plain = language.chars().all(|it| it.is_ascii_alphanumeric() || it == '-');
    let link = text_of(&told["fileUrl"]).or_else(|| text_of(&told["captionPath"]))?;
    let url = instance.link(&link).filter(|_| is_plain)?;
    let (fragment, expires) = Pass::fragment(pass, instance, url);
    let uid = format!("{uuid}-caption-{language}");
    let mut content = Content::new(uid, Kind::Text, source.clone(), [fragment]);
    (content.role, content.expires) = (Role::Caption, expires);
    (content.content_type, content.extension) = (Some("text/vtt".to_owned()), Some("vtt".to_owned()));
    if let Some(label) = text_of(&told["language"]["label"]) {
        content.metadata.insert("name".to_owned(), label.into());
    }
    let is_generated = flag_of(&told["automaticallyGenerated"]);
    if let Some(is_generated) = is_generated {
        content.metadata.insert("automaticallyGenerated".to_owned(), is_generated.into());
    }
    content.language = Some(language);
    Some((is_generated == Some(true), content))
}

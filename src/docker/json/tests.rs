//! What Go reads, and what is noted or refused.

use std::collections::BTreeMap;

use super::*;

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Outer {
    name: String,
    on: bool,
    size: i64,
    list: StrSlice,
    inner: Option<InnerType>,
    items: Vec<InnerType>,
    map: BTreeMap<String, String>,
    paths: Option<Vec<String>>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct InnerType {
    task: String,
}

fn sorter(of: &str, key: &str) -> (Known, Option<&'static str>) {
    if of == "Outer" && folds_to(key, "Comment") {
        (Known::Harmless, Some("Comment"))
    } else if of == "Outer" && folds_to(key, "Task") {
        (Known::Misplaced, Some("Task"))
    } else {
        (Known::Unknown, None)
    }
}

fn outer(text: &str) -> Result<(Outer, Notes), JsonError> {
    read(text.as_bytes(), sorter)
}

fn plain(text: &str) -> Outer {
    let (value, notes) = outer(text).unwrap();
    assert_eq!(notes, Notes::default(), "{text}");
    value
}

#[test]
fn null_is_the_zero_value_everywhere() {
    let nulls = r#"{"Name":null,"On":null,"Size":null,"List":null,"Inner":null,"Items":null,
        "Map":null,"Paths":null,"Later":null}"#;
    assert_eq!(plain(nulls), Outer::default());
    assert_eq!(plain("null"), Outer::default());
    assert_eq!(plain(r#"{"Items":[null]}"#).items, [InnerType::default()]);
    assert_eq!(plain(r#"{"List":[null]}"#).list.0, [""]);
    assert_eq!(plain(r#"{"Paths":[]}"#).paths, Some(vec![]));
}

#[test]
fn a_text_may_stand_where_a_list_is_due() {
    assert_eq!(plain(r#"{"List":"a"}"#).list.0, ["a"]);
    assert_eq!(plain(r#"{"List":["a","b"]}"#).list.0, ["a", "b"]);
}

#[test]
fn fields_are_found_in_any_fold_and_the_odd_spelling_is_noted() {
    for (text, path) in [
        (r#"{"inner":{"Task":"x"}}"#, "inner"),
        (r#"{"INNER":{"Task":"x"}}"#, "INNER"),
        (
            "{\"Inner\":{\"Ta\u{17f}\u{212a}\":\"x\"}}",
            "Inner.Ta\u{17f}\u{212a}",
        ),
        (
            r#"{"Inner":{"Ta\u017f\u212a":"x"}}"#,
            "Inner.Ta\u{17f}\u{212a}",
        ),
    ] {
        let (value, notes) = outer(text).unwrap();
        assert_eq!(value.inner.unwrap().task, "x", "{text}");
        assert!(
            matches!(&notes.notes[..], [Note::OddSpelling { path: p, .. }] if p == path),
            "{text}: {notes:?}"
        );
    }
    // Dotless i folds to itself only.
    let (value, notes) = outer("{\"\u{131}nner\":{\"Task\":\"x\"}}").unwrap();
    assert_eq!(value.inner, None);
    assert!(matches!(&notes.notes[..], [Note::Unknown { .. }]));
}

#[test]
fn an_escaped_key_is_the_key() {
    assert_eq!(plain(r#"{"N\u0061me":"x"}"#).name, "x");
}

#[test]
fn a_key_given_twice_in_any_spelling_is_refused() {
    for text in [
        r#"{"Name":"a","Name":"a"}"#,
        r#"{"Name":"a","name":null}"#,
        r#"{"Later":1,"LATER":2}"#,
        r#"{"Comment":1,"comment":2}"#,
        r#"{"Inner":{"Task":"a","task":"b"}}"#,
        r#"{"Map":{"a":"1","a":"2"}}"#,
    ] {
        assert!(
            matches!(outer(text), Err(JsonError::Duplicate(_))),
            "{text}: {:?}",
            outer(text)
        );
    }
    // Keys of a map are exact.
    assert_eq!(plain(r#"{"Map":{"a":"1","A":"2"}}"#).map.len(), 2);
}

#[test]
fn unknown_fields_are_noted_unless_they_are_zero() {
    let (_, notes) = outer(r#"{"Items":[{},{"Later":{"a":1}}]}"#).unwrap();
    assert_eq!(
        notes.notes,
        [Note::Unknown {
            path: "Items[1].Later".to_owned()
        }]
    );
    for zero in ["null", "false", "0", "0.0", "\"\"", "[]", "{}"] {
        plain(&format!(r#"{{"Later":{zero}}}"#));
    }
    for set in ["true", "1", "-1", "0.5", "\"x\"", "[0]", r#"{"a":null}"#] {
        let (_, notes) = outer(&format!(r#"{{"Later":{set}}}"#)).unwrap();
        assert_eq!(notes.notes.len(), 1, "{set}");
    }
    let (_, notes) = outer(r#"{"Comment":"x","Task":"y"}"#).unwrap();
    assert_eq!(
        notes.notes,
        [Note::Misplaced {
            path: "Task".to_owned()
        }]
    );
}

#[test]
fn notes_are_bounded() {
    let fields: Vec<String> = (0..1000).map(|n| format!("\"f{n}\":1")).collect();
    let (_, notes) = outer(&format!("{{{}}}", fields.join(","))).unwrap();
    assert_eq!(notes.notes.len(), NOTE_LIMIT);
    assert_eq!(notes.more_unknown, 1000 - NOTE_LIMIT);
    // They hide nothing that comes behind them.
    let (_, notes) = outer(&format!("{{{},\"Task\":\"y\"}}", fields.join(","))).unwrap();
    assert!(notes.notes.contains(&Note::Misplaced {
        path: "Task".to_owned()
    }));
}

#[test]
fn what_go_would_not_take_is_refused_with_its_place() {
    for (text, place) in [
        (r#"{"Size":1.0}"#, "Size"),
        (r#"{"Size":1e9}"#, "Size"),
        (r#"{"Size":"5"}"#, "Size"),
        (r#"{"Size":9223372036854775808}"#, "Size"),
        (r#"{"On":1}"#, "On"),
        (r#"{"Items":[{"Task":1}]}"#, "Items[0].Task"),
        (r#"{"Items":[["x"]]}"#, "Items[0]"),
        (r#"{"Inner":[]}"#, "Inner"),
        (r#"{"Map":{"a":1}}"#, "Map.a"),
        ("{} {}", ""),
        ("{}]", ""),
        ("[]", ""),
        ("{\"Name\":\"\u{1}\"}", "Name"),
        (r#"{"Name":"\ud800"}"#, "Name"),
        ("\u{feff}{}", ""),
        ("{'Name':1}", ""),
        ("", ""),
    ] {
        match outer(text) {
            Err(JsonError::Invalid(message)) => {
                assert!(
                    place.is_empty() || message.starts_with(&format!("`{place}`: ")),
                    "{text}: {message}"
                );
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    assert!(read::<Outer>(b"{\"Name\":\"\xff\"}", sorter).is_err());
}

#[test]
fn lists_and_maps_are_bounded() {
    let list = |count: usize| format!("{{\"Items\":[{}]}}", vec!["{}"; count].join(","));
    assert_eq!(plain(&list(LIST_LIMIT)).items.len(), LIST_LIMIT);
    let error = outer(&list(LIST_LIMIT + 1)).unwrap_err().to_string();
    assert!(error.contains("more than 1024 entries"), "{error}");
    let keys: Vec<String> = (0..=MAP_LIMIT).map(|n| format!("\"{n}\":\"\"")).collect();
    let error = outer(&format!("{{\"Map\":{{{}}}}}", keys.join(","))).unwrap_err();
    assert!(
        error.to_string().contains("more than 131072 keys"),
        "{error}"
    );
}

#[test]
fn depth_exhausts_no_stack() {
    let deep = format!(
        "{{\"Later\":{}1{}}}",
        "[".repeat(500_000),
        "]".repeat(500_000)
    );
    assert_eq!(outer(&deep).unwrap().1.notes.len(), 1);
    let deep = format!("{{\"Items\":{}", "[".repeat(500_000));
    assert!(outer(&deep).is_err());
}

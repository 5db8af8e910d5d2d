//! JSON as somebody may write it: keys in any spelling, twice, in any order, and texts to the byte.

use serde_json::Value;

/// A value, as it will be written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json {
    /// Exactly these bytes.
    Raw(Vec<u8>),
    /// A text, escaped as usual.
    Text(String),
    List(Vec<Json>),
    Object(Vec<Member>),
}

/// One member of an object.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member {
    /// What it is called in the API, by which it is found whatever became of its spelling.
    pub(crate) name: String,
    /// What stands between the quotes.
    pub(crate) spelling: Vec<u8>,
    pub(crate) value: Json,
}

impl Member {
    pub(crate) fn new(name: &str, value: Json) -> Self {
        let quoted = Value::from(name).to_string().into_bytes();
        Self {
            name: name.to_owned(),
            spelling: quoted[1..quoted.len() - 1].to_vec(),
            value,
        }
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => Self::raw(&value.to_string()),
            Value::String(text) => Self::Text(text),
            Value::Array(list) => Self::List(list.into_iter().map(Self::from).collect()),
            Value::Object(members) => Self::Object(
                members
                    .into_iter()
                    .map(|(name, value)| Member::new(&name, value.into()))
                    .collect(),
            ),
        }
    }
}

impl Json {
    pub(crate) fn raw(text: &str) -> Self {
        Self::Raw(text.as_bytes().to_vec())
    }

    pub(crate) fn null() -> Self {
        Self::raw("null")
    }

    /// The members of an object; nothing for any other value.
    pub(crate) fn members(&self) -> &[Member] {
        match self {
            Self::Object(members) => members,
            Self::Raw(_) | Self::Text(_) | Self::List(_) => &[],
        }
    }

    /// The members of this object. Any other value becomes an empty one.
    pub(crate) fn members_mut(&mut self) -> &mut Vec<Member> {
        if !matches!(self, Self::Object(_)) {
            *self = Self::Object(Vec::new());
        }
        let Self::Object(members) = self else {
            unreachable!("it was made an object above");
        };
        members
    }

    /// The value of the first member with that name.
    pub(crate) fn get(&self, name: &str) -> Option<&Self> {
        self.members()
            .iter()
            .find(|member| member.name == name)
            .map(|member| &member.value)
    }

    /// The member at `path`, as far as objects lead there; its first one, when it stands there twice.
    pub(crate) fn at(&self, path: &[String]) -> Option<&Self> {
        path.iter().try_fold(self, |json, name| json.get(name))
    }

    /// The object that holds the member at `path`.
    pub(crate) fn parent_of(&mut self, path: &[String]) -> Option<&mut Vec<Member>> {
        let (_, parents) = path.split_last()?;
        let mut json = self;
        for name in parents {
            let Self::Object(members) = json else {
                return None;
            };
            json = &mut members
                .iter_mut()
                .find(|member| member.name == *name)?
                .value;
        }
        match json {
            Self::Object(members) => Some(members),
            Self::Raw(_) | Self::Text(_) | Self::List(_) => None,
        }
    }

    /// Sets the member at `path`, and makes the objects that lead there.
    pub(crate) fn set(&mut self, path: &[String], value: Self) {
        let Some((name, rest)) = path.split_first() else {
            *self = value;
            return;
        };
        let members = self.members_mut();
        let at = members.iter().position(|member| member.name == *name);
        let at = at.unwrap_or_else(|| {
            members.push(Member::new(name, Self::null()));
            members.len() - 1
        });
        members[at].value.set(rest, value);
    }

    /// The paths of all members, through objects only.
    pub(crate) fn paths(&self) -> Vec<Vec<String>> {
        let mut paths = Vec::new();
        for member in self.members() {
            paths.push(vec![member.name.clone()]);
            for mut below in member.value.paths() {
                below.insert(0, member.name.clone());
                paths.push(below);
            }
        }
        paths
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Raw(bytes) => out.extend(bytes),
            Self::Text(text) => out.extend(Value::from(text.as_str()).to_string().bytes()),
            Self::List(list) => {
                out.push(b'[');
                for (index, value) in list.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    value.write(out);
                }
                out.push(b']');
            }
            Self::Object(members) => {
                out.push(b'{');
                for (index, member) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    out.push(b'"');
                    out.extend(&member.spelling);
                    out.extend(b"\":");
                    member.value.write(out);
                }
                out.push(b'}');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(text: &str) -> Vec<String> {
        text.split('.').map(ToOwned::to_owned).collect()
    }

    #[test]
    fn is_written_as_it_was_put_together() {
        let mut body = Json::from(json!({"Image": "a", "HostConfig": {"Memory": 5}}));
        body.set(&path("HostConfig.Binds"), json!(["/a\"b"]).into());
        body.set(&path("HostConfig.Init"), Json::raw("1e9"));
        let twice = Member::new("Memory", Json::null());
        body.parent_of(&path("HostConfig.Memory"))
            .unwrap()
            .push(twice);
        assert_eq!(
            String::from_utf8(body.bytes()).unwrap(),
            r#"{"HostConfig":{"Memory":5,"Binds":["/a\"b"],"Init":1e9,"Memory":null},"Image":"a"}"#
        );
        assert_eq!(body.at(&path("HostConfig.Memory")), Some(&Json::raw("5")));
        assert_eq!(body.paths().len(), 6);
    }

    #[test]
    fn a_respelt_member_is_found_by_its_name() {
        let mut body = Json::from(json!({"HostConfig": {"Memory": 5}}));
        body.members_mut()[0].spelling = b"hostCONFIG".to_vec();
        body.set(&path("HostConfig.Memory"), Json::raw("6"));
        assert_eq!(body.bytes(), br#"{"hostCONFIG":{"Memory":6}}"#);
    }
}

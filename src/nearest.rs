//! The nearest right name for a wrong one.

/// How alike two names have to be, from 0 to 1; below it, a hint would only confuse.
const ALIKE: f64 = 0.7;

/// `; did you mean …?` with the candidate that `name` was likely meant to be, or nothing.
pub(crate) fn hint<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> String {
    candidates
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(alike, _)| *alike >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, candidate)| format!("; did you mean `{candidate}`?"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant_and_keeps_silent_otherwise() {
        let names = ["host-network", "host-pid", "privileged"];
        assert_eq!(
            hint("host-netwrok", names.into_iter()),
            "; did you mean `host-network`?"
        );
        assert_eq!(hint("zzz", names.into_iter()), "");
    }
}

// A name, checked as it is typed: the server says what becomes of it, and whether it is taken.
import { api } from "../api.js";
import { useWords } from "../i18n.js";
import { useLoad, useSettled } from "../load.js";
import "../server_reasons.js";
import { Field } from "../ui/field.jsx";

const SETTLE_MS = 150;

async function check(typed, signal) {
    if (!typed) return { state: "empty" };
    const name = await api.checkName(typed, signal);
    if (!name.ok) return { state: "bad", sentence: name.sentence };
    const { accounts } = await api.users({ q: name.user, limit: 1 }, signal);
    const taken = accounts[0]?.user === name.user;
    return { state: taken ? "taken" : "good", jid: name.jid };
}

// {typed, state}: of the name that was typed last, or "waiting".
export function useNameCheck(typed) {
    const settled = useSettled(typed, SETTLE_MS);
    const { data, error } = useLoad(
        (signal) => check(settled, signal).then((found) => ({ ...found, typed: settled })),
        [settled],
    );
    if (error) return { state: "unknown" };
    return data?.typed === typed ? data : { state: typed ? "waiting" : "empty" };
}

const KINDS = { bad: "bad", taken: "bad", good: "good" };

function noteOf(checked, t, server) {
    switch (checked.state) {
        case "good":
            return t("new.will_be", { jid: checked.jid });
        case "taken":
            return t("new.taken", { jid: checked.jid });
        case "bad":
            return server(checked.sentence);
        case "waiting":
            return t("new.checking");
        case "unknown":
            return t("new.unknown");
        default:
            return t("new.name_note");
    }
}

export function NameField({ checked, domain, ...field }) {
    const { t, server } = useWords();
    return (
        <Field
            label={t("new.name")}
            name="user"
            autocomplete="off"
            autocapitalize="none"
            maxLength={1023}
            required
            suffix={`@${domain}`}
            note={noteOf(checked, t, server)}
            noteKind={KINDS[checked.state] ?? "plain"}
            {...field}
        />
    );
}

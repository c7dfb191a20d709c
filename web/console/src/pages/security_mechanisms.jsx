// The mechanisms as a list to tick, each with what it protects, and what is lost without it.
import { useEffect, useId, useState } from "preact/hooks";
import { useDraft } from "../draft.js";
import { useWords } from "../i18n.js";
import { changesOf, isToken, offeredOf, toggled, valueOf } from "../mechanisms.js";
import { saveUnlessChanged, valueNow } from "../setting_save.js";
import { Confirm } from "../ui/confirm.jsx";
import { Outcome } from "../ui/outcome.jsx";
import { Badge } from "../ui/parts.jsx";
import { SettingMeanwhile } from "./meanwhile.jsx";
import { FixedBy, isEditable } from "./security_parts.jsx";

// In words of its own, or in those for its kind; a server that is newer may have others.
function useConsequences() {
    const { t, has } = useWords();
    const known = (...keys) => keys.find(has);
    const say = (key) => (key ? t(key) : "–");
    return {
        guards: ({ name, class: kind }) => say(known(`guards.${name}`, `guards.${kind}`)),
        breaks: ({ name, class: kind }) => say(known(`breaks.${name}`, `breaks.${kind}`)),
    };
}

function Badges({ mechanism }) {
    const { t } = useWords();
    const { binding, legacy, used_recently } = mechanism;
    return (
        <span class="chips">
            {binding && <Badge kind="accent">{t("mech.bound")}</Badge>}
            {legacy && <Badge kind="warn">{t("users.weak")}</Badge>}
            {used_recently > 0 && <Badge>{t("mech.used", { n: used_recently })}</Badge>}
        </span>
    );
}

function Mechanism({ mechanism, ticked, editable, onToggle }) {
    const { t } = useWords();
    const { guards, breaks } = useConsequences();
    const id = useId();
    return (
        <li class="mech">
            <input
                type="checkbox"
                id={id}
                checked={ticked}
                disabled={!editable}
                aria-describedby={`${id}-what`}
                onChange={() => onToggle(mechanism.name)}
            />
            <div class="mech-words">
                <p class="mech-head">
                    <label for={id}>{mechanism.name}</label>
                    <Badges mechanism={mechanism} />
                </p>
                <dl class="consequences" id={`${id}-what`}>
                    <dt>{t("mech.guards")}</dt>
                    <dd>{guards(mechanism)}</dd>
                    <dt>{t("mech.breaks")}</dt>
                    <dd>{breaks(mechanism)}</dd>
                </dl>
            </div>
        </li>
    );
}

function Names({ title, names, children }) {
    if (!names.length) return null;
    return (
        <div>
            <p class="question-what">{title}</p>
            <ul class="changes">{names.map(children)}</ul>
        </div>
    );
}

function Save({ before, after, mechanisms, value, onSave, onSaved, onCancel }) {
    const { t } = useWords();
    const { breaks } = useConsequences();
    const { gone, come } = changesOf(before, after);
    const byName = new Map(mechanisms.map((one) => [one.name, one]));
    const used = gone.reduce((sum, name) => sum + (byName.get(name).used_recently ?? 0), 0);
    return (
        <Confirm
            title={t("mech.save_title")}
            words={t("mech.save_do")}
            run={() => onSave(value)}
            onDone={onSaved}
            onCancel={onCancel}
        >
            <Names title={t("mech.gone")} names={gone}>
                {(name) => (
                    <li key={name}>
                        <strong>{name}</strong> {breaks(byName.get(name))}
                    </li>
                )}
            </Names>
            <Names title={t("mech.come")} names={come}>
                {(name) => (
                    <li key={name}>
                        <strong>{name}</strong>
                    </li>
                )}
            </Names>
            {used > 0 && <p class="bad">{t("mech.used_gone", { n: used })}</p>}
            <p class="quiet">{t(value === "" ? "mech.default_note" : "mech.live_note")}</p>
        </Confirm>
    );
}

// `none`: nothing is ticked, and nobody could sign in.
function Foot({ changed, meanwhile, none, onSave, onReset }) {
    const { t } = useWords();
    return (
        <div class={`mech-foot ${changed ? "mech-changed" : ""}`}>
            <p class={`note ${none ? "note-bad" : ""}`} role={none ? "alert" : undefined}>
                {none ? t("mech.none") : changed && t("mech.unsaved")}
            </p>
            <button type="button" class="button" disabled={!changed} onClick={onReset}>
                {t("mech.reset")}
            </button>
            <button type="button" class="button button-main" disabled={!changed || none} onClick={onSave}>
                {t(meanwhile ? "meanwhile.save" : "mech.save")}
            </button>
        </div>
    );
}

// What spares apps the password after the first time; another setting says whether there is any.
function Tokens({ mechanisms }) {
    const { t } = useWords();
    const { guards } = useConsequences();
    if (!mechanisms.length) return null;
    return (
        <div class="mech-more">
            <h3 class="card-sub">{t("mech.tokens")}</h3>
            <p class="quiet small">{t("mech.tokens_note")}</p>
            <dl class="methods">
                {mechanisms.map((mechanism) => [
                    <dt key={mechanism.name}>
                        {mechanism.name}
                        {!mechanism.offered && <Badge>{t("legacy.off")}</Badge>}
                        <Badges mechanism={mechanism} />
                    </dt>,
                    <dd key={`${mechanism.name}=`}>{guards(mechanism)}</dd>,
                ])}
            </dl>
        </div>
    );
}

const textOf = (names) => names.join(", ");
const namesOf = (text) => text.split(", ").filter(Boolean);

// What somebody else chose, while something else is ticked here.
function Meanwhile({ setting, draft, now }) {
    const { t } = useWords();
    const words = (text) => text || t("meanwhile.none");
    return (
        draft.meanwhile && (
            <SettingMeanwhile
                row={setting}
                now={valueNow(setting)}
                values={{ value: words(now), mine: words(draft.value) }}
                onTake={draft.drop}
            />
        )
    );
}

// `saved`: {applied} when these were saved last. `onStale`: they are to be asked for again.
export function Mechanisms({ mechanisms: all, legacyOn, setting, full, saved, onSaved, onStale }) {
    const { t } = useWords();
    const mechanisms = all.filter((mechanism) => !isToken(mechanism));
    const offered = offeredOf(mechanisms);
    const draft = useDraft(textOf(offered));
    const names = namesOf(draft.value);
    const [asking, setAsking] = useState(false);
    useEffect(() => setAsking(false), [textOf(offered)]); // the question would be another one
    const editable = isEditable(setting, full);
    const { gone, come } = changesOf(offered, names);
    const changed = gone.length + come.length > 0;
    const save = (value) =>
        saveUnlessChanged(setting, value || null).catch((fault) => {
            if (fault.code === "meanwhile") onStale();
            throw fault;
        });
    return (
        <section class="card">
            <div class="card-head">
                <h2>{t("security.methods")}</h2>
                <p class="quiet small">{t("mech.count", { n: names.length, all: mechanisms.length })}</p>
            </div>
            {saved && <Outcome of={saved} title={t(saved.applied ? "mech.saved" : "security.next_start")} />}
            <p class="quiet">{t("mech.lead")}</p>
            <FixedBy setting={setting} />
            <ul class="mechs">
                {mechanisms.map((mechanism) => (
                    <Mechanism
                        key={mechanism.name}
                        mechanism={mechanism}
                        ticked={names.includes(mechanism.name)}
                        editable={editable && (!mechanism.legacy || legacyOn)}
                        onToggle={(name) => draft.type(textOf(toggled(names, name, mechanisms)))}
                    />
                ))}
            </ul>
            <Meanwhile setting={setting} draft={draft} now={textOf(offered)} />
            {editable && (
                <Foot
                    changed={changed}
                    meanwhile={draft.meanwhile}
                    none={!names.length}
                    onSave={() => setAsking(true)}
                    onReset={draft.drop}
                />
            )}
            <Tokens mechanisms={all.filter(isToken)} />
            {asking && (
                <Save
                    before={offered}
                    after={names}
                    mechanisms={mechanisms}
                    value={valueOf(names, mechanisms, legacyOn)}
                    onSave={save}
                    onSaved={(answer) => (setAsking(false), onSaved(answer))}
                    onCancel={() => setAsking(false)}
                />
            )}
        </section>
    );
}

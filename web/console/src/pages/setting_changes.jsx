// What was changed in the console: of one setting in its drawer, of all in one of their own.
import { useState } from "preact/hooks";
import { api } from "../api.js";
import { useWords } from "../i18n.js";
import { settingChange } from "../live.js";
import { useLoad } from "../load.js";
import { address, follow } from "../router.js";
import { storedOf } from "../setting_text.js";
import { useStore } from "../store.js";
import { Drawer } from "../ui/drawer.jsx";
import { Failure } from "../ui/failure.jsx";
import { Icon } from "../ui/icon.jsx";
import { Empty } from "../ui/parts.jsx";
import { Outcome, Value } from "./setting_parts.jsx";

const STEP = 10;
const MOST = 1000; // that the server gives at once

function Side({ row, value }) {
    const { t } = useWords();
    return value === null ? <span class="value quiet">{t("change.nothing")}</span> : <Value row={row} value={value} />;
}

// Without `onAsk`, or when the value before is that of now, nothing can be gone back to.
function Change({ change, row, named, onAsk }) {
    const { t, format } = useWords();
    const can = onAsk && row?.editable && storedOf(row) !== change.old;
    return (
        <li class="change">
            <div class="change-words">
                {named && (
                    <a class="change-name" href={address("/settings", { name: change.name })} onClick={follow}>
                        {change.name}
                    </a>
                )}
                <p class="change-values">
                    <Side row={row} value={change.old} />
                    <Icon name="right" />
                    <span class="unseen">{t("change.becomes")}</span>
                    <Side row={row} value={change.new} />
                </p>
                <p class="quiet small">{t("change.by", { time: format.moment(change.time_s * 1000), actor: change.actor })}</p>
            </div>
            {can && (
                <button type="button" class="button button-small" onClick={() => onAsk({ name: row.name, to: change.old })}>
                    <Icon name="undo" />
                    {t("change.back")}
                    <span class="unseen"> {change.name}</span>
                </button>
            )}
        </li>
    );
}

function useChanges(name, done) {
    const [room, setRoom] = useState(STEP);
    const change = useStore(settingChange);
    const asked = useLoad((signal) => api.settingChanges({ name, limit: room }, signal), [name, room, change, done]);
    return { ...asked, more: asked.data?.more && room < MOST ? () => setRoom(Math.min(MOST, 3 * room)) : null };
}

function ChangeList({ changes, more, rowOf, named, onAsk }) {
    const { t } = useWords();
    return (
        <>
            <ul class="changes">
                {changes.map((change) => (
                    <Change key={change.id} change={change} row={rowOf(change.name)} named={named} onAsk={onAsk} />
                ))}
            </ul>
            {more && (
                <button type="button" class="button button-small" onClick={more}>
                    {t("change.more")}
                </button>
            )}
        </>
    );
}

export function ChangesOf({ who, row, done, onAsk }) {
    const { t } = useWords();
    const { data, error, more } = useChanges(row.name, done);
    return (
        <section class="part">
            <h3>{t("change.title")}</h3>
            <Failure error={error} />
            {data && !data.changes.length && <p class="quiet small">{t("change.none")}</p>}
            {data && data.changes.length > 0 && (
                <ChangeList changes={data.changes} more={more} rowOf={() => row} onAsk={who.role === "full" ? onAsk : null} />
            )}
        </section>
    );
}

export function AllChanges({ who, rows, done, onAsk, onClose }) {
    const { t } = useWords();
    const { data, error, more } = useChanges("", done);
    const rowOf = (name) => rows.find((row) => row.name === name);
    return (
        <Drawer title={t("change.all")} onClose={onClose}>
            <div class="one">
                {done && <Outcome done={done} row={rowOf(done.name)} />}
                <Failure error={error} />
                {data && !data.changes.length && <Empty icon="clock" title={t("change.none")} />}
                {data && data.changes.length > 0 && (
                    <ChangeList named changes={data.changes} more={more} rowOf={rowOf} onAsk={who.role === "full" ? onAsk : null} />
                )}
            </div>
        </Drawer>
    );
}

// That somebody else changed what a form that is open is about: who, and to what.
import { api } from "../api.js";
import { useWords } from "../i18n.js";
import { useLoad } from "../load.js";
import "../messages/meanwhile.js";
import { Notice } from "../ui/parts.jsx";

// `what`: the rows of messages; `values` are theirs. `find(signal)` resolves to who it was, if that is
// known; it is asked again with another `of`. `onTake` takes over what they chose.
function Meanwhile({ what, values, of, find, onTake }) {
    const { t } = useWords();
    const { data: actor } = useLoad((signal) => find(signal).catch(() => null), [of]);
    const title = actor ? t(`meanwhile.${what}.by`, { ...values, actor }) : t(`meanwhile.${what}`, values);
    return (
        <Notice kind="warn" role="alert" title={title}>
            <p>{t(`meanwhile.${what}.then`, values)}</p>
            {onTake && (
                <button type="button" class="button button-small" onClick={onTake}>
                    {t("meanwhile.take")}
                </button>
            )}
        </Notice>
    );
}

// The last change of it that was made while the server ran, if that made it what it is.
async function whoSet({ name, default: otherwise }, now, signal) {
    const { changes } = await api.settingChanges({ name, limit: 1 }, signal);
    const [last] = changes;
    return last && (last.new ?? otherwise) === now ? last.actor : null;
}

// `now` is the value of the setting `row`, which `values` has in words.
export function SettingMeanwhile({ row, now, values, onTake }) {
    return <Meanwhile what="value" values={values} of={now} find={(signal) => whoSet(row, now, signal)} onTake={onTake} />;
}

async function whoDid(action, object, signal) {
    const { entries } = await api.audit({ action, object, limit: 1 }, signal);
    return entries[0]?.actor;
}

// `action` is what the audit trail calls it; `state` is what it made of the account.
export function AccountMeanwhile({ what, action, account, state, value }) {
    return <Meanwhile what={what} values={{ value }} of={state} find={(signal) => whoDid(action, account.jid, signal)} />;
}

// The sign-in methods on offer, and those of the past: what the server says of both.
import { useState } from "preact/hooks";
import { api } from "../api.js";
import { useWords } from "../i18n.js";
import { connected, settingChange } from "../live.js";
import { useLoad } from "../load.js";
import { useStore } from "../store.js";
import { Failure } from "../ui/failure.jsx";
import { Legacy } from "./security_legacy.jsx";
import { Mechanisms } from "./security_mechanisms.jsx";

const rowOf = (settings, name) => settings.find((row) => row.name === name);

export function SignInMethods({ full }) {
    const { t } = useWords();
    const [saved, setSaved] = useState(null); // what was saved last: {name, applied}
    const [stale, setStale] = useState(0);
    const change = useStore(settingChange);
    const live = useStore(connected); // what changed while there was no stream
    const { data, error } = useLoad(async (signal) => {
        const [found, { settings }] = await Promise.all([api.mechanisms(signal), api.settings(signal)]);
        return { ...found, settings };
    }, [saved, stale, change, live]);
    if (!data)
        return (
            <section class="card">
                <div class="card-head">
                    <h2>{t("security.methods")}</h2>
                </div>
                {error ? <Failure error={error} /> : <p class="quiet">{t("load.waiting")}</p>}
            </section>
        );
    const savedOf = (name) => (saved?.name === name ? saved : null);
    return (
        <>
            <Failure error={error} />
            <Mechanisms
                mechanisms={data.mechanisms}
                legacyOn={data.legacy.enabled}
                setting={rowOf(data.settings, "login.mechanisms")}
                full={full}
                saved={savedOf("login.mechanisms")}
                onSaved={setSaved}
                onStale={() => setStale(stale + 1)}
            />
            <Legacy
                legacy={data.legacy}
                setting={rowOf(data.settings, "login.legacy")}
                full={full}
                saved={savedOf("login.legacy")}
                onSaved={setSaved}
            />
        </>
    );
}

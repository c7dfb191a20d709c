// Blocking a network, in a drawer.
import { useRef, useState } from "preact/hooks";
import { useAct } from "../act.js";
import { api } from "../api.js";
import { useWords } from "../i18n.js";
import { Drawer } from "../ui/drawer.jsx";
import { Failure } from "../ui/failure.jsx";
import { Field } from "../ui/field.jsx";
import { Choice, Notice } from "../ui/parts.jsx";

const LENGTHS = ["1", "24", "168", ""]; // hours; for ever

// Blocking a network again replaces how it was blocked.
function Replaces({ block }) {
    const { t, format } = useWords();
    const since = { time: format.moment(block.since_s * 1000), actor: block.actor };
    return (
        <Notice kind="warn" role="status" title={t("block.again", { network: block.network })}>
            <p>
                {t("block.since", since)}
                {block.reason && ` · ${block.reason}`}
            </p>
            <p>{t("block.again_then")}</p>
        </Notice>
    );
}

export function BlockNew({ wanted, blocks, onDone, onClose }) {
    const { t } = useWords();
    const first = useRef(null);
    const [network, setNetwork] = useState(wanted);
    const [reason, setReason] = useState("");
    const [hours, setHours] = useState("24");
    const { error, busy, act } = useAct(first);
    const name = network.trim();
    const same = blocks.find((block) => block.network === name);
    const submit = (event) => {
        event.preventDefault();
        if (name) act(() => api.block(name, reason.trim(), hours), () => onDone({ act: "added", network: name }));
    };
    return (
        <Drawer title={t("block.add")} onClose={onClose}>
            <form class="form" onSubmit={submit} autocomplete="off">
                <Failure error={error} />
                <Field
                    label={t("block.network")}
                    name="network"
                    inputRef={first}
                    autocomplete="off"
                    autocapitalize="none"
                    maxLength={64}
                    required
                    value={network}
                    note={t("block.network_note")}
                    onInput={(event) => setNetwork(event.currentTarget.value)}
                />
                {same && !busy && <Replaces block={same} />}
                <Field
                    label={t("act.reason")}
                    name="reason"
                    autocomplete="off"
                    maxLength={250}
                    value={reason}
                    note={t("block.reason_note")}
                    onInput={(event) => setReason(event.currentTarget.value)}
                />
                <div class="field">
                    <p class="field-label">{t("block.length")}</p>
                    <Choice
                        name="hours"
                        label={t("block.length")}
                        value={hours}
                        options={LENGTHS.map((length) => [length, t(`hours.${length || "ever"}`)])}
                        onChange={setHours}
                    />
                </div>
                <Notice kind="warn" title={t("block.then")}>
                    <p>{t("block.note")}</p>
                </Notice>
                <div class="form-foot">
                    <button type="button" class="button" onClick={onClose}>
                        {t("new.cancel")}
                    </button>
                    <button type="submit" class="button button-main" disabled={busy}>
                        {t(busy ? "act.busy" : "block.do")}
                    </button>
                </div>
            </form>
        </Drawer>
    );
}

import { useRef, useState } from "preact/hooks";
import { useAct } from "../act.js";
import { api, session } from "../api.js";
import { useWords } from "../i18n.js";
import { CopyButton } from "../ui/copy.jsx";
import { Drawer } from "../ui/drawer.jsx";
import { Failure } from "../ui/failure.jsx";
import { Icon } from "../ui/icon.jsx";
import { Outcome } from "../ui/outcome.jsx";
import { Secret } from "../ui/secret.jsx";
import { PasswordChoice, usePassword } from "./password_choice.jsx";
import { NameField, useNameCheck } from "./user_name.jsx";

function NewForm({ wanted, onDone, onClose }) {
    const { t } = useWords();
    const domain = session.get().jid.split("@")[1];
    const first = useRef(null);
    const [user, setUser] = useState(wanted);
    const { error, busy, act } = useAct(first);
    const checked = useNameCheck(user);
    const choice = usePassword();
    const { password } = choice;

    const submit = (event) => {
        event.preventDefault();
        if (!user || !password || checked.state === "bad" || checked.state === "taken") return;
        act(() => api.addUser(user, password), ({ jid }) => onDone({ jid, password }));
    };
    return (
        <form class="form" onSubmit={submit} autocomplete="off">
            <Failure error={error} />
            <NameField
                inputRef={first}
                checked={checked}
                domain={domain}
                value={user}
                onInput={(event) => setUser(event.currentTarget.value)}
            />
            <PasswordChoice {...choice} />
            <div class="form-foot">
                <button type="button" class="button" onClick={onClose}>
                    {t("new.cancel")}
                </button>
                <button type="submit" class="button button-main" disabled={busy}>
                    {t(busy ? "new.busy" : "new.do")}
                </button>
            </div>
        </form>
    );
}

// The password is shown here only: no button has the focus that closes it.
function Created({ made, onAnother, onClose }) {
    const { t } = useWords();
    return (
        <div class="form">
            <Outcome of={made} title={t("made.title", { jid: made.jid })}>
                <p>{t("made.note")}</p>
            </Outcome>
            <div class="field">
                <p class="field-label">{t("made.address")}</p>
                <div class="secret">
                    <code class="secret-text">{made.jid}</code>
                    <div class="secret-buttons">
                        <CopyButton text={made.jid} label={t("made.copy_address")} />
                    </div>
                </div>
            </div>
            <div class="field">
                <p class="field-label">{t("made.password")}</p>
                <Secret text={made.password} />
                <p class="note">{t("made.once")}</p>
            </div>
            <div class="form-foot">
                <button type="button" class="button" onClick={onClose}>
                    {t("made.done")}
                </button>
                <button type="button" class="button button-main" onClick={onAnother}>
                    <Icon name="plus" />
                    {t("made.another")}
                </button>
            </div>
        </div>
    );
}

// `wanted`: the name that the address of the page asks for.
export function UserNew({ wanted, onClose }) {
    const { t } = useWords();
    const [made, setMade] = useState(null);
    const [name, setName] = useState(wanted);
    const another = () => {
        setName("");
        setMade(null);
    };
    return (
        <Drawer title={t("new.title")} onClose={onClose}>
            {made ? (
                <Created made={made} onAnother={another} onClose={onClose} />
            ) : (
                <NewForm wanted={name} onDone={setMade} onClose={onClose} />
            )}
        </Drawer>
    );
}

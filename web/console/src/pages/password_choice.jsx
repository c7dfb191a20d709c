// A new password: one that nobody thought of, or one that is typed.
import { useState } from "preact/hooks";
import { useWords } from "../i18n.js";
import { generatePassword } from "../secret.js";
import { PasswordField } from "../ui/field.jsx";
import { Icon } from "../ui/icon.jsx";
import { Choice } from "../ui/parts.jsx";
import { Secret } from "../ui/secret.jsx";

const SHORT = 10;

function GeneratedPassword({ password, onRenew }) {
    const { t } = useWords();
    return (
        <>
            <Secret text={password}>
                <button type="button" class="button button-small" onClick={onRenew}>
                    <Icon name="renew" />
                    {t("new.renew")}
                </button>
            </Secret>
            <p class="note">{t("new.generated_note")}</p>
        </>
    );
}

function TypedPassword({ password, onInput }) {
    const { t } = useWords();
    const short = password.length > 0 && password.length < SHORT;
    return (
        <PasswordField
            label={t("new.password")}
            name="new-password"
            autocomplete="new-password"
            maxLength={1023}
            required
            value={password}
            note={t(short ? "new.short" : "new.typed_note")}
            noteKind={short ? "warn" : "plain"}
            onInput={(event) => onInput(event.currentTarget.value)}
        />
    );
}

export function PasswordChoice({ how, onHow, password, onPassword }) {
    const { t } = useWords();
    const renew = () => onPassword(generatePassword());
    const options = [
        ["generated", t("new.generated")],
        ["typed", t("new.typed")],
    ];
    return (
        <div class="field">
            <p class="field-label">{t("new.how")}</p>
            <Choice name="how" label={t("new.how")} value={how} options={options} onChange={onHow} />
            {how === "generated" ? (
                <GeneratedPassword password={password} onRenew={renew} />
            ) : (
                <TypedPassword password={password} onInput={onPassword} />
            )}
        </div>
    );
}

// What PasswordChoice is given; `password` is the one that is chosen now.
export function usePassword() {
    const [how, onHow] = useState("generated");
    const [passwords, setPasswords] = useState(() => ({ generated: generatePassword(), typed: "" }));
    return {
        how,
        onHow,
        password: passwords[how],
        onPassword: (text) => setPasswords({ ...passwords, [how]: text }),
    };
}

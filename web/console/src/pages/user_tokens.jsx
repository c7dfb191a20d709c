// The clients that hold a token of an account; each can be taken its token.
import { useState } from "preact/hooks";
import { api } from "../api.js";
import { useWords } from "../i18n.js";
import { Confirm } from "../ui/confirm.jsx";
import { Badge } from "../ui/parts.jsx";

const nameOf = (token) => [token.software, token.device].filter(Boolean).join(" · ");

function Token({ token, onRevoke }) {
    const { t, format } = useWords();
    const name = nameOf(token) || t("one.unnamed");
    const used = { time: format.moment(token.used_s * 1000), until: format.day(token.expires_s * 1000) };
    return (
        <li class="token">
            <div class="token-words">
                <p class="token-name">
                    {name}
                    {token.pending && <Badge>{t("one.pending")}</Badge>}
                </p>
                <p class="quiet small">{t(token.pending ? "one.issued" : "one.used", used)}</p>
                <p class="quiet small mono token-client">
                    {token.mechanism}, {token.client}
                </p>
            </div>
            {onRevoke && (
                <button type="button" class="button button-small" onClick={() => onRevoke(token)}>
                    {t("revoke.short")}
                    <span class="unseen"> {name}</span>
                </button>
            )}
        </li>
    );
}

function Revoke({ account, token, onDone, onCancel }) {
    const { t } = useWords();
    return (
        <Confirm
            title={t("revoke.title")}
            words={t("revoke.do")}
            run={() => api.revokeToken(account.user, token.client)}
            onDone={onDone}
            onCancel={onCancel}
        >
            <p class="question-what">{nameOf(token) || t("one.unnamed")}</p>
            <p>{t("revoke.then")}</p>
            <p class="quiet">{t("revoke.note")}</p>
        </Confirm>
    );
}

export function UserTokens({ account, full, onDone }) {
    const { t } = useWords();
    const { tokens } = account;
    const [revoking, setRevoking] = useState(null);
    const finish = ({ jid }) => {
        setRevoking(null);
        onDone({ act: "revoke", jid });
    };
    return (
        <section class="part">
            <h3>{t("one.tokens")}</h3>
            <p class="quiet small">{t(tokens.length ? "one.tokens_note" : "one.no_tokens")}</p>
            {tokens.length > 0 && (
                <ul class="tokens" aria-label={t("one.tokens")}>
                    {tokens.map((token) => (
                        <Token
                            key={`${token.client}/${token.pending}`}
                            token={token}
                            onRevoke={full ? setRevoking : null}
                        />
                    ))}
                </ul>
            )}
            {revoking && (
                <Revoke account={account} token={revoking} onDone={finish} onCancel={() => setRevoking(null)} />
            )}
        </section>
    );
}

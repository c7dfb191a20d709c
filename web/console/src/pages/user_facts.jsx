// What an account is, and the clients that hold a token of it.
import { useWords } from "../i18n.js";
import { address, follow } from "../router.js";
import { Badge } from "../ui/parts.jsx";
import { Schemes, State } from "./user_parts.jsx";

export function UserFacts({ account }) {
    const { t, format } = useWords();
    return (
        <section class="part">
            <dl class="facts">
                <dt>{t("users.state")}</dt>
                <dd>
                    <State account={account} />
                </dd>
                <dt>{t("one.role")}</dt>
                <dd>{t(`role.${account.role ?? "none"}`)}</dd>
                <dt>{t("users.schemes")}</dt>
                <dd>
                    <Schemes schemes={account.schemes} />
                </dd>
                <dt>{t("users.created")}</dt>
                <dd>{format.moment(account.created_s * 1000)}</dd>
                <dt>{t("users.password")}</dt>
                <dd>{format.moment(account.password_s * 1000)}</dd>
            </dl>
            <p class="small">
                <a href={address("/sign-ins", { user: account.user })} onClick={follow}>
                    {t("one.sign_ins")}
                </a>
            </p>
        </section>
    );
}

function Token({ token }) {
    const { t, format } = useWords();
    const name = [token.software, token.device].filter(Boolean).join(" · ");
    const used = { time: format.moment(token.used_s * 1000), until: format.day(token.expires_s * 1000) };
    return (
        <li class="token">
            <p class="token-name">
                {name || t("one.unnamed")}
                {token.pending && <Badge>{t("one.pending")}</Badge>}
            </p>
            <p class="quiet small">{t(token.pending ? "one.issued" : "one.used", used)}</p>
            <p class="quiet small mono cut" title={token.client}>
                {token.mechanism}, {token.client}
            </p>
        </li>
    );
}

export function UserTokens({ tokens }) {
    const { t } = useWords();
    return (
        <section class="part">
            <h3>{t("one.tokens")}</h3>
            <p class="quiet small">{t(tokens.length ? "one.tokens_note" : "one.no_tokens")}</p>
            {tokens.length > 0 && (
                <ul class="tokens" aria-label={t("one.tokens")}>
                    {tokens.map((token) => (
                        <Token key={`${token.client}/${token.pending}`} token={token} />
                    ))}
                </ul>
            )}
        </section>
    );
}

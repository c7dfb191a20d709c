// What an account is.
import { useWords } from "../i18n.js";
import { address, follow } from "../router.js";
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

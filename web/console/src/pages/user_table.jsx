import { useWords } from "../i18n.js";
import { address, follow } from "../router.js";
import { Badge } from "../ui/parts.jsx";
import { Schemes, State } from "./user_parts.jsx";

function UserRow({ account, to }) {
    const { t, format } = useWords();
    return (
        <tr>
            <th scope="row" class="cell-main">
                <a href={to} onClick={follow}>
                    {account.user}
                </a>
                {account.role && account.role !== "none" && <Badge kind="accent">{t(`role.${account.role}`)}</Badge>}
            </th>
            <td data-label={t("users.state")}>
                <State account={account} />
            </td>
            <td data-label={t("users.schemes")}>
                <Schemes schemes={account.schemes} />
            </td>
            <td data-label={t("users.created")} class="cell-when">
                {format.day(account.created_s * 1000)}
            </td>
            <td data-label={t("users.password")} class="cell-when">
                {format.day(account.password_s * 1000)}
            </td>
            <td class="cell-go">
                <a href={address("/sign-ins", { user: account.user })} onClick={follow}>
                    {t("users.sign_ins")}
                    <span class="unseen"> {account.user}</span>
                </a>
            </td>
        </tr>
    );
}

// `to(user)` is where the account is shown.
export function UserTable({ accounts, to }) {
    const { t } = useWords();
    const heads = ["users.user", "users.state", "users.schemes", "users.created", "users.password"];
    return (
        <table class="table">
            <thead>
                <tr>
                    {heads.map((key) => (
                        <th key={key} scope="col">
                            {t(key)}
                        </th>
                    ))}
                    <td />
                </tr>
            </thead>
            <tbody>
                {accounts.map((account) => (
                    <UserRow key={account.user} account={account} to={to(account.user)} />
                ))}
            </tbody>
        </table>
    );
}

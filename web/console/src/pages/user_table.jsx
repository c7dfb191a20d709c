import { useWords } from "../i18n.js";
import { address, follow } from "../router.js";
import { Badge, Dot } from "../ui/parts.jsx";

const SCRAM = "SCRAM-SHA-";

// What an attacker could use against the account: stored for software of the past only.
const WEAK = new Set(["DIGEST-MD5", "CRAM-MD5", "PLAIN"]);

function State({ account }) {
    const { t } = useWords();
    if (account.disabled)
        return (
            <div>
                <Badge kind="bad">{t("users.disabled")}</Badge>
                {account.reason && <span class="quiet">{account.reason}</span>}
            </div>
        );
    return (
        <span class="state">
            <Dot kind={account.online ? "good" : "off"} />
            {t(account.online ? "users.online" : "users.offline")}
        </span>
    );
}

// SCRAM-SHA-1, SCRAM-SHA-256 -> SCRAM-SHA-1 / 256: one chip for a family.
function families(schemes) {
    const sizes = schemes.filter((scheme) => scheme.startsWith(SCRAM)).map((scheme) => scheme.slice(SCRAM.length));
    const others = schemes.filter((scheme) => !scheme.startsWith(SCRAM));
    return sizes.length ? [SCRAM + sizes.join(" / "), ...others] : others;
}

function Schemes({ schemes }) {
    const { t } = useWords();
    return (
        <ul class="chips">
            {families(schemes).map((scheme) => (
                <li key={scheme}>
                    <Badge kind={WEAK.has(scheme) ? "warn" : "plain"}>
                        {scheme}
                        {WEAK.has(scheme) && ` · ${t("users.weak")}`}
                    </Badge>
                </li>
            ))}
        </ul>
    );
}

function UserRow({ account }) {
    const { t, format } = useWords();
    return (
        <tr>
            <th scope="row" class="cell-main">
                {account.user}
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

export function UserTable({ accounts }) {
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
                    <UserRow key={account.user} account={account} />
                ))}
            </tbody>
        </table>
    );
}
